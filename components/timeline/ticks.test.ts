import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ticksBeforeNow, ticksOfClock } from './ticks.ts';

describe('ticks', () => {
  it('are few enough, in order, and on the axis', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2_000, max: 7_200_000 }), fc.integer({ min: 2, max: 9 }), (spanMs, most) => {
        for (const ticks of [ticksBeforeNow(spanMs, most), ticksOfClock(1e12, 1e12 + spanMs, most, 60)]) {
          expect(ticks.length).toBeLessThanOrEqual(most + 1);
          expect(ticks.every((tick) => tick.at >= 0 && tick.at <= 1)).toBe(true);
          for (let i = 1; i < ticks.length; i += 1) expect(ticks[i]!.at).toBeGreaterThan(ticks[i - 1]!.at);
        }
      }),
    );
  });

  it('are round: 90 s in six parts, the clock at full seconds', () => {
    expect(ticksBeforeNow(90_000, 6).map((tick) => tick.label)).toEqual(
      [90, 75, 60, 45, 30, 15].map((n) => `\u2212${n}\u202fs`),
    );
    const noon = Date.UTC(2026, 2, 4, 12);
    expect(ticksOfClock(noon + 500, noon + 30_500, 4, 0).map((tick) => tick.label)).toEqual(['12:00:10', '12:00:20']);
  });
});
