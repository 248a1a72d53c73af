import { bindNumbers, wholeSeconds } from '../../model/time.ts';
import { reportAgeMs } from './report-age.ts';
import type { LiveView } from './store.ts';

/** One sentence for the whole screen: the agent's, or why there is none of now. */
export function headlineOf(view: LiveView): string {
  const { snapshot, phase, access } = view;
  const ageMs = reportAgeMs(view);
  if (access.kind === 'refused') return 'The token of this tab opens nothing: enter another, or go on without one.';
  if (snapshot === undefined) {
    return phase.kind === 'lost' ? `The agent cannot be reached: ${phase.reason}.` : 'Asking the agent what exists…';
  }
  if (ageMs > 0) {
    return `No report from the agent for ${wholeSeconds(ageMs)}. What is shown is old; calls may still be flowing.`;
  }
  return bindNumbers(snapshot.headline);
}
