import type { Bracket } from '../../../model/view/brackets.ts';
import type { Load } from '../../../model/view/load.ts';
import type { Tear } from '../../../model/view/losses.ts';
import type { SlowSpan } from '../../../model/view/slow.ts';
import type { BeliefStrip } from '../../../model/view/strip.ts';
import { type Axis, startMs, xOf } from '../../paint/axis.ts';
import { type BandLit, type BandPicture, type Plane, paintBand, paintTear, paintUnknown } from '../../paint/band.ts';
import { brushes, dim } from '../../paint/brushes.ts';
import { surface } from '../../paint/surface.ts';

/** All that a lane's canvas shows: rail with brackets, band, belief strip. */
export type LanePicture = BandPicture & {
  tears: readonly Tear[];
  belief: BeliefStrip;
  brackets: readonly Bracket[];
  /** Up to here something was reported. */
  reportedMs: number;
  unavailable: boolean;
  load: readonly Load[];
  slow: readonly SlowSpan[];
  /** What is pointed at, in this lane; undefined: nothing is. */
  lit: Lit | undefined;
};

export type Lit = BandLit & {
  lines: ReadonlySet<string>;
  told: readonly number[];
  lost: readonly { fromMs: number; toMs: number }[];
};

/** Heights in CSS pixels, as the style sheet of the size says. */
export type LaneMetrics = { rail: number; load: number; strip: number; font: number };

const stripGap = 4;
const tickApart = 5;

/** `loadTop`: calls per second at the top of the load line; the same on all lanes. */
export function paintLane(
  canvas: HTMLCanvasElement,
  picture: LanePicture,
  metrics: LaneMetrics,
  axis: Axis,
  loadTop: number,
): void {
  const made = surface(canvas);
  if (made === undefined) return;
  const { pen, width, height, scale } = made;
  const brush = brushes(scale);
  const top = metrics.rail + metrics.load;
  const stripTop = height - metrics.strip;
  const bottom = stripTop - stripGap;
  const on: On = { pen, brush, axis, top, bottom, width, rail: metrics.rail };
  if (picture.unavailable) {
    dotted(on, bottom);
    return;
  }
  paintLoad(on, picture, loadTop);
  paintBand(on, picture, metrics.font);
  paintSlow(on, picture);
  for (const tear of picture.tears) {
    const own = picture.lit?.lost.some((each) => each.toMs >= tear.fromMs && each.fromMs <= tear.toMs) ?? true;
    pen.globalAlpha = own ? 1 : dim;
    paintTear(on, tear);
  }
  pen.globalAlpha = 1;
  paintStrip(on, picture.belief, stripTop, metrics.strip, picture);
  for (const [i, bracket] of picture.brackets.entries()) {
    pen.globalAlpha = picture.lit === undefined || picture.lit.lines.has(bracket.key) ? 1 : dim;
    paintBracket(on, bracket, picture.brackets[i + 1]);
  }
  pen.globalAlpha = 1;
  if (picture.stale) paintUnknown(on, picture.reportedMs, metrics.font);
}

type On = Plane & { width: number; rail: number };

/** Calls a second, a thin line above the shares: these are always 100 %, however few calls there were. */
function paintLoad({ pen, brush, axis, top, rail }: On, picture: LanePicture, loadTop: number): void {
  const high = top - rail - 2;
  if (high < 3) return;
  const base = top - 1;
  const y = (perSecond: number) => base - (high * Math.min(perSecond, loadTop)) / loadTop;
  const from = startMs(axis);
  const last = picture.load[picture.load.length - 1];
  pen.beginPath();
  let begun = false;
  let before = 0;
  for (const each of picture.load) {
    if (each.toMs < from || each.fromMs > axis.edgeMs) continue;
    // The newest step is not over: it would show as a fall.
    if (each === last && each.toMs - each.fromMs < 350) continue;
    const x0 = Math.max(0, xOf(axis, each.fromMs));
    const x1 = Math.min(axis.width, xOf(axis, each.toMs));
    if (!begun || each.fromMs - before > 1_000) pen.moveTo(x0, y(each.perSecond));
    else pen.lineTo(x0, y(each.perSecond));
    pen.lineTo(x1, y(each.perSecond));
    begun = true;
    before = each.toMs;
  }
  pen.strokeStyle = brush.palette.text3;
  pen.lineWidth = 1.25;
  pen.stroke();
}

/** A pod that answers far slower than the others: a row of ticks along its stripe, a tick for each second. */
function paintSlow({ pen, brush, axis, top, bottom }: On, picture: LanePicture): void {
  const height = bottom - top;
  for (const span of picture.slow) {
    for (const stretch of picture.stretches) {
      const from = Math.max(span.fromMs, stretch.fromMs, startMs(axis));
      const to = Math.min(span.toMs, stretch.toMs, axis.edgeMs);
      if (to <= from) continue;
      let below = 0;
      const own = stretch.shares.find((each) => {
        if (each.uid === span.uid) return true;
        below += each.share;
        return false;
      });
      if (own === undefined) continue;
      const middle = bottom - (below + own.share / 2) * height;
      pen.strokeStyle = brush.ink(picture.slots.get(span.uid) ?? 0);
      pen.lineWidth = 2;
      pen.setLineDash([2, 5]);
      // In place while time scrolls, as the patterns are.
      pen.lineDashOffset = xOf(axis, from) % 7;
      line(pen, xOf(axis, from), middle, xOf(axis, to), middle);
      pen.setLineDash([]);
      pen.lineDashOffset = 0;
    }
  }
}

function paintStrip({ pen, brush, axis }: On, belief: BeliefStrip, top: number, height: number, picture: LanePicture) {
  const end = picture.stale ? xOf(axis, picture.reportedMs) : axis.width;
  pen.fillStyle = brush.palette.floor;
  pen.fillRect(0, top, Math.max(0, end), height);
  for (const each of belief.differs) {
    const x0 = Math.max(0, each.fromMs === Number.NEGATIVE_INFINITY ? 0 : xOf(axis, each.fromMs));
    const x1 = Math.min(end, each.toMs === undefined ? end : xOf(axis, each.toMs));
    if (x1 <= x0) continue;
    const own = picture.lit === undefined || (each.toMs ?? Number.POSITIVE_INFINITY) > picture.lit.fromMs;
    pen.globalAlpha = own ? 1 : dim;
    pen.fillStyle = brush.hatch;
    pen.fillRect(x0, top, Math.max(x1 - x0, 2), height);
  }
  pen.fillStyle = brush.palette.text;
  let before = Number.NEGATIVE_INFINITY;
  for (const at of belief.ticks) {
    const x = xOf(axis, at);
    if (x < 0 || x > axis.width) continue;
    // So close together ticks would be a bar: then one stands for those beside it.
    if (x - before < tickApart) continue;
    before = x;
    const own = picture.lit?.told.some((each) => Math.abs(each - at) < 0.01) ?? true;
    pen.globalAlpha = own ? 1 : dim;
    pen.fillRect(x - 1, top - 2, 2, height + 2);
  }
  pen.globalAlpha = 1;
}

/** True to scale; under 5 px a single arrow on the line. */
function paintBracket({ pen, brush, axis, rail: top }: On, bracket: Bracket, next: Bracket | undefined): void {
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
