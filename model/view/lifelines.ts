import type { GetSnapshotResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';
import type { Pod } from '../../gen/lbscope/events/v1/events_pb.js';
import { toMs, toMsOrUndefined } from '../time.ts';

/** One pod in the cluster track: comb while it starts, line while it is Ready, thin line otherwise, cross at its end. */
export type Lifeline = {
  pod: Pod;
  fromMs: number;
  toMs: number | undefined;
  ready: { fromMs: number; toMs: number | undefined }[];
  /** The instants at which its process died (crashes) or the pod was gone. */
  crosses: number[];
};

export function lifelines(snapshot: GetSnapshotResponse): Lifeline[] {
  const crossed = new Map<string, number[]>();
  for (const { kind, at } of snapshot.events) {
    if (kind.case !== 'podRestarted' && kind.case !== 'podGone') continue;
    const uid = kind.value.pod?.uid ?? '';
    crossed.set(uid, [...(crossed.get(uid) ?? []), toMs(at)]);
  }
  return snapshot.pods.map((pod) => {
    const own = snapshot.intervals.filter((each) => each.podUid === pod.uid);
    const starts = own.map((each) => toMs(each.from)).filter((each) => each > 0);
    const ends = own.map((each) => toMsOrUndefined(each.to));
    const gone = pod.phase === 'Gone';
    const crosses = crossed.get(pod.uid) ?? [];
    const last = Math.max(...ends.map((each) => each ?? 0), ...(gone ? crosses : [0]), 0);
    return {
      pod,
      fromMs: starts.length > 0 ? Math.min(...starts) : toMs(snapshot.runStartedAt),
      toMs: gone ? last || undefined : undefined,
      ready: own
        .filter((each) => each.readyFrom !== undefined)
        .map((each) => ({
          fromMs: toMs(each.readyFrom),
          toMs: toMsOrUndefined(each.readyTo) ?? toMsOrUndefined(each.to),
        })),
      crosses,
    };
  });
}
