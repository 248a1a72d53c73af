import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketCount, bucketOf, lowerBound, Merged, maxUs, relativeError, toSparse } from './histogram.ts';

const value = fc.oneof(
  fc.integer({ min: 0, max: 5_000 }),
  fc.integer({ min: 0, max: 2 ** 31 }),
  fc.integer({ min: 0, max: maxUs - 1 }),
);
const quantile = fc.integer({ min: 0, max: 1_000 }).map((n) => n / 1_000);
const values = fc.array(value, { minLength: 1, maxLength: 200 });

function histogram(all: number[]) {
  const counts = new Array<number>(bucketCount).fill(0);
  for (const v of all) counts[bucketOf(v)]! += 1;
  return toSparse(counts, Math.max(...all));
}

describe('buckets', () => {
  it('put a value between its bucket and the next, within the stated error', () => {
    fc.assert(
      fc.property(value, (us) => {
        const bucket = bucketOf(us);
        const low = lowerBound(bucket);
        const high = lowerBound(bucket + 1);
        expect(low).toBeLessThanOrEqual(us);
        expect(us).toBeLessThan(high);
        // The farthest that any other value of the bucket can be.
        expect(Math.max(us - low, high - 1 - us)).toBeLessThanOrEqual(us * relativeError);
      }),
      { numRuns: 2_000 },
    );
  });

  it('are without gaps: each lower bound is in its own bucket, one less is in the bucket before', () => {
    for (let b = 1; b < bucketCount; b++) {
      expect(bucketOf(lowerBound(b))).toBe(b);
      expect(bucketOf(lowerBound(b) - 1)).toBe(b - 1);
    }
  });

  it('take what is out of range at the ends', () => {
    expect(bucketOf(-3)).toBe(0);
    expect(bucketOf(Number.NaN)).toBe(0);
    expect(bucketOf(0.7)).toBe(0);
    expect(bucketOf(31.9)).toBe(31);
    expect(bucketOf(maxUs)).toBe(bucketCount - 1);
    expect(bucketOf(Number.MAX_SAFE_INTEGER)).toBe(bucketCount - 1);
  });
});

describe('merging', () => {
  it('is the sum, in any order', () => {
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 5 }), (parts) => {
        const merged = new Merged();
        for (const part of [...parts].reverse()) merged.add(histogram(part));
        const whole = new Merged().add(histogram(parts.flat()));
        expect(merged.count).toBe(parts.flat().length);
        expect(merged.max).toBe(Math.max(...parts.flat()));
        expect(merged.toHistogram()).toEqual(whole.toHistogram());
      }),
    );
  });

  it('comes back from its sparse form unchanged', () => {
    fc.assert(
      fc.property(values, (all) => {
        expect(new Merged().add(histogram(all)).toHistogram()).toEqual(histogram(all));
      }),
    );
  });

  it('counts nothing as nothing', () => {
    const empty = new Merged().add(undefined).add(toSparse([], 0));
    expect([empty.count, empty.max, empty.quantile(0.99)]).toEqual([0, 0, 0]);
  });
});

describe('quantiles', () => {
  it('never fall, never pass the maximum, and are within the stated error of the true rank', () => {
    fc.assert(
      fc.property(values, quantile, quantile, (all, a, b) => {
        const merged = new Merged().add(histogram(all));
        const [low, high] = a < b ? [a, b] : [b, a];
        expect(merged.quantile(low)).toBeLessThanOrEqual(merged.quantile(high));
        expect(merged.quantile(1)).toBeLessThanOrEqual(merged.max);
        const sorted = [...all].sort((x, y) => x - y);
        const exact = sorted[Math.max(0, Math.ceil(high * all.length) - 1)]!;
        expect(Math.abs(merged.quantile(high) - exact)).toBeLessThanOrEqual(exact * relativeError);
      }),
      { numRuns: 1_000 },
    );
  });
});
