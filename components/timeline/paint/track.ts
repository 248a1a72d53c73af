import type { Lifeline } from '../../../model/view/lifelines.ts';
import { type Axis, xOf } from '../../paint/axis.ts';
import { brushes, dim } from '../../paint/brushes.ts';
import { surface } from '../../paint/surface.ts';

export type TrackPicture = {
  lifelines: readonly Lifeline[];
  reportedMs: number;
  /** The Kubernetes API or the agent is not heard: what exists is not known any more. */
  unknownSinceMs: number | undefined;
  /** Pods of what is pointed at; undefined: nothing is. */
  lit: ReadonlySet<string> | undefined;
};

const lane = { most: 8, gap: 1.5 };

/** The truth: one line per pod, oldest at the bottom; comb while it starts, cross where it ended. */
export function paintTrack(canvas: HTMLCanvasElement, picture: TrackPicture, axis: Axis): void {
  const made = surface(canvas);
  if (made === undefined || picture.lifelines.length === 0) return;
  const { pen, height, scale } = made;
  const brush = brushes(scale);
  const visible = picture.lifelines.filter(
    (each) => xOf(axis, each.toMs ?? axis.edgeMs) > 0 && each.fromMs < axis.edgeMs,
  );
  if (visible.length === 0) return;
  const step = Math.min(lane.most, height / visible.length);
  const thick = Math.max(2, step - lane.gap);
  const end = picture.unknownSinceMs === undefined ? axis.width : Math.max(0, xOf(axis, picture.unknownSinceMs));
  visible.forEach((each, i) => {
    const y = height - (i + 1) * step;
    pen.globalAlpha = picture.lit === undefined || picture.lit.has(each.pod.uid) ? 1 : dim;
    const slot = each.pod.slot;
    const from = Math.max(0, xOf(axis, each.fromMs));
    const to = Math.min(end, each.toMs === undefined ? axis.width : xOf(axis, each.toMs));
    // Existing, but not Ready: a thin line. Before it was first Ready: a comb.
    const firstReady = each.ready[0]?.fromMs;
    const combEnd = Math.min(to, firstReady === undefined ? to : xOf(axis, firstReady));
    pen.fillStyle = brush.palette.text2;
    for (let x = from; x < combEnd; x += 4) pen.fillRect(x, y, 1.5, thick);
    if (firstReady !== undefined) {
      pen.fillStyle = brush.palette.pods[slot] ?? brush.palette.text3;
      pen.fillRect(Math.max(from, combEnd), y + thick / 2 - 0.75, Math.max(0, to - Math.max(from, combEnd)), 1.5);
    }
    pen.fillStyle = brush.pod(slot);
    for (const ready of each.ready) {
      const a = Math.max(0, xOf(axis, ready.fromMs));
      const b = Math.min(to, ready.toMs === undefined ? axis.width : xOf(axis, ready.toMs));
      if (b > a) pen.fillRect(a, y, b - a, thick);
    }
    for (const at of each.crosses) cross(pen, xOf(axis, at), y + thick / 2, brush.palette.error, brush.palette.ground);
  });
  pen.globalAlpha = 1;
  if (end < axis.width) {
    pen.strokeStyle = brush.palette.text2;
    pen.setLineDash([2, 4]);
    pen.lineWidth = 1.5;
    pen.strokeRect(end + 1, height - visible.length * step, axis.width - end - 2, visible.length * step - 1);
    pen.setLineDash([]);
  }
}

function cross(pen: CanvasRenderingContext2D, x: number, y: number, ink: string, ground: string): void {
  for (const [width, colour] of [
    [5, ground],
    [2.2, ink],
  ] as const) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.beginPath();
    pen.moveTo(x - 3.5, y - 3.5);
    pen.lineTo(x + 3.5, y + 3.5);
    pen.moveTo(x + 3.5, y - 3.5);
    pen.lineTo(x - 3.5, y + 3.5);
    pen.stroke();
  }
}
