import { chiSquared } from '../measures.ts';
import { gammaQ, inverseGammaP } from './gamma.ts';

export interface ChiSquaredTest {
  readonly statistic: number;
  readonly degrees: number;
  /** How often a spread that is what the test asks about is at least this far off by chance. */
  readonly p: number;
}

/** Below this many expected in a cell Pearson's approximation is not trusted (Cochran's rule). */
export const leastExpected = 5;

/**
 * Pearson's test against an even spread over x.length pods. A balancer that rotates is more even than chance, so for it
 * the error rate is an upper bound.
 */
export function evenTest(x: readonly number[]): ChiSquaredTest {
  const degrees = Math.max(0, x.length - 1);
  const statistic = degrees === 0 ? 0 : chiSquared(x);
  return { statistic, degrees, p: degrees === 0 ? 1 : gammaQ(degrees / 2, statistic / 2) };
}

/** Largest statistic that is not called uneven at that error rate. */
export function chiSquaredQuantile(degrees: number, errorRate: number): number {
  return degrees <= 0 ? 0 : 2 * inverseGammaP(degrees / 2, 1 - errorRate);
}

/**
 * Whether two samples are spread over the same pods in the same way (Pearson's test of homogeneity). Cells that are
 * empty in both are left out.
 */
export function sameSpreadTest(a: readonly number[], b: readonly number[]): ChiSquaredTest {
  const sumA = a.reduce((s, v) => s + v, 0);
  const sumB = b.reduce((s, v) => s + v, 0);
  const all = sumA + sumB;
  let statistic = 0;
  let cells = 0;
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    if (x + y === 0) continue;
    cells += 1;
    if (sumA === 0 || sumB === 0) continue;
    const [ex, ey] = [((x + y) * sumA) / all, ((x + y) * sumB) / all];
    statistic += (x - ex) ** 2 / ex + (y - ey) ** 2 / ey;
  }
  const degrees = Math.max(0, cells - 1);
  return { statistic, degrees, p: degrees === 0 ? 1 : gammaQ(degrees / 2, statistic / 2) };
}
