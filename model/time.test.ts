import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bindNumbers, clockText, duration, fromMs, plainDuration, toMs, wholeSeconds } from './time.ts';

describe('timestamps', () => {
  it('keeps microseconds both ways', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_000_000_000 }),
        fc.integer({ min: 0, max: 999_999 }),
        (seconds, micros) => {
          const ts = {
            $typeName: 'google.protobuf.Timestamp' as const,
            seconds: BigInt(seconds),
            nanos: micros * 1000,
          };
          expect(fromMs(toMs(ts))).toMatchObject({ seconds: BigInt(seconds), nanos: micros * 1000 });
        },
      ),
    );
  });

  it('carries a rounded-up second over', () => {
    expect(fromMs(1_999.9999)).toMatchObject({ seconds: 2n, nanos: 0 });
    expect(fromMs(-0.5)).toMatchObject({ seconds: -1n, nanos: 999_500_000 });
  });

  it('reads an absent one as 0', () => expect(toMs(undefined)).toBe(0));
});

describe('durations', () => {
  it.each([
    [0, '0 ms'],
    [0.04, '0 ms'],
    [0.42, '0.4 ms'],
    [8.2, '8 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [3_862, '3.9 s'],
    [9_949, '9.9 s'],
    [9_960, '10 s'],
    [47_200, '47 s'],
    [59_600, '1 min'],
    [400_000, '6 min 40 s'],
    [7_500_000, '2 h 5 min'],
    [7_199_999, '2 h'],
    [90_000_000, '1 d 1 h'],
    [-3, '\u22123 ms'],
    [-0.01, '0 ms'],
    [Number.POSITIVE_INFINITY, 'never'],
  ])('%d is "%s"', (ms, text) => expect(plainDuration(ms)).toBe(text));

  it('never breaks on screen', () => {
    expect(duration(400_000)).toBe('6\u202fmin\u00a040\u202fs');
    expect(bindNumbers('New pods have idled for 47 s: scaled 3 → 5, 14 calls lost')).toBe(
      'New pods have idled for 47\u202fs: scaled 3\u00a0→\u00a05, 14\u00a0calls lost',
    );
    expect(bindNumbers('3 some')).toBe('3 some');
  });

  it('never falls as time grows, when read back', () => {
    const back = (text: string) => {
      const unit: Record<string, number> = { ms: 1, s: 1e3, min: 6e4, h: 36e5, d: 864e5 };
      const words = text.split(' ');
      let sum = 0;
      for (let i = 0; i < words.length; i += 2) sum += Number(words[i]) * unit[words[i + 1]!]!;
      return sum;
    };
    const ms = fc
      .oneof(fc.integer({ min: 0, max: 1_000_000_000 }), fc.integer({ min: 0, max: 100_000 }))
      .map((n) => n * 0.7);
    fc.assert(
      fc.property(ms, ms, (a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        expect(back(plainDuration(low))).toBeLessThanOrEqual(back(plainDuration(high)));
      }),
    );
  });
});

describe('clock', () => {
  it('cuts tenths and wraps at midnight', () => {
    expect(clockText(Date.UTC(2026, 0, 1, 14, 32, 7, 99))).toBe('14:32:07.0');
    expect(clockText(Date.UTC(2026, 0, 1, 23, 59, 59, 999), 60)).toBe('00:59:59.9');
    expect(clockText(Date.UTC(2026, 0, 1, 0, 10), -30)).toBe('23:40:00.0');
  });
});

it('counts ages in whole seconds', () => {
  expect([-5, 900, 8_999, 10_400, 61_900].map(wholeSeconds)).toEqual([
    '0\u202fs',
    '0\u202fs',
    '8\u202fs',
    '10\u202fs',
    '1\u202fmin\u00a01\u202fs',
  ]);
});
