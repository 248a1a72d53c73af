import { Compare } from '../../components/runs/compare.tsx';

export default function Page() {
  return <Compare />;
}
