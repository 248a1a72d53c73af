/**
 * Steps for a latency histogram by lane and pod, in which many series have to stay few lines: bounds in microseconds, 128 us
 * to 67 s, each twice the one before. The last step has no bound.
 */
export const stepBoundsUs: readonly number[] = Array.from({ length: 20 }, (_, index) => 2 ** (7 + index));
export const latencySteps = stepBoundsUs.length + 1;

/** The step that a latency belongs to: the first whose bound it does not exceed. Negative counts as 0. */
export function latencyStep(ms: number): number {
  const us = ms * 1_000;
  if (!(us > 128)) return 0;
  if (us > 2 ** 26) return latencySteps - 1;
  // The power of two at or above it: 129 to 256 is step 1.
  return 25 - Math.clz32(Math.ceil(us) - 1);
}
