import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  actual,
  edgeOf,
  fromQuery,
  type Limits,
  pan,
  presetOf,
  span,
  toQuery,
  usual,
  type View,
  zoom,
} from './window.ts';

const limits: Limits = { startMs: 1_000_000_000, nowMs: 1_000_000_000 + 2_400_000 };
const views = fc
  .record({
    spanMs: fc.integer({ min: 2_000, max: 2_400_000 }),
    back: fc.option(fc.integer({ min: 0, max: 2_400_000 })),
  })
  .map(({ spanMs, back }): View => pan(span(usual, spanMs, limits), -(back ?? 0), limits));

describe('zoom', () => {
  it('keeps the instant under the pointer, unless the edges of the run are in the way', () => {
    fc.assert(
      fc.property(
        views,
        fc.double({ min: 0.5, max: 0.99, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (view, factor, at) => {
          const before = edgeOf(view, limits) - (1 - at) * view.spanMs;
          const after = zoom(view, factor, at, limits);
          if (after.edgeMs === undefined || after.spanMs <= 2_000) return;
          expect(after.edgeMs - (1 - at) * after.spanMs).toBeCloseTo(before, 3);
        },
      ),
    );
  });

  it('keeps now at the edge while now is what is looked at', () => {
    expect(zoom(usual, 0.5, 0.97, limits)).toEqual({ spanMs: 45_000, edgeMs: undefined });
    expect(zoom(usual, 0.5, 0.3, limits).edgeMs).toBeLessThan(limits.nowMs);
  });

  it('never shows less than two seconds', () => {
    expect(zoom(usual, 1e-6, 1, limits).spanMs).toBe(2_000);
  });
});

describe('pan', () => {
  it('never leaves the run, and follows again at its end', () => {
    fc.assert(
      fc.property(views, fc.integer({ min: -10_000_000, max: 10_000_000 }), (view, by) => {
        const after = pan(view, by, limits);
        const edge = edgeOf(after, limits);
        expect(edge).toBeLessThanOrEqual(limits.nowMs);
        expect(edge - after.spanMs).toBeGreaterThanOrEqual(Math.min(limits.startMs, limits.nowMs - after.spanMs) - 1);
      }),
    );
    expect(pan(pan(usual, -600_000, limits), 700_000, limits)).toEqual(usual);
  });

  it('of the whole run stays where it is', () => {
    expect(pan(span(usual, Number.POSITIVE_INFINITY, limits), -100_000, limits).edgeMs).toBeUndefined();
  });
});

describe('the URL', () => {
  it('brings back what it was made of', () => {
    fc.assert(
      fc.property(views, (view) => {
        const query = new URLSearchParams(
          Object.entries(toQuery(view)).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
        );
        const back = fromQuery(query).view;
        expect(Math.abs(back.spanMs - view.spanMs)).toBeLessThanOrEqual(50);
        if (view.edgeMs === undefined) expect(back.edgeMs).toBeUndefined();
        else expect(Math.abs((back.edgeMs ?? 0) - view.edgeMs)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('of nonsense is the usual view', () => {
    for (const query of [
      'from=never&to=now',
      'span=-3',
      'from=2026-01-01T00:00:10Z&to=2026-01-01T00:00:00Z',
      'span=x',
    ]) {
      expect(fromQuery(new URLSearchParams(query)).view).toEqual(usual);
    }
  });
});

describe('presets', () => {
  it('are recognised, and "all" grows with the run', () => {
    expect(presetOf(usual, limits)).toBe('90s');
    const all = span(usual, Number.POSITIVE_INFINITY, limits);
    expect(presetOf(all, limits)).toBe('all');
    expect(actual(all, limits).spanMs).toBe(2_400_000);
    expect(actual(all, { ...limits, nowMs: limits.nowMs + 60_000 }).spanMs).toBe(2_460_000);
    expect(presetOf({ spanMs: 77_000, edgeMs: undefined }, limits)).toBeUndefined();
  });
});
