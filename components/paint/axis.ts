/** The one time axis: a window that ends at the now edge. */
export type Axis = { edgeMs: number; windowMs: number; width: number };

export function xOf(axis: Axis, atMs: number): number {
  return axis.width * (1 - (axis.edgeMs - atMs) / axis.windowMs);
}

export function startMs(axis: Axis): number {
  return axis.edgeMs - axis.windowMs;
}
