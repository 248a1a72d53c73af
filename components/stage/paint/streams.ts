import type { Curve, Point } from '../../../model/view/stage/curve.ts';
import type { Geometry, LanePlace, StreamPlace } from '../../../model/view/stage/geometry.ts';
import type { CornerState } from '../../../model/view/stage/scene.ts';
import type { Palette } from '../../paint/palette.ts';
import type { Stream } from './picture.ts';
import type { Tones } from './tones.ts';
import { paintDisc } from './wheel.ts';

/** The ground shows on each side of a stream, so that crossings read as over and under. */
const keyline = 1.5;
const mostDiscs = 7;
/** Over this part of its way a trunk that is too wide for its port becomes narrow. */
const narrowFrom = 0.6;

type Points = readonly [Point, Point, Point, Point];

/** A stream as wide as its calls per second. */
export function paintBody(pen: CanvasRenderingContext2D, palette: Palette, colour: string, stream: Stream): void {
  const { curve, width, reach, at } = stream;
  if (at.port.size < width - 0.5) {
    narrowing(pen, stream, palette.ground, keyline);
    narrowing(pen, stream, colour, 0);
    return;
  }
  pen.lineCap = 'butt';
  if (reach < 1) pen.setLineDash([curve.length * reach, curve.length * 2]);
  trace(pen, curve.points);
  if (width > 1.2) {
    pen.strokeStyle = palette.ground;
    pen.lineWidth = width + 2 * keyline;
    pen.stroke();
  }
  pen.strokeStyle = colour;
  pen.lineWidth = Math.max(0.7, width);
  pen.stroke();
  if (reach < 1) pen.setLineDash([]);
}

function narrowing(pen: CanvasRenderingContext2D, { curve, width, at, reach }: Stream, colour: string, more: number) {
  const { samples, count } = curve;
  const half = (i: number) => {
    const part = Math.max(0, (i / count - narrowFrom) / (1 - narrowFrom));
    const ease = part * part * (3 - 2 * part);
    return (width + (at.port.size - width) * ease) / 2 + more;
  };
  const last = Math.max(1, Math.round(count * reach));
  pen.fillStyle = colour;
  pen.beginPath();
  for (let i = 0; i <= last; i += 1) edge(pen, samples, i, half(i));
  for (let i = last; i >= 0; i -= 1) edge(pen, samples, i, -half(i));
  pen.closePath();
  pen.fill();
}

function edge(pen: CanvasRenderingContext2D, samples: Float32Array, i: number, side: number): void {
  const [x, y, dx, dy] = samples.subarray(i * 4, i * 4 + 4) as unknown as [number, number, number, number];
  pen.lineTo(x - dy * side, y + dx * side);
}

/** A rail not taken: it could have gone there, and did not. */
export function paintRail(pen: CanvasRenderingContext2D, palette: Palette, points: Points): void {
  pen.strokeStyle = palette.text3;
  pen.lineWidth = 1.5;
  pen.lineCap = 'round';
  pen.setLineDash([0.1, 5]);
  trace(pen, points);
  pen.stroke();
  pen.setLineDash([]);
  pen.lineCap = 'butt';
}

/** Lost calls of the last seconds: the broken stream as a dotted trace, and a disc for each call up to seven. */
export function paintTrace(
  pen: CanvasRenderingContext2D,
  palette: Palette,
  points: Points | undefined,
  curve: Curve,
  lost: number,
  way: number,
): void {
  if (points !== undefined) {
    pen.strokeStyle = palette.error;
    pen.lineWidth = 1.6;
    pen.setLineDash([2, 4]);
    trace(pen, points);
    pen.stroke();
    pen.setLineDash([]);
  }
  const radius = 6.5;
  const discs = Math.min(mostDiscs, Math.ceil(lost));
  for (let i = discs - 1; i >= 0; i -= 1) {
    const place = Math.max(0, 1 - (radius + 6 + i * 11) / Math.max(1, curve.length));
    const at = Math.min(curve.count, Math.round(place * curve.count)) * 4;
    const [x, y, dx, dy] = curve.samples.subarray(at, at + 4) as unknown as [number, number, number, number];
    const side = (i % 2 === 0 ? -3 : 3) * way;
    paintDisc(pen, palette, x - dy * side, y + dx * side, radius);
  }
}

/** A pod that answers late, or fails: its calls queue at the port. */
export function paintQueue(pen: CanvasRenderingContext2D, colour: string, { place, at }: Stream, geometry: Geometry) {
  const inwards = place.side === 'near' ? 1 : -1;
  const tall = Math.max(10, at.port.size + 4);
  pen.fillStyle = colour;
  for (let i = 0; i < 5; i += 1) {
    const along = place.ends - inwards * (5 + i * 5.5);
    if (geometry.turned) pen.fillRect(at.port.at - tall / 2, along - 1.4, tall, 2.8);
    else pen.fillRect(along - 1.4, at.port.at - tall / 2, 2.8, tall);
  }
}

/** Where a stream meets its pod. As tall as the stream is wide: the ports of a pod are a bar chart. */
export function paintPort(
  pen: CanvasRenderingContext2D,
  { brush }: Tones,
  geometry: Geometry,
  place: LanePlace,
  at: StreamPlace,
  state: CornerState,
  slot: number,
): void {
  const { palette } = brush;
  const inwards = place.side === 'near' ? 1 : -1;
  const wide = geometry.metrics.widest > 60;
  const rect = (along: number, across: number, deep: number, tall: number): [number, number, number, number] => {
    const from = inwards > 0 ? along : along - deep;
    return geometry.turned ? [across - tall / 2, from, tall, deep] : [from, across - tall / 2, deep, tall];
  };
  switch (state) {
    case 'used': {
      const deep = geometry.turned ? 5 : wide ? 8 : 7;
      pen.fillStyle = palette.pods[slot] ?? palette.text3;
      pen.fillRect(...rect(place.ends - inwards, at.port.at, deep, Math.max(1.5, at.port.size)));
      return;
    }
    case 'idle': {
      const radius = wide ? 5 : 4;
      const along = place.ends - inwards * (radius + 3);
      const [x, y] = geometry.turned ? [at.port.at, along] : [along, at.port.at];
      pen.beginPath();
      pen.arc(x, y, radius, 0, 2 * Math.PI);
      pen.fillStyle = palette.ground;
      pen.fill();
      pen.strokeStyle = palette.text2;
      pen.lineWidth = 1.6;
      pen.stroke();
      return;
    }
    case 'missing':
    case 'ghost': {
      const deep = wide ? 14 : 10;
      const tall = geometry.turned ? 20 : wide ? 34 : 22;
      pen.strokeStyle = state === 'ghost' ? palette.error : palette.text;
      pen.lineWidth = 1.5;
      pen.setLineDash([3, 3]);
      pen.strokeRect(...rect(place.ends - inwards * (geometry.turned ? deep + 2 : deep * 0.6), at.port.at, deep, tall));
      pen.setLineDash([]);
      return;
    }
  }
}

function trace(pen: CanvasRenderingContext2D, [p0, p1, p2, p3]: Points): void {
  pen.beginPath();
  pen.moveTo(p0.x, p0.y);
  pen.bezierCurveTo(p1.x, p1.y, p2.x, p2.y, p3.x, p3.y);
}
