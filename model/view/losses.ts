import type { LaneSlice } from './frames.ts';

/** Lost calls close together: a tear in the band. `fraction`: of the calls of that time, how many were lost. */
export type Tear = {
  fromMs: number;
  toMs: number;
  count: number;
  fraction: number;
  /** No call succeeded for at least a second: a field, not a cut. */
  total: boolean;
  /** Whom the most of them were charged to; "" when nobody can be named. */
  uid: string;
};

/** Losses further apart than this are two events to a viewer. */
const apartMs = 1_500;
const fieldMs = 1_000;

/** When calls were lost, as the agent told it at once: exact where the frames of the past are coarse. */
export type Burst = { fromMs: number; toMs: number };

export function losses(slices: readonly LaneSlice[], bursts: readonly Burst[] = []): Tear[] {
  const groups: { slices: LaneSlice[]; fromMs: number; toMs: number }[] = [];
  slices.forEach((slice) => {
    if (slice.failed === 0) return;
    const last = groups[groups.length - 1];
    if (last !== undefined && slice.fromMs - last.toMs <= apartMs) {
      last.slices.push(slice);
      last.toMs = slice.toMs;
    } else groups.push({ slices: [slice], fromMs: slice.fromMs, toMs: slice.toMs });
  });
  return groups.map((group) => {
    const count = group.slices.reduce((sum, each) => sum + each.failed, 0);
    const answered = slices
      .filter((each) => each.fromMs >= group.fromMs && each.toMs <= group.toMs)
      .reduce((sum, each) => sum + each.answered, 0);
    const byPod = new Map<string, number>();
    for (const each of group.slices) {
      for (const pod of each.pods) byPod.set(pod.uid, (byPod.get(pod.uid) ?? 0) + pod.failed);
    }
    const uid = [...byPod].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
    const told = within(group, bursts);
    const spanMs = told.toMs - told.fromMs;
    // Of the calls of the burst, not of the whole coarse frame around it.
    const meanwhile = answered * Math.min(1, spanMs / Math.max(1, group.toMs - group.fromMs));
    const fraction = count / Math.max(1, count + meanwhile);
    return { ...told, count, fraction, total: fraction > 0.97 && spanMs >= fieldMs, uid };
  });
}

/** The bursts that lie in the group, where its frames are coarser than those of the last 90 s. */
function within(group: { slices: readonly LaneSlice[]; fromMs: number; toMs: number }, bursts: readonly Burst[]) {
  const { fromMs, toMs } = group;
  if (group.slices.every((slice) => slice.toMs - slice.fromMs <= 400)) return { fromMs, toMs };
  const own = bursts.filter((each) => each.toMs >= fromMs && each.fromMs <= toMs);
  if (own.length === 0) return { fromMs, toMs };
  return {
    fromMs: Math.max(fromMs, Math.min(...own.map((each) => each.fromMs))),
    toMs: Math.min(toMs, Math.max(...own.map((each) => each.toMs), fromMs)),
  };
}
