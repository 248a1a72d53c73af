import type { LaneSlice } from './frames.ts';

/** A pod that answered far slower than the others of its lane, from when to when. */
export type SlowSpan = { uid: string; fromMs: number; toMs: number };

/** As the verdict says it: three times what is usual, and by enough to feel. */
const timesUsual = 3;
const leastMs = 20;
/** Means are taken over this much, so that one late call is no slow pod. */
const overMs = 1_000;

export function isSlow(meanMs: number, usualMs: number): boolean {
  return meanMs > timesUsual * usualMs && meanMs > usualMs + leastMs;
}

/** The middle one of the others' means; undefined when there is nothing to compare with. */
export function usualOf(means: readonly number[]): number | undefined {
  return means.toSorted((a, b) => a - b)[Math.floor((means.length - 1) / 2)];
}

export function slowSpans(slices: readonly LaneSlice[]): SlowSpan[] {
  const open = new Map<string, SlowSpan>();
  const found: SlowSpan[] = [];
  for (const window of windows(slices)) {
    const means = [...window.pods].map(([uid, pod]) => ({ uid, ms: pod.sumMs / pod.answered }));
    const sorted = means.map((each) => each.ms).sort((a, b) => a - b);
    for (const { uid, ms } of means) {
      const usual = usualWithout(sorted, ms);
      if (usual === undefined || !isSlow(ms, usual)) continue;
      const last = open.get(uid);
      if (last !== undefined && window.fromMs - last.toMs < overMs) last.toMs = window.toMs;
      else {
        const span = { uid, fromMs: window.fromMs, toMs: window.toMs };
        open.set(uid, span);
        found.push(span);
      }
    }
  }
  return found;
}

/** The middle one of all but one of these, which are sorted; sorting anew for each pod costs more than all the rest. */
function usualWithout(sorted: readonly number[], own: number): number | undefined {
  const middle = Math.floor((sorted.length - 2) / 2);
  return sorted.length < 2 ? undefined : sorted[sorted.indexOf(own) <= middle ? middle + 1 : middle];
}

function windows(slices: readonly LaneSlice[]) {
  const made: { fromMs: number; toMs: number; pods: Map<string, { answered: number; sumMs: number }> }[] = [];
  for (const slice of slices) {
    let window = made[made.length - 1];
    const cell = Math.floor(slice.fromMs / overMs);
    if (window === undefined || Math.floor(window.fromMs / overMs) !== cell) {
      window = { fromMs: slice.fromMs, toMs: slice.toMs, pods: new Map() };
      made.push(window);
    }
    window.toMs = slice.toMs;
    for (const pod of slice.pods) {
      if (pod.uid === '' || pod.answered === 0) continue;
      const sum = window.pods.get(pod.uid) ?? { answered: 0, sumMs: 0 };
      window.pods.set(pod.uid, { answered: sum.answered + pod.answered, sumMs: sum.sumMs + pod.serviceMs });
    }
  }
  return made;
}
