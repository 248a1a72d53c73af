import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Hanging, placeLabels, widthOf } from './place.ts';

describe('placeLabels', () => {
  it('puts a short bracket beside its arrow, a long one inside', () => {
    const short: Hanging = { x0: 100, x1: 130, label: 60, short: 60, full: 200 };
    const long: Hanging = { x0: 100, x1: 800, label: 60, short: 60, full: 200 };
    expect(placeLabels([short], 900)).toEqual([{ left: 137, show: 'full' }]);
    expect(placeLabels([long], 900)).toEqual([{ left: 107, show: 'full' }]);
  });

  it('keeps the newest inside the picture when it hangs on the edge', () => {
    const [placed] = placeLabels([{ x0: 890, x1: 900, label: 60, short: 60, full: 200 }], 900);
    expect(placed?.show).toBe('short');
    expect((placed?.left ?? 0) + 60).toBeLessThanOrEqual(900);
  });

  it('lets no text cover another', () => {
    const item = fc
      .tuple(fc.integer({ min: -200, max: 900 }), fc.integer({ min: 0, max: 900 }), fc.integer({ min: 20, max: 120 }))
      .map(([x0, length, label]): Hanging => ({ x0, x1: x0 + length, label, short: label / 2, full: label * 3 }));
    fc.assert(
      fc.property(fc.array(item, { maxLength: 8 }), (items) => {
        const sorted = items.sort((a, b) => a.x0 - b.x0);
        const spans = placeLabels(sorted, 900).flatMap((each, i) => {
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
