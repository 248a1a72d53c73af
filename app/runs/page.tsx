import { RunList } from '../../components/runs/list.tsx';

export default function Page() {
  return <RunList />;
}
