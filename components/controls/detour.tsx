'use client';

import { useState } from 'react';
import type { Detour as DetourMessage } from '../../gen/lbscope/events/v1/events_pb.js';
import { useActions, useLivePart, useMay } from '../live/provider.tsx';
import { CopyButton } from './copy-button.tsx';

/** The way around a path that is out of the agent's reach: the command, and the lane that goes through what it opens. */
export function Detour({ detour }: { detour: DetourMessage }) {
  return (
    <div className="copy-rule" data-testid="detour">
      <CopyButton
        text={detour.command}
        label="Copy kubectl port-forward"
        copied="Copied for a terminal on the agent’s machine"
        testId="copy-detour"
      />
      <AddForwarded detour={detour} />
    </div>
  );
}

/** Nothing where only the presenter may, or once it is there. */
function AddForwarded({ detour: { lane } }: { detour: DetourMessage }) {
  const { act, control } = useMay();
  const actions = useActions();
  const [busy, setBusy] = useState(false);
  const there = useLivePart(({ snapshot }) => snapshot?.lanes.some(({ id }) => id === lane?.id) ?? false);
  if (!control || lane === undefined || there) return null;
  const add = async () => {
    setBusy(true);
    await actions()?.putLane(lane);
    setBusy(false);
  };
  return (
    <button
      type="button"
      className="word"
      data-testid="add-detour"
      title={`Adds a lane to ${lane.target}`}
      disabled={!act || busy}
      onClick={() => void add()}
    >
      {busy ? 'Adding…' : 'Add its lane'}
    </button>
  );
}
