/**
 * Resampling for intervals. Seeded: the same two runs always give the same figures, and a difference that someone saw can
 * be seen again.
 */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

export const resamples = 1_000;
/** Of all intervals here. */
export const confidence = 0.95;

/** mulberry32: small, fast, and good enough to draw blocks with. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Percentile bootstrap of a difference of two independent samples (Efron 1979): each resample draws from either side with
 * replacement. `of` must not change what it is given.
 */
export function differenceInterval<T>(
  a: readonly T[],
  b: readonly T[],
  of: (sample: readonly T[]) => number,
  random: () => number = seeded(1),
  times = resamples,
): Interval {
  const differences = new Float64Array(times);
  const drawnA: T[] = new Array(a.length);
  const drawnB: T[] = new Array(b.length);
  for (let i = 0; i < times; i += 1) {
    for (let j = 0; j < a.length; j += 1) drawnA[j] = a[Math.floor(random() * a.length)] as T;
    for (let j = 0; j < b.length; j += 1) drawnB[j] = b[Math.floor(random() * b.length)] as T;
    differences[i] = of(drawnB) - of(drawnA);
  }
  differences.sort();
  const tail = (1 - confidence) / 2;
  return {
    low: differences[Math.floor(tail * (times - 1))] as number,
    high: differences[Math.ceil((1 - tail) * (times - 1))] as number,
  };
}

/** Two-sided normal quantile of the confidence. */
const z = 1.959964;

/** Newcombe's hybrid score interval of p2 - p1 (1998, method 10): right also where nothing was lost. */
export function proportionsInterval(lost1: number, n1: number, lost2: number, n2: number): Interval {
  const [p1, p2] = [lost1 / n1, lost2 / n2];
  const [one, two] = [wilson(lost1, n1), wilson(lost2, n2)];
  const difference = p2 - p1;
  return {
    low: difference - Math.hypot(p2 - two.low, one.high - p1),
    high: difference + Math.hypot(two.high - p2, p1 - one.low),
  };
}

function wilson(lost: number, n: number): Interval {
  const p = lost / n;
  const centre = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
