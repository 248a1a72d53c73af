'use client';

import type { Recording } from '../../gen/lbscope/agent/v1/runs_pb.js';
import { clockText, toMs } from '../../model/time.ts';
import { grouped } from '../../model/view/grouped.ts';
import { useLive, useLiveStore } from '../live/provider.tsx';
import type { LiveView } from '../live/store.ts';
import { offsetMinutes } from '../ui/zone.ts';

export type LiveState = 'connecting' | 'live' | 'behind' | 'lost' | 'frozen' | 'recorded';

/** Reports older than this while the stream is up: the page lags behind the agent. */
const behindMs = 3_000;

export function liveState(view: LiveView): LiveState {
  if (view.phase.kind === 'recorded') return 'recorded';
  if (view.frozen) return 'frozen';
  if (view.phase.kind !== 'live') return view.phase.kind;
  const last = view.snapshot?.bins[view.snapshot.bins.length - 1];
  if (view.snapshot?.running === true && last !== undefined && view.nowMs - toMs(last.to) > behindMs) return 'behind';
  return 'live';
}

const words: Record<LiveState, string> = {
  connecting: 'Connecting',
  live: 'Live',
  behind: 'Behind',
  lost: 'Lost',
  frozen: 'Frozen',
  recorded: 'Recorded',
};

/** Undefined: the run is kept, or nobody asked for that. */
function keptWords(recording: Recording | undefined): { short: string; why: string } | undefined {
  if (recording?.state === 'failing') return { short: 'Not recorded', why: recording.message };
  if (recording?.state === 'gap') return { short: 'Recording has a gap', why: recording.message };
  return undefined;
}

/** Where the picture stands: live, behind, lost or frozen; the agent's clock and the number of the last update. */
export function LiveMark() {
  const view = useLive();
  const state = liveState(view);
  const store = useLiveStore();
  const sequence = view.snapshot?.sequence ?? 0;
  const kept = state === 'recorded' ? undefined : keptWords(view.snapshot?.recording);
  return (
    <div className={`live live-${state}`} data-testid="live" data-state={state} data-sequence={sequence}>
      <span className="live-sign" aria-hidden />
      <span className="live-word">{words[state]}</span>
      {kept !== undefined && (
        <button
          type="button"
          className="live-unkept"
          data-testid="recording-fault"
          title={kept.why}
          aria-label={kept.why}
          onClick={() => store.refused(kept.why)}
        >
          {kept.short}
        </button>
      )}
      <time className="live-clock">
        {view.nowMs > 0 ? clockText(view.nowMs, offsetMinutes(view.nowMs)) : '--:--:--.-'}
      </time>
      <span className="live-sequence">seq {grouped(sequence)}</span>
    </div>
  );
}
