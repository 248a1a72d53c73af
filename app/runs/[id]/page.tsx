import { ControlsHost } from '../../../components/controls/host.tsx';
import { LaneHost } from '../../../components/lane/host.tsx';
import { Replay } from '../../../components/runs/replay.tsx';
import { ScenarioHost } from '../../../components/scenario/host.tsx';
import { Views } from '../../views.tsx';

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  return (
    <Replay runId={id}>
      <ScenarioHost />
      <Views />
      <LaneHost />
      <ControlsHost />
    </Replay>
  );
}
