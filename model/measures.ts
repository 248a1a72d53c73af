/**
 * The measures, defined once. `x` is the number of answered calls per pod, over all ready pods: one that got nothing
 * counts as 0, or an even spread over too few pods would look fair.
 */

/** Jain's fairness index (sum x)^2 / (k * sum x^2): 1 is even, 1/k is all on one. 0 without calls. */
export function jain(x: readonly number[]): number {
  let sum = 0;
  let squares = 0;
  for (const value of x) {
    sum += value;
    squares += value * value;
  }
  return squares === 0 ? 0 : (sum * sum) / (x.length * squares);
}

/**
 * What Jain's index is on average when each of n calls goes to one of k pods at random.
 * With S = sum x^2 of a multinomial: E[S] = n(n+k-1)/k, Var[S] = 2n(n-1)(k-1)/k^2 (pairs of calls that meet on one pod
 * are pairwise independent), and J = n^2/(kS). Expanding 1/S to second order round E[S] gives
 * n/(n+k-1) * (1 + 2(n-1)(k-1) / (n (n+k-1)^2)); the bracket matters for small samples only.
 */
export function randomJain(n: number, k: number): number {
  if (n <= 0 || k <= 0) return 0;
  const m = n + k - 1;
  return Math.min(1, (n / m) * (1 + (2 * (n - 1) * (k - 1)) / (n * m * m)));
}

/** Largest over mean: 1 is even, k is all on one. 0 without calls. */
export function maxOverMean(x: readonly number[]): number {
  const sum = x.reduce((a, b) => a + b, 0);
  return sum === 0 ? 0 : (Math.max(...x) * x.length) / sum;
}

/** Standard deviation (of the whole, not of a sample) over mean. 0 without calls. */
export function coefficientOfVariation(x: readonly number[]): number {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  if (!(mean > 0)) return 0;
  return Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length) / mean;
}

export function podsAnswering(x: readonly number[]): number {
  return x.filter((value) => value > 0).length;
}

/** How long a pod waits for its turn when k pods are called one after the other, in ms. 0 without calls. */
export function turnTimeMs(pods: number, callsPerSecond: number): number {
  return callsPerSecond > 0 ? (pods / callsPerSecond) * 1000 : 0;
}

/** Pearson's statistic against an even spread. */
export function chiSquared(x: readonly number[]): number {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  return mean > 0 ? x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / mean : 0;
}

/** Standard normal quantile of 0.9999: one run in 10,000 of a truly random spread is called uneven by mistake. */
const z = 3.719;

/** Wilson and Hilferty's approximation of the chi-squared quantile of 0.9999. */
export function chiSquaredLimit(degrees: number): number {
  if (degrees <= 0) return 0;
  const a = 2 / (9 * degrees);
  return degrees * (1 - a + z * Math.sqrt(a)) ** 3;
}

/**
 * Whether the spread is beyond what random spreading of that sample gives, and by enough to matter: with a million
 * calls a difference of 1 % is no accident, and still nobody's trouble.
 */
export function isUneven(x: readonly number[]): boolean {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  if (x.length < 2 || !(mean > 0)) return false;
  const off = Math.max(...x.map((value) => Math.abs(value - mean))) / mean;
  return off > 0.15 && chiSquared(x) > chiSquaredLimit(x.length - 1);
}
