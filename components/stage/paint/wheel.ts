import type { Point } from '../../../model/view/stage/curve.ts';
import type { Wheel } from '../../../model/view/wheel.ts';
import type { Tones } from './tones.ts';

const turn = 2 * Math.PI;
const top = -Math.PI / 2;

/** Wedges: the pods that a path believes in. They stand still, so that they can be read; only the sign turns. */
export function paintWheel(
  pen: CanvasRenderingContext2D,
  { brush }: Tones,
  wheel: Wheel,
  slotOf: (uid: string) => number,
  at: Point,
  radius: number,
): void {
  const { wedges, locked } = wheel;
  const n = wedges.length;
  const inner = radius * 0.46;
  const gap = n > 1 ? Math.min(0.07, (turn / n) * 0.14) : 0;
  pen.save();
  pen.translate(at.x, at.y);
  wedges.forEach(({ uid, ghost, used }, i) => {
    const a = top + (turn * i) / n + gap;
    const b = top + (turn * (i + 1)) / n - gap;
    const chosen = locked && used;
    pen.beginPath();
    pen.arc(0, 0, chosen ? radius + 3 : radius, a, b);
    pen.arc(0, 0, inner, b, a, true);
    pen.closePath();
    if (ghost) {
      pen.strokeStyle = brush.palette.error;
      pen.lineWidth = 1.5;
      pen.setLineDash([3, 3]);
      pen.stroke();
      pen.setLineDash([]);
      if (n <= 16) {
        const middle = (a + b) / 2;
        const r = (radius + inner) / 2;
        paintDisc(pen, brush.palette, Math.cos(middle) * r, Math.sin(middle) * r, Math.min(6, radius * 0.2));
      }
      return;
    }
    const before = pen.globalAlpha;
    if (locked && !used) pen.globalAlpha = before * 0.32;
    pen.fillStyle = brush.pod(slotOf(uid));
    pen.fill();
    pen.globalAlpha = before;
  });
  if (n === 0) {
    pen.beginPath();
    pen.arc(0, 0, (radius + inner) / 2, 0, turn);
    pen.strokeStyle = brush.palette.text3;
    pen.lineWidth = 1.5;
    pen.setLineDash([2, 4]);
    pen.stroke();
    pen.setLineDash([]);
  }
  if (locked) lock(pen, brush.palette.text, radius);
  pen.restore();
}

/** The part of the ring that does not move by itself. */
export function paintRing(
  pen: CanvasRenderingContext2D,
  { brush }: Tones,
  wheel: Wheel,
  at: Point,
  radius: number,
): void {
  const { ring } = wheel;
  if (ring.kind === 'none') return;
  pen.beginPath();
  pen.arc(at.x, at.y, radius, 0, turn);
  pen.lineWidth = radius > 45 ? 2.5 : 2;
  if (ring.kind === 'dotted') {
    pen.strokeStyle = brush.palette.text2;
    pen.setLineDash([1.5, radius > 45 ? 7 : 5.4]);
  } else pen.strokeStyle = ring.kind === 'closed' ? brush.palette.text : brush.palette.line;
  pen.stroke();
  pen.setLineDash([]);
}

/** A timer: how much of the wait is over. */
export function paintFilling(
  pen: CanvasRenderingContext2D,
  { brush }: Tones,
  wheel: Wheel,
  at: Point,
  radius: number,
  nowMs: number,
): void {
  if (wheel.ring.kind !== 'filling') return;
  const { fromMs, toMs } = wheel.ring;
  const part = Math.min(1, Math.max(0, (nowMs - fromMs) / Math.max(1, toMs - fromMs)));
  const end = top + turn * part;
  pen.beginPath();
  pen.arc(at.x, at.y, radius, top, end);
  pen.lineWidth = radius > 45 ? 3 : 2.4;
  pen.strokeStyle = brush.palette.text;
  pen.stroke();
  pen.beginPath();
  pen.arc(at.x + Math.cos(end) * radius, at.y + Math.sin(end) * radius, radius > 45 ? 4.5 : 3.6, 0, turn);
  pen.fillStyle = brush.palette.text;
  pen.fill();
}

/** The turning arrow: picked for every call. `angle`: how far it has turned. */
export function paintTurning(
  pen: CanvasRenderingContext2D,
  { brush }: Tones,
  at: Point,
  wheelRadius: number,
  angle: number,
): void {
  const r = wheelRadius * 0.24;
  pen.save();
  pen.translate(at.x, at.y);
  pen.rotate(angle);
  pen.strokeStyle = pen.fillStyle = brush.palette.text;
  pen.lineWidth = wheelRadius > 35 ? 2.6 : 2;
  pen.beginPath();
  pen.arc(0, 0, r, top + 0.75, top + turn - 0.35);
  pen.stroke();
  const s = r * 0.62;
  pen.beginPath();
  pen.moveTo(s * 0.55, -r);
  pen.lineTo(-s * 0.6, -r - s);
  pen.lineTo(-s * 0.6, -r + s);
  pen.closePath();
  pen.fill();
  pen.restore();
}

function lock(pen: CanvasRenderingContext2D, ink: string, radius: number): void {
  const u = radius * 0.075;
  pen.fillStyle = pen.strokeStyle = ink;
  pen.beginPath();
  pen.roundRect(-3.2 * u, -0.9 * u, 6.4 * u, 4.8 * u, 0.7 * u);
  pen.fill();
  pen.lineWidth = 1.25 * u;
  pen.beginPath();
  pen.moveTo(-1.9 * u, -0.9 * u);
  pen.lineTo(-1.9 * u, -2.2 * u);
  pen.arc(0, -2.2 * u, 1.9 * u, Math.PI, 0);
  pen.lineTo(1.9 * u, -0.9 * u);
  pen.stroke();
}

/** A lost call: a disc with a cut-out cross, and a keyline of ground so that it holds in grey. */
export function paintDisc(
  pen: CanvasRenderingContext2D,
  palette: { ground: string; error: string; errorInk: string },
  x: number,
  y: number,
  radius: number,
): void {
  pen.beginPath();
  pen.arc(x, y, radius + 2, 0, turn);
  pen.fillStyle = palette.ground;
  pen.fill();
  pen.beginPath();
  pen.arc(x, y, radius, 0, turn);
  pen.fillStyle = palette.error;
  pen.fill();
  const s = radius * 0.42;
  pen.beginPath();
  pen.moveTo(x - s, y - s);
  pen.lineTo(x + s, y + s);
  pen.moveTo(x + s, y - s);
  pen.lineTo(x - s, y + s);
  pen.strokeStyle = palette.errorInk;
  pen.lineWidth = Math.max(1.4, radius * 0.27);
  pen.stroke();
}
