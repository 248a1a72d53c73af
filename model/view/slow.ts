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
  for (let from = 0; from < slices.length; ) {
    const to = endOfCell(slices, from);
    const [first, end] = [slices[from] as LaneSlice, slices[to - 1] as LaneSlice];
    for (const uid of slowIn(slices, from, to)) {
      const last = open.get(uid);
      if (last !== undefined && first.fromMs - last.toMs < overMs) last.toMs = end.toMs;
      else {
        const span = { uid, fromMs: first.fromMs, toMs: end.toMs };
        open.set(uid, span);
        found.push(span);
      }
    }
    from = to;
  }
  return found;
}

/** Slices of one second of the grid are taken together. */
function endOfCell(slices: readonly LaneSlice[], from: number): number {
  const cell = Math.floor((slices[from] as LaneSlice).fromMs / overMs);
  let to = from + 1;
  while (to < slices.length && Math.floor((slices[to] as LaneSlice).fromMs / overMs) === cell) to += 1;
  return to;
}

/** What was found for slices that have not changed is kept with the first of them: only the newest second is anew. */
const known = new WeakMap<LaneSlice, { last: LaneSlice; count: number; slow: readonly string[] }>();

function slowIn(slices: readonly LaneSlice[], from: number, to: number): readonly string[] {
  const [first, last] = [slices[from] as LaneSlice, slices[to - 1] as LaneSlice];
  const kept = known.get(first);
  if (kept !== undefined && kept.last === last && kept.count === to - from) return kept.slow;
  const pods = new Map<string, { answered: number; sumMs: number }>();
  for (let i = from; i < to; i += 1) {
    for (const pod of (slices[i] as LaneSlice).pods) {
      if (pod.uid === '' || pod.answered === 0) continue;
      const sum = pods.get(pod.uid);
      if (sum === undefined) pods.set(pod.uid, { answered: pod.answered, sumMs: pod.serviceMs });
      else {
        sum.answered += pod.answered;
        sum.sumMs += pod.serviceMs;
      }
    }
  }
  const means = [...pods].map(([uid, pod]) => ({ uid, ms: pod.sumMs / pod.answered }));
  const sorted = means.map((each) => each.ms).sort((a, b) => a - b);
  const slow = means.flatMap(({ uid, ms }) => {
    const usual = usualWithout(sorted, ms);
    return usual !== undefined && isSlow(ms, usual) ? [uid] : [];
  });
  known.set(first, { last, count: to - from, slow });
  return slow;
}

/** The middle one of all but one of these, which are sorted; sorting anew for each pod costs more than all the rest. */
function usualWithout(sorted: readonly number[], own: number): number | undefined {
  const middle = Math.floor((sorted.length - 2) / 2);
  return sorted.length < 2 ? undefined : sorted[sorted.indexOf(own) <= middle ? middle + 1 : middle];
}
