import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Hanging, type Manner, placeLabels, widthOf } from './place.ts';

describe('placeLabels', () => {
  it('puts a short bracket beside its arrow, a long one inside', () => {
    const short: Hanging = { x0: 100, x1: 130, label: 60, short: 60, full: 200 };
    const long: Hanging = { x0: 100, x1: 800, label: 60, short: 60, full: 200 };
    expect(placeLabels([short], 900)).toEqual([{ left: 137, show: 'full' }]);
    expect(placeLabels([long], 900)).toEqual([{ left: 107, show: 'full' }]);
  });

  it('keeps the newest inside the picture when it hangs on the edge', () => {
    const [placed] = placeLabels([{ x0: 890, x1: 900, label: 60, short: 60, full: 200 }], 900, 'across');
    expect(placed?.show).toBe('short');
    expect((placed?.left ?? 0) + 60).toBeLessThanOrEqual(900);
  });

  it('lays a young bracket’s label across its line, never on the side where nothing is counted', () => {
    for (const x0 of [899, 880, 850]) {
      const [placed] = placeLabels([{ x0, x1: 900, label: 90, short: 40, full: 200 }], 900, 'across');
      expect(placed?.show).toBe('short');
      expect((placed?.left ?? 0) + 40).toBeGreaterThan(x0);
      expect((placed?.left ?? 0) + 40).toBeLessThanOrEqual(900);
    }
  });

  it('turns a flag to the left of its line where the right has no room', () => {
    const [older, newer] = placeLabels(
      [
        { x0: 100, x1: 100, label: 60, short: 60, full: 200 },
        { x0: 850, x1: 850, label: 100, short: 100, full: 220 },
      ],
      900,
    );
    expect(older).toEqual({ left: 107, show: 'full' });
    expect(newer).toEqual({ left: 850 - 7 - 220, show: 'full' });
  });

  it('lets no text cover another', () => {
    const item = fc
      .tuple(fc.integer({ min: -200, max: 900 }), fc.integer({ min: 0, max: 900 }), fc.integer({ min: 20, max: 120 }))
      .map(([x0, length, label]): Hanging => ({ x0, x1: x0 + length, label, short: label / 2, full: label * 3 }));
    fc.assert(
      fc.property(fc.array(item, { maxLength: 8 }), fc.constantFrom('beside', 'across'), (items, manner) => {
        const sorted = items.sort((a, b) => a.x0 - b.x0);
        const spans = placeLabels(sorted, 900, manner as Manner).flatMap((each, i) => {
          if (each.show === 'none') return [];
          return [{ from: each.left, to: each.left + widthOf(sorted[i] as Hanging, each.show) }];
        });
        for (let i = 1; i < spans.length; i += 1) {
          expect((spans[i - 1] as { to: number }).to).toBeLessThanOrEqual((spans[i] as { from: number }).from);
        }
      }),
    );
  });
});
