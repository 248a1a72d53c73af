import type { Stretch } from '../../model/view/band.ts';
import type { Tear } from '../../model/view/losses.ts';
import { type Axis, startMs, xOf } from './axis.ts';
import { type Brushes, dim } from './brushes.ts';

/** Where a band lies: between two heights of a canvas that is as wide as the axis. */
export type Plane = { pen: CanvasRenderingContext2D; brush: Brushes; axis: Axis; top: number; bottom: number };

export type BandPicture = {
  stretches: readonly Stretch[];
  slots: ReadonlyMap<string, number>;
  handles: ReadonlyMap<string, string>;
  /** Nothing is heard any more: the rest is not drawn but asked. */
  stale: boolean;
  /** Else the newest pod is on top. */
  oldestOnTop?: boolean;
  /** Only this is of the story that is pointed at, the rest steps back; undefined: nothing is pointed at. */
  lit?: BandLit | undefined;
};

/** Pods, from an instant on. */
export type BandLit = { uids: ReadonlySet<string>; fromMs: number };

const seam = 1.5;

/** Who answered over time: one stripe a pod, as thick as its share. */
export function paintBand({ pen, brush, axis, top, bottom }: Plane, picture: BandPicture, font: number): void {
  const height = bottom - top;
  const from = startMs(axis);
  const lastEnd = picture.stretches[picture.stretches.length - 1]?.toMs ?? 0;
  const labels = new Map<string, { x: number; y: number; h: number }>();
  for (const stretch of picture.stretches) {
    if (stretch.toMs < from || stretch.fromMs > axis.edgeMs) continue;
    const x0 = Math.max(0, xOf(axis, stretch.fromMs));
    // The newest stretch reaches the edge while reports come in: the picture trails by one frame.
    const late = 600 + (2 * axis.windowMs) / axis.width;
    const fresh = !picture.stale && stretch.toMs === lastEnd && axis.edgeMs - lastEnd < late;
    const x1 = fresh ? axis.width : Math.min(axis.width, xOf(axis, stretch.toMs));
    if (x1 <= x0) continue;
    let y = bottom;
    const stacked = picture.oldestOnTop === true ? stretch.shares.toReversed() : stretch.shares;
    stacked.forEach(({ uid, share }, i) => {
      const h = share * height;
      const gap = i < stretch.shares.length - 1 && h > 3 ? seam : 0;
      y -= h;
      const { lit } = picture;
      pen.globalAlpha = lit === undefined || (lit.uids.has(uid) && stretch.toMs > lit.fromMs) ? 1 : dim;
      pen.fillStyle = brush.pod(picture.slots.get(uid) ?? 0);
      // A little over the end, or seams shine through between bins.
      pen.fillRect(x0, y + gap, Math.min(x1 - x0 + 0.7, axis.width - x0), h - gap);
      const label = labels.get(uid);
      // The handle stands where the stripe begins, unless it changes its place before the handle has ended.
      const moves = label !== undefined && x0 - label.x < font * 4 && Math.abs(label.y - y - gap) > 2;
      if (label === undefined || moves) labels.set(uid, { x: x0, y: y + gap, h: h - gap });
    });
  }
  pen.globalAlpha = 1;
  pen.font = `650 ${font}px "JetBrains Mono Variable", ui-monospace, monospace`;
  pen.textBaseline = 'middle';
  for (const [uid, { x, y, h }] of labels) {
    if (h < font * 0.98) continue;
    const handle = picture.handles.get(uid) ?? '';
    const wide = pen.measureText(handle).width;
    if (x + wide + 20 > axis.width) continue;
    if (picture.lit !== undefined && !picture.lit.uids.has(uid)) continue;
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
export function paintTear({ pen, brush, axis, top, bottom }: Plane, tear: Tear): void {
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

/** Between the last report and now: a box with a question mark. No number is guessed. */
export function paintUnknown({ pen, brush, axis, top, bottom }: Plane, reportedMs: number, font: number): void {
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
