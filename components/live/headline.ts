import { bindNumbers, wholeSeconds } from '../../model/time.ts';
import { openQuestion } from '../../model/view/scenario.ts';
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

/** While presenting: the question that the room is asked, as long as it is open; the answer is the sentence that follows. */
export function presentedHeadline(view: LiveView): string {
  const run = view.snapshot?.scenario;
  const asked = run === undefined || reportAgeMs(view) > 0 ? undefined : openQuestion(run);
  const question = asked === undefined ? undefined : run?.scenario?.questions[asked]?.text;
  return question === undefined || question === '' ? headlineOf(view) : bindNumbers(question);
}
