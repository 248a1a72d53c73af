export type Point = { x: number; y: number };
export type Size = { width: number; height: number };
type Rect = Point & Size;

/** From the point that a caption is about to its edge. */
const away = 26;
/** Captions keep this much between each other and from the edge of the screen. */
const apart = 10;

/** Where captions go: each beside its point, none over another one nor over another one's point. */
export function placed(points: readonly Point[], sizes: readonly Size[], room: Size): Point[] {
  const taken: Rect[] = [];
  return points.map((point, i) => {
    const size = sizes[i] ?? { width: 0, height: 0 };
    const others = points.filter((each) => each !== point);
    const cost = (rect: Rect) =>
      taken.reduce((sum, each) => sum + overlap(each, rect), 0) +
      others.filter((each) => holds(rect, each)).length * 5_000 +
      (holds(rect, point) ? 20_000 : 0);
    const best = around(point, size)
      .map((rect) => within(rect, room))
      .reduce((least, rect) => (cost(rect) < cost(least) ? rect : least));
    taken.push(best);
    return { x: best.x, y: best.y };
  });
}

/** Below, above, right, left; then with the corner at the point. */
function around({ x, y }: Point, { width, height }: Size): Rect[] {
  const [centre, middle] = [x - width / 2, y - height / 2];
  const [left, right, above, below] = [x - away - width, x + away, y - away - height, y + away];
  return [
    { x: centre, y: below },
    { x: centre, y: above },
    { x: right, y: middle },
    { x: left, y: middle },
    { x: right, y: below },
    { x: left, y: below },
    { x: right, y: above },
    { x: left, y: above },
  ].map((at) => ({ ...at, width, height }));
}

function within(rect: Rect, room: Size): Rect {
  return {
    ...rect,
    x: Math.max(apart, Math.min(rect.x, room.width - rect.width - apart)),
    y: Math.max(apart, Math.min(rect.y, room.height - rect.height - apart)),
  };
}

function overlap(a: Rect, b: Rect): number {
  const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) + apart;
  const down = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) + apart;
  return across > 0 && down > 0 ? across * down : 0;
}

function holds(rect: Rect, { x, y }: Point): boolean {
  const edge = 14;
  return x > rect.x - edge && x < rect.x + rect.width + edge && y > rect.y - edge && y < rect.y + rect.height + edge;
}

/** Where a line from the point meets the caption: nothing of it runs under the words. */
export function edgeOf(point: Point, at: Point, size: Size): Point {
  return {
    x: Math.max(at.x, Math.min(point.x, at.x + size.width)),
    y: Math.max(at.y, Math.min(point.y, at.y + size.height)),
  };
}
