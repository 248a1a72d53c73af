import { LiveProvider } from '../components/live/provider.tsx';
import { Timeline } from '../components/timeline/timeline.tsx';

export default function Page() {
  return (
    <LiveProvider>
      <Timeline />
    </LiveProvider>
  );
}
