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

export function losses(slices: readonly LaneSlice[]): Tear[] {
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
    const fraction = count / Math.max(1, count + answered);
    return {
      fromMs: group.fromMs,
      toMs: group.toMs,
      count,
      fraction,
      total: fraction > 0.97 && group.toMs - group.fromMs >= fieldMs,
      uid,
    };
  });
}
