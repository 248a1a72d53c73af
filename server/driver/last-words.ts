import type { LaneFrame } from '../../gen/lbscope/events/v1/events_pb.js';
import { fromMs } from '../../model/time.ts';
import { errorClasses } from '../../model/words.ts';
import type { EventInit } from '../events/port.ts';
import { head, type LaneCounters, pod } from '../traffic/counters.ts';

/** As when a connection is cut: the peer may have worked on the call. */
const errorClass = 'reset';

/**
 * What one lane's driver can't tell any more when its thread has died: its last counts, and its calls in flight as lost. Those
 * are nobody's: the counters do not know at which pods they were.
 */
export function lastWords(
  laneId: string,
  counters: LaneCounters,
  names: readonly string[],
  now: number,
): { readonly burst: EventInit | undefined; readonly frame: LaneFrame } {
  const { lane, pods } = counters;
  const count = lane[head.inFlight] as number;
  if (count === 0) return { burst: undefined, frame: counters.cut(laneId, names) };
  const index = errorClasses.indexOf(errorClass);
  lane[head.inFlight] = 0;
  lane[head.failed + index] = (lane[head.failed + index] as number) + count;
  pods[pod.failed + index] = (pods[pod.failed + index] as number) + count;
  if (pods[pod.first] === 0) pods[pod.first] = now;
  pods[pod.last] = now;
  const at = fromMs(now);
  const message = "the driver's thread ended";
  const value = { errorClass, count, first: at, last: at, attribution: 'none', message };
  return { burst: { at: now, laneId, kind: { case: 'lossBurst', value } }, frame: counters.cut(laneId, names) };
}
