import { reportedMs } from '../../model/view/lane.ts';
import type { LiveView } from './store.ts';

/** Younger than this is a stream that reconnects, or a late frame. */
const staleAfterMs = 2_500;

/**
 * For how long the agent has told nothing of the calls; 0 while it does, or while nobody waits for it. A stream that is
 * up and brings no frames is as silent as one that is down.
 */
export function reportAgeMs(view: LiveView): number {
  const { snapshot, frozen, phase, silentMs, nowMs } = view;
  if (snapshot === undefined || frozen) return 0;
  const reported = reportedMs(snapshot);
  const framesMs = snapshot.running && reported > 0 ? nowMs - reported : 0;
  const age = Math.max(phase.kind === 'live' ? 0 : silentMs, framesMs);
  return age > staleAfterMs ? age : 0;
}
