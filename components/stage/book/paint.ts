import type { Bracket } from '../../../model/view/brackets.ts';
import type { EventLine } from '../../../model/view/events.ts';
import type { Tear } from '../../../model/view/losses.ts';
import { type Axis, xOf } from '../../paint/axis.ts';
import { type BandPicture, type Plane, paintBand, paintTear, paintUnknown } from '../../paint/band.ts';
import { type Brushes, brushes } from '../../paint/brushes.ts';
import { surface } from '../../paint/surface.ts';

export type BookRow = {
  band: BandPicture;
  tears: readonly Tear[];
  bracket: Bracket | undefined;
  unavailable: boolean;
  dim: boolean;
};

export type BookPicture = {
  rows: readonly BookRow[];
  lines: readonly EventLine[];
  /** The event whose chain is shown: its line is heavy. */
  chosen: string | undefined;
  /** A station that is pointed at: its instant. */
  markedMs: number | undefined;
  reportedMs: number;
  stale: boolean;
};

/** Heights in px: the axis' head, one lane's row, the band in it, the waiting bar under it. */
export type BookMetrics = { head: number; row: number; band: number; bar: number; font: number };

/** All bands on one axis, the waiting under each, and the lines of the events through all of them. */
export function paintBook(canvas: HTMLCanvasElement, picture: BookPicture, metrics: BookMetrics, axis: Axis): void {
  const made = surface(canvas);
  if (made === undefined) return;
  const { pen, height, scale } = made;
  const brush = brushes(scale);
  picture.rows.forEach((row, i) => {
    const top = metrics.head + i * metrics.row + 2;
    const plane: Plane = { pen, brush, axis, top, bottom: top + metrics.band };
    pen.globalAlpha = row.dim ? 0.25 : 1;
    if (row.unavailable) {
      pen.strokeStyle = brush.palette.text3;
      pen.lineWidth = 1.5;
      pen.setLineDash([2, 5]);
      segment(pen, 0, plane.bottom, axis.width, plane.bottom);
      pen.setLineDash([]);
    } else {
      paintBand(plane, row.band, metrics.font);
      for (const tear of row.tears) paintTear(plane, tear);
      if (picture.stale) paintUnknown(plane, picture.reportedMs, metrics.font);
      if (row.bracket !== undefined && metrics.bar > 0) waiting(plane, brush, row.bracket, metrics.bar);
    }
    pen.globalAlpha = 1;
  });
  for (const line of picture.lines)
    eventLine(pen, brush, axis, line, line.key === picture.chosen, metrics.head, height);
  if (picture.markedMs !== undefined) {
    const x = xOf(axis, picture.markedMs);
    pen.fillStyle = brush.palette.text;
    pen.beginPath();
    pen.moveTo(x - 6, metrics.head - 9);
    pen.lineTo(x + 6, metrics.head - 9);
    pen.lineTo(x, metrics.head);
    pen.fill();
  }
}

/** From Ready to the first call, true to scale: its length is the waiting. Filled arrow: noticed; open: still waiting. */
function waiting({ pen, axis, bottom }: Plane, brush: Brushes, bracket: Bracket, bar: number): void {
  if (bracket.state === 'ended') return;
  const top = bottom + 3;
  const from = xOf(axis, bracket.fromMs);
  const to = bracket.toMs === undefined ? axis.width : xOf(axis, bracket.toMs);
  if (to < 0 || from > axis.width) return;
  const x0 = Math.max(0, from);
  const middle = top + bar / 2;
  if (to - x0 > 8) {
    pen.fillStyle = brush.wait;
    pen.fillRect(x0, top, to - x0 - 5, bar);
  }
  pen.fillStyle = pen.strokeStyle = brush.palette.text;
  if (bracket.toMs === undefined) {
    pen.lineWidth = 1.8;
    pen.beginPath();
    pen.moveTo(to - 6, middle - 4);
    pen.lineTo(to - 1.5, middle);
    pen.lineTo(to - 6, middle + 4);
    pen.stroke();
    return;
  }
  pen.beginPath();
  pen.moveTo(to - 1, middle - 5);
  pen.lineTo(to + 6, middle);
  pen.lineTo(to - 1, middle + 5);
  pen.fill();
}

function eventLine(
  pen: CanvasRenderingContext2D,
  { palette }: Brushes,
  axis: Axis,
  line: EventLine,
  chosen: boolean,
  head: number,
  height: number,
): void {
  const x = Math.round(xOf(axis, line.atMs)) + 0.5;
  if (x < 0 || x > axis.width) return;
  const asked = line.changes[0]?.askedAt;
  pen.strokeStyle = palette.ground;
  pen.lineWidth = chosen ? 5 : 4;
  segment(pen, x, head - 18, x, height);
  pen.strokeStyle = chosen ? palette.text : palette.text2;
  pen.lineWidth = chosen ? 2.2 : 1.4;
  if (line.dashed) pen.setLineDash([5, 3]);
  segment(pen, x, head - 18, x, height);
  pen.setLineDash([]);
  if (asked === undefined || !chosen) return;
  const askedX = xOf(axis, Number(asked.seconds) * 1_000 + asked.nanos / 1e6);
  if (x - askedX < 5 || askedX < 0) return;
  pen.strokeStyle = palette.text2;
  pen.lineWidth = 1.4;
  pen.setLineDash([1.4, 3.4]);
  segment(pen, askedX, head - 18, askedX, height);
  pen.setLineDash([]);
}

function segment(pen: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number): void {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}
