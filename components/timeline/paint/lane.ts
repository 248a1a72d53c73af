import type { Bracket } from '../../../model/view/brackets.ts';
import type { Tear } from '../../../model/view/losses.ts';
import type { BeliefStrip } from '../../../model/view/strip.ts';
import { type Axis, xOf } from '../../paint/axis.ts';
import { type BandPicture, type Plane, paintBand, paintTear, paintUnknown } from '../../paint/band.ts';
import { brushes } from '../../paint/brushes.ts';
import { surface } from '../../paint/surface.ts';

/** All that a lane's canvas shows: rail with brackets, band, belief strip. */
export type LanePicture = BandPicture & {
  tears: readonly Tear[];
  belief: BeliefStrip;
  brackets: readonly Bracket[];
  /** Up to here something was reported. */
  reportedMs: number;
  unavailable: boolean;
};

/** Heights in CSS pixels, as the style sheet of the size says. */
export type LaneMetrics = { rail: number; strip: number; font: number };

const stripGap = 4;

export function paintLane(canvas: HTMLCanvasElement, picture: LanePicture, metrics: LaneMetrics, axis: Axis): void {
  const made = surface(canvas);
  if (made === undefined) return;
  const { pen, width, height, scale } = made;
  const brush = brushes(scale);
  const top = metrics.rail;
  const stripTop = height - metrics.strip;
  const bottom = stripTop - stripGap;
  const on: On = { pen, brush, axis, top, bottom, width };
  if (picture.unavailable) {
    dotted(on, bottom);
    return;
  }
  paintBand(on, picture, metrics.font);
  for (const tear of picture.tears) paintTear(on, tear);
  paintStrip(on, picture.belief, stripTop, metrics.strip, picture);
  for (const [i, bracket] of picture.brackets.entries()) paintBracket(on, bracket, picture.brackets[i + 1]);
  if (picture.stale) paintUnknown(on, picture.reportedMs, metrics.font);
}

type On = Plane & { width: number };

function paintStrip({ pen, brush, axis }: On, belief: BeliefStrip, top: number, height: number, picture: LanePicture) {
  const end = picture.stale ? xOf(axis, picture.reportedMs) : axis.width;
  pen.fillStyle = brush.palette.floor;
  pen.fillRect(0, top, Math.max(0, end), height);
  for (const each of belief.differs) {
    const x0 = Math.max(0, each.fromMs === Number.NEGATIVE_INFINITY ? 0 : xOf(axis, each.fromMs));
    const x1 = Math.min(end, each.toMs === undefined ? end : xOf(axis, each.toMs));
    if (x1 <= x0) continue;
    pen.fillStyle = brush.hatch;
    pen.fillRect(x0, top, Math.max(x1 - x0, 2), height);
  }
  pen.fillStyle = brush.palette.text;
  for (const at of belief.ticks) {
    const x = xOf(axis, at);
    if (x < 0 || x > axis.width) continue;
    pen.fillRect(x - 1, top - 2, 2, height + 2);
  }
}

/** True to scale; under 5 px a single arrow on the line. */
function paintBracket({ pen, brush, axis, top }: On, bracket: Bracket, next: Bracket | undefined): void {
  const ink = brush.palette.text;
  const x0 = xOf(axis, bracket.fromMs);
  const y = Math.round(top * 0.5) + 0.5;
  if (bracket.state === 'ended') return;
  pen.strokeStyle = pen.fillStyle = ink;
  pen.lineWidth = 2;
  if (bracket.toMs === undefined) {
    const from = Math.max(0, x0);
    if (from >= axis.width) return;
    if (bracket.state === 'never') pen.setLineDash([3, 4]);
    // A newer bracket has the rail from its start on.
    const until = next === undefined ? axis.width : Math.min(axis.width, xOf(axis, next.fromMs) - 6);
    if (until > from) line(pen, from, y, until - 3, y);
    pen.setLineDash([]);
    if (next === undefined) arrow(pen, axis.width - 2, y, 'open');
    if (x0 >= 0) line(pen, x0, y - 5, x0, y + 5);
    return;
  }
  const x1 = xOf(axis, bracket.toMs);
  if (x1 < 0 || x0 > axis.width) return;
  if (x1 - x0 < 5) {
    // Wider than the event line that it stands on.
    pen.beginPath();
    pen.moveTo(x0 - 7, top - 10);
    pen.lineTo(x0 + 7, top - 10);
    pen.lineTo(x0, top);
    pen.fill();
    return;
  }
  pen.beginPath();
  pen.moveTo(Math.max(-4, x0), y);
  pen.lineTo(x1, y);
  pen.lineTo(x1, top - 5);
  pen.stroke();
  arrow(pen, x1, top, 'down');
}

function line(pen: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number): void {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}

function arrow(pen: CanvasRenderingContext2D, x: number, y: number, way: 'down' | 'open'): void {
  pen.beginPath();
  if (way === 'down') {
    pen.moveTo(x - 4, y - 7);
    pen.lineTo(x + 4, y - 7);
    pen.lineTo(x, y);
    pen.fill();
  } else {
    pen.moveTo(x - 7, y - 5);
    pen.lineTo(x, y);
    pen.lineTo(x - 7, y + 5);
    pen.stroke();
  }
}

function dotted({ pen, brush, width }: On, y: number): void {
  pen.strokeStyle = brush.palette.text3;
  pen.lineWidth = 1.5;
  pen.setLineDash([2, 5]);
  line(pen, 0, y, width, y);
  pen.setLineDash([]);
}
