import type { LaneFrame } from '../gen/lbscope/events/v1/events_pb.js';
import type { LaneRun, Run } from './state.ts';
import { toMs } from './time.ts';

/** What a pod was when a call to it failed, as the truth saw it. */
export const podStates = ['ready', 'unready', 'terminating', 'restarted', 'gone', 'unknown'] as const;
export type PodState = (typeof podStates)[number];

/**
 * Adds a frame's failed calls to the lane's ledger. `at` lies within the frame: frames are cut where the ready set changes,
 * so a pod is one and the same to all of its calls. At most classes x states entries.
 */
export function foldLosses(run: Run, lane: LaneRun, part: LaneFrame, at: number): void {
  for (const { podUid, failed } of part.pods) {
    if (failed.length === 0) continue;
    const state = podStateAt(run, podUid, at);
    for (const { errorClass, count } of failed) {
      const key = `${errorClass} ${state}`;
      lane.ledger.set(key, (lane.ledger.get(key) ?? 0) + count);
    }
  }
}

/** At an instant of the last few frames: of what is longer past only the newest is known. */
export function podStateAt(run: Run, uid: string, at: number): PodState {
  if (uid === '') return 'unknown';
  const known = run.pods.get(uid);
  // Its record goes 90 s after the pod.
  if (known === undefined) return 'gone';
  if (known.goneAt !== undefined && at >= known.goneAt) return 'gone';
  let readyFrom = Number.NEGATIVE_INFINITY;
  for (const interval of run.intervals) {
    if (interval.podUid !== uid || interval.readyFrom === undefined || interval.readyFrom > at) continue;
    if (interval.readyTo === undefined || at < interval.readyTo) return 'ready';
    readyFrom = Math.max(readyFrom, interval.readyFrom);
  }
  if (known.pod.terminating || known.goneAt !== undefined) return 'terminating';
  return restartedSince(run, uid, readyFrom, at) || known.pod.reason !== '' ? 'restarted' : 'unready';
}

/** Its container ended after it was last ready. */
function restartedSince(run: Run, uid: string, from: number, to: number): boolean {
  return run.events.some((event) => {
    if (event.kind.case !== 'podRestarted' || event.podUid !== uid) return false;
    const at = toMs(event.at);
    return at >= from && at <= to;
  });
}

export interface LossEntry {
  readonly errorClass: string;
  readonly podState: string;
  readonly count: number;
}

/** Largest first. */
export function lossesOf(lane: LaneRun): LossEntry[] {
  return [...lane.ledger]
    .map(([key, count]) => {
      const [errorClass = '', podState = ''] = key.split(' ');
      return { errorClass, podState, count };
    })
    .sort(
      (a, b) => b.count - a.count || `${a.errorClass} ${a.podState}`.localeCompare(`${b.errorClass} ${b.podState}`),
    );
}

export function ledgerFrom(losses: readonly LossEntry[]): Map<string, number> {
  return new Map(losses.map(({ errorClass, podState, count }) => [`${errorClass} ${podState}`, count]));
}
