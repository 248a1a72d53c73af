import { betaI } from './beta.ts';
import type { Bounds } from './proportions.ts';

/** P(at most k of n), each with probability q. */
function binomialCdf(k: number, n: number, q: number): number {
  if (k < 0) return 0;
  if (k >= n) return 1;
  return betaI(n - k, k + 1, 1 - q);
}

/**
 * Bounds of the q-quantile of whatever the values were drawn from, without an assumption about it: by the ranks between
 * which the quantile lies with probability 1 - errorRate at least. Too few values give an open end (infinity).
 */
export function quantileBounds(values: readonly number[], q: number, errorRate: number): Bounds {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  const tail = errorRate / 2;
  // Largest rank whose chance to lie above the quantile is at most `tail`, and the smallest one for the other side.
  let low = 0;
  while (low < n && binomialCdf(low, n, q) <= tail) low += 1;
  let high = n;
  while (high > 0 && 1 - binomialCdf(high - 2, n, q) <= tail) high -= 1;
  return {
    low: low === 0 ? Number.NEGATIVE_INFINITY : sorted[low - 1]!,
    high: 1 - binomialCdf(high - 1, n, q) > tail ? Number.POSITIVE_INFINITY : sorted[high - 1]!,
  };
}
