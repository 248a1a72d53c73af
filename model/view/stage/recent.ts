import type { LaneSlice } from '../frames.ts';

const leastMs = 8_000;
const enoughCalls = 400;

/** The newest slices, as many as it takes to say who answers now: at low rates more time, at high ones a few seconds. */
export function recent(slices: readonly LaneSlice[]): LaneSlice[] {
  const end = slices[slices.length - 1]?.toMs ?? 0;
  let answered = 0;
  let first = slices.length;
  while (first > 0) {
    const slice = slices[first - 1] as LaneSlice;
    if (end - slice.toMs >= leastMs && answered >= enoughCalls) break;
    answered += slice.answered;
    first -= 1;
  }
  return slices.slice(first);
}
