import { expect, test } from 'vitest';
import { edgeOf, type Point, placed } from './place.ts';

const room = { width: 1280, height: 720 };
const size = { width: 236, height: 76 };
const overlaps = (a: Point, b: Point) => Math.abs(a.x - b.x) < size.width && Math.abs(a.y - b.y) < size.height;

test('each caption stands beside its point, none over another or over a point', () => {
  const points = [
    { x: 270, y: 190 },
    { x: 820, y: 120 },
    { x: 640, y: 400 },
    { x: 320, y: 540 },
    { x: 300, y: 30 },
  ];
  const at = placed(
    points,
    points.map(() => size),
    room,
  );
  at.forEach((a, i) => {
    expect(at.slice(i + 1).some((b) => overlaps(a, b))).toBe(false);
    for (const { x, y } of points)
      expect(x > a.x && x < a.x + size.width && y > a.y && y < a.y + size.height).toBe(false);
    const own = points[i] as Point;
    const edge = edgeOf(own, a, size);
    expect(Math.hypot(edge.x - own.x, edge.y - own.y)).toBeLessThan(60);
  });
});

test('stays on the screen in its corners', () => {
  for (const x of [0, 1280])
    for (const y of [0, 720]) {
      const [at] = placed([{ x, y }], [size], room) as [Point];
      expect(at.x).toBeGreaterThan(0);
      expect(at.x + size.width).toBeLessThan(1280);
      expect(at.y).toBeGreaterThan(0);
      expect(at.y + size.height).toBeLessThan(720);
    }
});
