export type Point = { x: number; y: number };

/** A cubic curve, sampled at even distances so that marks run along it at constant speed. */
export type Curve = {
  points: readonly [Point, Point, Point, Point];
  length: number;
  /** x, y, and the direction's x and y, for each sample. */
  samples: Float32Array;
  count: number;
};

const stride = 4;
const coarse = 48;

/** From one point to another, leaving and arriving along the flow; `bend` 0.5 is an even S. */
export function flowCurve(from: Point, to: Point, turned: boolean, bend = 0.5): readonly [Point, Point, Point, Point] {
  if (turned) {
    const d = to.y - from.y;
    return [from, { x: from.x, y: from.y + d * bend }, { x: to.x, y: to.y - d * bend }, to];
  }
  const d = to.x - from.x;
  return [from, { x: from.x + d * bend, y: from.y }, { x: to.x - d * bend, y: to.y }, to];
}

export function sample(points: readonly [Point, Point, Point, Point], count = 32): Curve {
  const [p0, p1, p2, p3] = points;
  const xs = new Float64Array(coarse + 1);
  const ys = new Float64Array(coarse + 1);
  const far = new Float64Array(coarse + 1);
  for (let i = 0; i <= coarse; i += 1) {
    const t = i / coarse;
    const u = 1 - t;
    const [a, b, c, d] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
    xs[i] = a * p0.x + b * p1.x + c * p2.x + d * p3.x;
    ys[i] = a * p0.y + b * p1.y + c * p2.y + d * p3.y;
    if (i > 0) {
      const step = Math.hypot((xs[i] as number) - (xs[i - 1] as number), (ys[i] as number) - (ys[i - 1] as number));
      far[i] = (far[i - 1] as number) + step;
    }
  }
  const length = far[coarse] as number;
  const samples = new Float32Array((count + 1) * stride);
  let j = 0;
  for (let i = 0; i <= count; i += 1) {
    const at = (length * i) / count;
    while (j < coarse - 1 && (far[j + 1] as number) < at) j += 1;
    const span = (far[j + 1] as number) - (far[j] as number);
    const part = span > 0 ? (at - (far[j] as number)) / span : 0;
    const dx = (xs[j + 1] as number) - (xs[j] as number);
    const dy = (ys[j + 1] as number) - (ys[j] as number);
    const norm = Math.hypot(dx, dy) || 1;
    samples[i * stride] = (xs[j] as number) + dx * part;
    samples[i * stride + 1] = (ys[j] as number) + dy * part;
    samples[i * stride + 2] = dx / norm;
    samples[i * stride + 3] = dy / norm;
  }
  return { points, length, samples, count };
}

/** Writes x, y and direction at a part (0 to 1) of the way into `out`; no allocation, as it is called for every mark. */
export function along(curve: Curve, part: number, out: Float32Array): void {
  const at = Math.min(1, Math.max(0, part)) * curve.count;
  const i = Math.min(curve.count - 1, Math.floor(at));
  const f = at - i;
  const a = i * stride;
  for (let k = 0; k < stride; k += 1) {
    out[k] = (curve.samples[a + k] as number) * (1 - f) + (curve.samples[a + stride + k] as number) * f;
  }
}

/** How far a point is from the curve. */
export function distance(curve: Curve, { x, y }: Point): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i <= curve.count; i += 1) {
    const dx = (curve.samples[i * stride] as number) - x;
    const dy = (curve.samples[i * stride + 1] as number) - y;
    least = Math.min(least, dx * dx + dy * dy);
  }
  return Math.sqrt(least);
}
