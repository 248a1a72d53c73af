import { inverseGammaP } from './gamma.ts';
import type { Bounds } from './proportions.ts';

/** Exact bounds of the mean of a Poisson count of which `n` were seen (Garwood 1936). */
export function countBounds(n: number, errorRate: number): Bounds {
  const tail = errorRate / 2;
  return { low: n <= 0 ? 0 : inverseGammaP(n, tail), high: inverseGammaP(n + 1, 1 - tail) };
}
