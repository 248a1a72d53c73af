import type { Stretch } from '../../../model/view/band.ts';
import type { Bracket } from '../../../model/view/brackets.ts';
import type { Tear } from '../../../model/view/losses.ts';
import type { BeliefStrip } from '../../../model/view/strip.ts';
import { type Axis, startMs, xOf } from './axis.ts';
import { type Brushes, brushes } from './brushes.ts';
import { surface } from './surface.ts';

/** All that a lane's canvas shows: rail with brackets, band, belief strip. */
export type LanePicture = {
  stretches: readonly Stretch[];
  tears: readonly Tear[];
  belief: BeliefStrip;
  brackets: readonly Bracket[];
  slots: ReadonlyMap<string, number>;
  handles: ReadonlyMap<string, string>;
  /** Up to here something was reported. */
  reportedMs: number;
  /** Nothing is heard any more: the rest is not drawn but asked. */
  stale: boolean;
  unavailable: boolean;
};

/** Heights in CSS pixels, as the style sheet of the size says. */
export type LaneMetrics = { rail: number; strip: number; font: number };

const seam = 1.5;
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

type On = { pen: CanvasRenderingContext2D; brush: Brushes; axis: Axis; top: number; bottom: number; width: number };

function paintBand({ pen, brush, axis, top, bottom }: On, picture: LanePicture, font: number): void {
  const height = bottom - top;
  const from = startMs(axis);
  const lastEnd = picture.stretches[picture.stretches.length - 1]?.toMs ?? 0;
  const labels = new Map<string, { x: number; y: number; h: number }>();
  for (const stretch of picture.stretches) {
    if (stretch.toMs < from || stretch.fromMs > axis.edgeMs) continue;
    const x0 = Math.max(0, xOf(axis, stretch.fromMs));
    // The newest stretch reaches the edge while reports come in: the picture trails by one frame.
    const fresh = !picture.stale && stretch.toMs === lastEnd && axis.edgeMs - lastEnd < 600;
    const x1 = fresh ? axis.width : Math.min(axis.width, xOf(axis, stretch.toMs));
    if (x1 <= x0) continue;
    let y = bottom;
    stretch.shares.forEach(({ uid, share }, i) => {
      const h = share * height;
      const gap = i < stretch.shares.length - 1 && h > 3 ? seam : 0;
      y -= h;
      pen.fillStyle = brush.pod(picture.slots.get(uid) ?? 0);
      // A little over the end, or seams shine through between bins.
      pen.fillRect(x0, y + gap, Math.min(x1 - x0 + 0.7, axis.width - x0), h - gap);
      const label = labels.get(uid);
      // The handle stands where the stripe begins, unless it changes its place before the handle has ended.
      const moves = label !== undefined && x0 - label.x < font * 4 && Math.abs(label.y - y - gap) > 2;
      if (label === undefined || moves) labels.set(uid, { x: x0, y: y + gap, h: h - gap });
    });
  }
  pen.font = `650 ${font}px "JetBrains Mono Variable", ui-monospace, monospace`;
  pen.textBaseline = 'middle';
  for (const [uid, { x, y, h }] of labels) {
    if (h < font * 0.98) continue;
    const handle = picture.handles.get(uid) ?? '';
    const wide = pen.measureText(handle).width;
    if (x + wide + 20 > axis.width) continue;
    const chip = Math.min(h, font + 5);
    const middle = y + h / 2;
    const slot = picture.slots.get(uid) ?? 0;
    pen.fillStyle = brush.palette.pods[slot] ?? brush.palette.text3;
    pen.fillRect(x + 3, middle - chip / 2, wide + 10, chip);
    pen.fillStyle = brush.ink(slot);
    pen.fillText(handle, x + 8, middle + 0.5);
  }
}

/** A cut with jagged edges, as high as the part of the calls that was lost; a field where none was answered. */
function paintTear({ pen, brush, axis, top, bottom }: On, tear: Tear): void {
  const a = xOf(axis, tear.fromMs);
  const b = xOf(axis, tear.toMs);
  if (b < -8 || a > axis.width + 8) return;
  const height = bottom - top;
  if (tear.total) {
    const x0 = Math.max(0, a);
    const x1 = Math.min(axis.width, b);
    pen.fillStyle = brush.field;
    pen.fillRect(x0, top, x1 - x0, height);
    pen.strokeStyle = brush.palette.error;
    pen.lineWidth = 2;
    pen.strokeRect(x0 + 1, top + 1, Math.max(1, x1 - x0 - 2), height - 2);
    return;
  }
  const middle = (a + b) / 2;
  const half = Math.max(3.5, (b - a) / 2);
  const deep = Math.max(14, height * (tear.fraction > 0.9 ? 1 : Math.max(tear.fraction, 0.2)));
  const steps = Math.max(2, Math.round(deep / 8));
  pen.beginPath();
  for (let i = 0; i <= steps; i += 1) pen.lineTo(middle - half + (i % 2 === 0 ? -2 : 2), top + (deep * i) / steps);
  for (let i = steps; i >= 0; i -= 1) pen.lineTo(middle + half + (i % 2 === 0 ? 2 : -2), top + (deep * i) / steps);
  pen.closePath();
  pen.fillStyle = brush.palette.ground;
  pen.fill();
  if (half > 9) {
    pen.save();
    pen.clip();
    pen.fillStyle = brush.field;
    pen.fillRect(middle - half - 3, top, 2 * half + 6, deep);
    pen.restore();
  }
  if (half > 9) return;
  pen.fillStyle = brush.palette.error;
  pen.fillRect(middle - 1.25, top - 3, 2.5, deep + 6);
}

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

/** Between the last report and now: a box with a question mark. No number is guessed. */
function paintUnknown({ pen, brush, axis, top, bottom }: On, reportedMs: number, font: number): void {
  const x0 = Math.max(0, xOf(axis, reportedMs));
  if (axis.width - x0 < 2) return;
  pen.strokeStyle = brush.palette.text2;
  pen.lineWidth = 1.5;
  pen.setLineDash([2, 4]);
  pen.strokeRect(x0 + 1, top + 0.75, axis.width - x0 - 2, bottom - top - 1.5);
  pen.setLineDash([]);
  if (axis.width - x0 < font + 6) return;
  pen.fillStyle = brush.palette.text;
  pen.font = `700 ${Math.round(font * 1.5)}px "Inter Variable", system-ui, sans-serif`;
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  pen.fillText('?', (x0 + axis.width) / 2, (top + bottom) / 2);
  pen.textAlign = 'left';
}

function dotted({ pen, brush, width }: On, y: number): void {
  pen.strokeStyle = brush.palette.text3;
  pen.lineWidth = 1.5;
  pen.setLineDash([2, 5]);
  line(pen, 0, y, width, y);
  pen.setLineDash([]);
}
