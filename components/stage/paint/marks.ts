import { along, type Curve } from '../../../model/view/stage/curve.ts';

/** How calls are drawn: unary a dash; streams as beads, hollow on their way back. */
export type MarkStyle = { out: 'dash' | 'bead'; back: 'none' | 'ring' };

export function markStyle(kind: string): MarkStyle {
  switch (kind) {
    case 'server_stream':
      return { out: 'dash', back: 'ring' };
    case 'client_stream':
      return { out: 'bead', back: 'none' };
    case 'bidi':
      return { out: 'bead', back: 'ring' };
    default:
      return { out: 'dash', back: 'none' };
  }
}

export type Marks = {
  /** Marks that set out so far, with a fraction. */
  phase: number;
  /** Marks under way at once. */
  count: number;
  width: number;
  reach: number;
  colour: string;
  style: MarkStyle;
  /** Length of a dash. */
  dash: number;
  /** This is the stream's other direction: from the end to the beginning. */
  flipped: boolean;
};

const at = new Float32Array(4);
const turn = 2 * Math.PI;

/** One path and one stroke for all marks of a stream and direction. */
export function paintMarks(pen: CanvasRenderingContext2D, curve: Curve, marks: Marks): void {
  const { phase, count, width, reach, style } = marks;
  if (count <= 0 || width <= 0 || curve.length < 4) return;
  const both = style.back === 'ring';
  const thick = Math.max(1.3, Math.min(marks.dash / 3.6, width * 0.36));
  const long = Math.min(marks.dash, Math.max(4, width * 3)) / curve.length;
  pen.strokeStyle = pen.fillStyle = marks.colour;
  pen.lineWidth = thick;
  pen.lineCap = 'butt';
  pen.beginPath();
  for (let i = 0; i <= count; i += 1) {
    const age = (phase % 1) + i;
    const part = age / count;
    if (part > 1) break;
    const id = Math.floor(phase) - i;
    const place = marks.flipped ? 1 - part : part;
    if (place > reach) continue;
    const side = offset(id, width, thick, both);
    along(curve, place, at);
    const [x, y, dx, dy] = at as unknown as [number, number, number, number];
    const px = x - dy * side;
    const py = y + dx * side;
    if (style.out === 'dash') {
      // Cut at both ends, so that a dash does not stand out of its stream.
      const half = Math.min(long / 2, place, 1 - place) * curve.length;
      pen.moveTo(px - dx * half, py - dy * half);
      pen.lineTo(px + dx * half, py + dy * half);
    } else {
      const radius = Math.max(1.2, thick * 0.75);
      pen.moveTo(px + radius, py);
      pen.arc(px, py, radius, 0, turn);
    }
  }
  if (style.out === 'dash') pen.stroke();
  else pen.fill();
  if (!both) return;
  pen.lineWidth = Math.max(1, thick * 0.45);
  pen.beginPath();
  for (let i = 0; i <= count; i += 1) {
    const part = 1 - ((phase % 1) + i) / count;
    if (part < 0) break;
    const place = marks.flipped ? 1 - part : part;
    if (place > reach) continue;
    along(curve, place, at);
    const [x, y, dx, dy] = at as unknown as [number, number, number, number];
    const side = -offset(Math.floor(phase) - i, width, thick, both);
    const radius = Math.max(1.4, thick * 0.8);
    const px = x - dy * side;
    const py = y + dx * side;
    pen.moveTo(px + radius, py);
    pen.arc(px, py, radius, 0, turn);
  }
  pen.stroke();
}

/** Across the stream: spread over a wide one, in the middle of a narrow one; each direction on a half of its own. */
function offset(id: number, width: number, thick: number, both: boolean): number {
  const room = width - thick - 5;
  if (room <= 3) return both ? Math.max(0, width / 4) : 0;
  const spread = (((id * 0.618_034) % 1) + 1) % 1;
  return both ? (spread * 0.42 + 0.04) * room : (spread - 0.5) * room;
}
