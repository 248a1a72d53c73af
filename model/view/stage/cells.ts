import type { Point } from './curve.ts';
import type { Geometry, LanePlace, PodPlace, Rect } from './geometry.ts';
import { portOrder } from './ports.ts';

/** A full bar is this many times the fair share. */
export const fullCell = 3;
/** From this many times the fair share on, the value is printed. */
export const printedFrom = 2;

export type Cell = { whole: Rect; bar: Rect; dot: Point; box: Rect };

/** One lane's cell in the row of a pod. `times`: its share, as times the fair one. */
export function cellOf(geometry: Geometry, lane: LanePlace, pod: PodPlace, times: number): Cell {
  const { edges, turned } = geometry;
  const own = portOrder(
    geometry.lanes.filter((each) => each.side === lane.side),
    (each) => each.origin,
  );
  const i = own.findIndex((each) => each.id === lane.id);
  const near = lane.side === 'near';
  const [from, to] = near ? [edges.near + 12, edges.core - 6] : [edges.coreEnd + 6, edges.far - 12];
  const size = (to - from) / own.length;
  const pad = turned ? 2 : 6;
  const start = from + size * i;
  const length = Math.max(1, size - pad);
  const full = Math.min(1, times / fullCell) * length;
  const tall = pod.to - pod.from;
  const inset = Math.min(3, tall * 0.16);
  const rect = (along: number, deep: number): Rect =>
    turned
      ? { x: pod.from + inset, y: along, width: tall - 2 * inset, height: deep }
      : { x: along, y: pod.from + inset, width: deep, height: tall - 2 * inset };
  const begin = near ? start : start + pad + length - full;
  const short = Math.min(length, 11);
  return {
    whole: rect(near ? start : start + pad, length),
    bar: rect(begin, full),
    dot: turned
      ? { x: (pod.from + pod.to) / 2, y: start + 3 }
      : { x: near ? start + 3 : start + pad + length - 3, y: (pod.from + pod.to) / 2 },
    box: rect(near ? start : start + pad + length - short, short),
  };
}
