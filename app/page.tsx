import { ControlsHost } from '../components/controls/host.tsx';
import { GuideHost } from '../components/guide/host.tsx';
import { LaneHost } from '../components/lane/host.tsx';
import { LiveProvider } from '../components/live/provider.tsx';
import { ScenarioHost } from '../components/scenario/host.tsx';
import { Views } from './views.tsx';

export default function Page() {
  return (
    <LiveProvider>
      <ScenarioHost />
      <Views />
      <LaneHost />
      <ControlsHost />
      <GuideHost />
    </LiveProvider>
  );
}
