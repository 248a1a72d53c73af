import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crossings, pack, portOrder, stack } from './ports.ts';

describe('pack', () => {
  it('gives each its wish where there is room', () => {
    expect(
      pack(
        [
          { at: 10, size: 8 },
          { at: 40, size: 8 },
        ],
        0,
        50,
        3,
      ),
    ).toEqual([
      { at: 10, size: 8 },
      { at: 40, size: 8 },
    ]);
  });

  it('never overlaps, never leaves the edge, and keeps the order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.integer({ min: -20, max: 120 }), size: fc.integer({ min: 0, max: 70 }) }), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.integer({ min: 10, max: 100 }),
        (wishes, length) => {
          const placed = pack(wishes, 0, length, 3);
          placed.forEach((each, i) => {
            expect(each.at - each.size / 2).toBeGreaterThanOrEqual(-1e-6);
            expect(each.at + each.size / 2).toBeLessThanOrEqual(length + 1e-6);
            const next = placed[i + 1];
            if (next !== undefined) expect(each.at + each.size / 2).toBeLessThanOrEqual(next.at - next.size / 2 + 1e-6);
          });
        },
      ),
    );
  });

  it('shrinks all alike where they do not fit', () => {
    const [a, b] = pack(
      [
        { at: 5, size: 40 },
        { at: 5, size: 20 },
      ],
      0,
      33,
      3,
    );
    expect((a?.size ?? 0) / (b?.size ?? 1)).toBeCloseTo(2);
    expect((a?.size ?? 0) + (b?.size ?? 0)).toBeCloseTo(30);
  });
});

describe('stack', () => {
  it('conserves what flows: without gaps, around its centre', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 60, noNaN: true }), { minLength: 1, maxLength: 30 }), (sizes) => {
        const placed = stack(sizes, 100);
        const first = placed[0] as { at: number; size: number };
        const last = placed[placed.length - 1] as { at: number; size: number };
        const total = sizes.reduce((sum, size) => sum + size, 0);
        expect(last.at + last.size / 2 - (first.at - first.size / 2)).toBeCloseTo(total, 6);
        expect((last.at + last.size / 2 + first.at - first.size / 2) / 2).toBeCloseTo(100, 6);
      }),
    );
  });
});

describe('the order of ports', () => {
  it('crosses least: no other order of the lanes on any pod is better', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { minLength: 2, maxLength: 3 }),
        fc.integer({ min: 2, max: 4 }),
        (origins, pods) => {
          // Every lane has a stream to every pod; ports lie in the order given.
          const count = (orderOf: (pod: number) => number[]) =>
            crossings(
              Array.from({ length: pods }, (_, pod) =>
                orderOf(pod).map((origin, i) => ({ origin, port: pod * 100 + i * 10 })),
              ).flat(),
            );
          const best = count(() => portOrder(origins, (origin) => origin));
          const orders = permutations(origins);
          const choices = orders.length ** pods;
          for (let choice = 0; choice < Math.min(choices, 500); choice += 1) {
            const orderOf = (pod: number) =>
              orders[Math.floor(choice / orders.length ** pod) % orders.length] as number[];
            expect(count(orderOf)).toBeGreaterThanOrEqual(best);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('two full fans of five cross ten times, not more', () => {
    const lines = Array.from({ length: 5 }, (_, pod) => [
      { origin: 100, port: pod * 70 },
      { origin: 300, port: pod * 70 + 30 },
    ]).flat();
    expect(crossings(lines)).toBe(10);
  });
});

function permutations(items: number[]): number[][] {
  if (items.length < 2) return [items];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}
