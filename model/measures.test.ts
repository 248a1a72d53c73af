import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chiSquared,
  chiSquaredLimit,
  coefficientOfVariation,
  isUneven,
  jain,
  maxOverMean,
  podsAnswering,
  randomJain,
  turnTimeMs,
} from './measures.ts';

/** mulberry32: small, seeded, good enough to throw dice. */
function dice(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function thrown(n: number, k: number, random: () => number): number[] {
  const x = new Array<number>(k).fill(0);
  for (let i = 0; i < n; i++) x[Math.floor(random() * k)]! += 1;
  return x;
}

const counts = fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 30 });

describe('Jain', () => {
  it('lies between 1/k and 1, and knows neither order nor unit', () => {
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 1_000 }), (x, factor) => {
        fc.pre(x.some((value) => value > 0));
        expect(jain(x)).toBeGreaterThanOrEqual(1 / x.length - 1e-12);
        expect(jain(x)).toBeLessThanOrEqual(1 + 1e-12);
        expect(jain(x.map((value) => value * factor))).toBeCloseTo(jain(x), 9);
        expect(jain([...x].reverse())).toBeCloseTo(jain(x), 9);
      }),
    );
  });

  it('is 1 when even, m/k when m of k share evenly, and 1/(1 + cv^2) always', () => {
    expect(jain([7, 7, 7])).toBe(1);
    expect(jain([9, 0, 0, 0, 0])).toBeCloseTo(0.2, 12);
    expect(jain([5, 5, 5, 0, 0])).toBeCloseTo(0.6, 12);
    expect(jain([0, 0])).toBe(0);
    fc.assert(
      fc.property(counts, (x) => {
        fc.pre(x.some((value) => value > 0));
        expect(jain(x)).toBeCloseTo(1 / (1 + coefficientOfVariation(x) ** 2), 9);
      }),
    );
  });

  it('of random spreading is what throwing dice gives', () => {
    const random = dice(7);
    for (const [n, k] of [
      [2, 2],
      [5, 3],
      [20, 5],
      [50, 5],
      [100, 10],
      [2000, 5],
      [500, 30],
    ] as const) {
      const rounds = 4_000;
      let sum = 0;
      let squares = 0;
      for (let i = 0; i < rounds; i++) {
        const j = jain(thrown(n, k, random));
        sum += j;
        squares += j * j;
      }
      const mean = sum / rounds;
      const error = Math.sqrt(Math.max(0, squares / rounds - mean * mean) / rounds);
      // Four standard errors, and what the expansion leaves out at tiny samples.
      expect(Math.abs(randomJain(n, k) - mean), `n ${n}, k ${k}`).toBeLessThan(4 * error + 0.02 / Math.sqrt(n));
    }
  });

  it('of random spreading grows with the sample, exact at its ends', () => {
    expect(randomJain(1, 5)).toBeCloseTo(0.2, 12);
    expect(randomJain(1_000, 1)).toBe(1);
    expect(randomJain(0, 5)).toBe(0);
    expect(randomJain(2_000, 5)).toBeCloseTo(0.998, 3);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 100 }), (n, k) => {
        expect(randomJain(n + 1, k)).toBeGreaterThanOrEqual(randomJain(n, k) - 1e-12);
        expect(randomJain(n, k)).toBeLessThanOrEqual(1);
        expect(randomJain(n, k)).toBeGreaterThanOrEqual(1 / k - 1e-12);
      }),
    );
  });
});

describe('others', () => {
  it('max over mean is 1 when even and k when all is on one', () => {
    expect(maxOverMean([4, 4])).toBe(1);
    expect(maxOverMean([9, 0, 0])).toBe(3);
    expect(maxOverMean([0, 0])).toBe(0);
  });

  it('counts who answers, and what a turn costs', () => {
    expect(podsAnswering([3, 0, 1])).toBe(2);
    expect(turnTimeMs(5, 200)).toBe(25);
    expect(turnTimeMs(5, 0)).toBe(0);
  });

  it('chi-squared limits are those of the tables (0.9999)', () => {
    expect(chiSquared([10, 10, 10])).toBe(0);
    for (const [degrees, value] of [
      [1, 15.137],
      [2, 18.421],
      [4, 23.513],
      [9, 33.72],
    ] as const) {
      // The approximation is on the careful side for few degrees.
      expect(chiSquaredLimit(degrees) / value).toBeGreaterThan(0.99);
      expect(chiSquaredLimit(degrees) / value).toBeLessThan(degrees < 4 ? 1.08 : 1.03);
    }
  });

  it('random spreading is never called uneven, round robin neither, a real skew always', () => {
    const random = dice(11);
    let wrong = 0;
    for (let i = 0; i < 3_000; i++) if (isUneven(thrown(200, 5, random))) wrong += 1;
    expect(wrong).toBeLessThanOrEqual(3);
    expect(isUneven([334, 333, 333])).toBe(false);
    expect(isUneven([1_000_000, 1_010_000])).toBe(false);
    expect(isUneven([200, 0, 0])).toBe(true);
    expect(isUneven([400, 300, 300])).toBe(true);
    expect(isUneven([4, 3, 3])).toBe(false);
  });
});
