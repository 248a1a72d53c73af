import { inverseBeta } from './beta.ts';

export interface Bounds {
  readonly low: number;
  readonly high: number;
}

/**
 * Exact bounds of a share of which `hits` of `n` were seen (Clopper and Pearson 1934). Each side is missed with
 * probability `errorRate / 2` at most, whatever the true share is.
 */
export function clopperPearson(hits: number, n: number, errorRate: number): Bounds {
  if (n <= 0) return { low: 0, high: 1 };
  const tail = errorRate / 2;
  return {
    low: hits <= 0 ? 0 : inverseBeta(hits, n - hits + 1, tail),
    high: hits >= n ? 1 : inverseBeta(hits + 1, n - hits, 1 - tail),
  };
}

/** Wilson's score bounds: shorter than the exact ones, right on average. `z` is the normal quantile of 1 - errorRate / 2. */
function wilson(hits: number, n: number, z: number): Bounds {
  if (n <= 0) return { low: 0, high: 1 };
  const p = hits / n;
  const denominator = 1 + (z * z) / n;
  const centre = (p + (z * z) / (2 * n)) / denominator;
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / denominator;
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/** Bounds of share A minus share B (Newcombe 1998, method 10: Wilson's bounds, combined). */
export function shareDifference(
  a: { readonly hits: number; readonly n: number },
  b: { readonly hits: number; readonly n: number },
  errorRate: number,
): Bounds & { readonly difference: number } {
  const z = normalQuantile(1 - errorRate / 2);
  const [wa, wb] = [wilson(a.hits, a.n, z), wilson(b.hits, b.n, z)];
  const pa = a.n > 0 ? a.hits / a.n : 0;
  const pb = b.n > 0 ? b.hits / b.n : 0;
  const difference = pa - pb;
  return {
    difference,
    low: difference - Math.hypot(pa - wa.low, wb.high - pb),
    high: difference + Math.hypot(wa.high - pa, pb - wb.low),
  };
}

/** Standard normal quantile (Acklam's approximation, relative error below 1.2e-9). */
export function normalQuantile(p: number): number {
  if (p <= 0) return Number.NEGATIVE_INFINITY;
  if (p >= 1) return Number.POSITIVE_INFINITY;
  const edge = 0.024_25;
  if (p < edge) return tail(Math.sqrt(-2 * Math.log(p)));
  if (p > 1 - edge) return -tail(Math.sqrt(-2 * Math.log(1 - p)));
  const q = p - 0.5;
  const r = q * q;
  return (q * horner(centreTop, r)) / (r * horner(centreBottom, r) + 1);
}

const centreTop = [
  -39.696_830_286_653_76, 220.946_098_424_520_5, -275.928_510_446_968_7, 138.357_751_867_269, -30.664_798_066_147_16,
  2.506_628_277_459_239,
];
const centreBottom = [
  -54.476_098_798_224_06, 161.585_836_858_040_9, -155.698_979_859_886_6, 66.801_311_887_719_72, -13.280_681_552_885_72,
];
const tailTop = [
  -0.007_784_894_002_430_293, -0.322_396_458_041_136_5, -2.400_758_277_161_838, -2.549_732_539_343_734,
  4.374_664_141_464_968, 2.938_163_982_698_783,
];
const tailBottom = [0.007_784_695_709_041_462, 0.322_467_129_070_039_8, 2.445_134_137_142_996, 3.754_408_661_907_416];

function tail(q: number): number {
  return horner(tailTop, q) / (q * horner(tailBottom, q) + 1);
}

function horner(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, c) => sum * x + c, 0);
}
