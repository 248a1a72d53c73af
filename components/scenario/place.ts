import type { ScenarioRun } from '../../gen/lbscope/events/v1/scenarios_pb.js';
import { isUnderWay } from '../../model/scenario/fold.ts';
import { askedNow } from '../../model/view/scenario.ts';

/** What the drawer shows. While a scenario runs it shows that one to everybody. */
export type Place = { kind: 'closed' } | { kind: 'list' } | { kind: 'read'; id: string } | { kind: 'run' };

/**
 * From the address (`scenario`: `all`, `run`, `watch`, or the id of one) and from what runs. A question opens the drawer
 * by itself; otherwise, while something runs, it is closed unless asked for, as the picture is what one should watch.
 */
export function placeOf(asked: string | undefined, run: ScenarioRun | undefined): Place {
  if (run !== undefined && isUnderWay(run)) {
    if (asked === 'run') return { kind: 'run' };
    if (asked === 'watch') return { kind: 'closed' };
    return askedNow(run) === undefined || !run.guided ? { kind: 'closed' } : { kind: 'run' };
  }
  if (asked === undefined || asked === '' || asked === 'watch') return { kind: 'closed' };
  if (asked === 'all') return { kind: 'list' };
  if (asked === 'run') return run === undefined ? { kind: 'list' } : { kind: 'run' };
  return { kind: 'read', id: asked };
}

/** Of a recorded run: only what happened in it, and only when asked for. */
export function placeOfRecorded(asked: string | undefined, run: ScenarioRun | undefined): Place {
  return run !== undefined && (asked === 'run' || asked === 'all') ? { kind: 'run' } : { kind: 'closed' };
}
