import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { betaI, inverseBeta } from './beta.ts';
import { chiSquaredQuantile, evenTest, sameSpreadTest } from './chi-squared.ts';
import { countBounds } from './counts.ts';
import { gammaP, gammaQ, inverseGammaP, lnGamma } from './gamma.ts';
import { clopperPearson, normalQuantile, shareDifference } from './proportions.ts';
import { quantileBounds } from './quantiles.ts';

describe('against published tables', () => {
  it('ln gamma', () => {
    expect(lnGamma(1)).toBeCloseTo(0, 12);
    expect(lnGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 12);
    expect(lnGamma(10)).toBeCloseTo(Math.log(362_880), 10);
    expect(lnGamma(100)).toBeCloseTo(359.134_205_369_575_4, 8);
  });
  it.each([
    // degrees, error rate, quantile (NIST's table of critical values)
    [1, 0.05, 3.841],
    [2, 0.05, 5.991],
    [2, 0.001, 13.816],
    [4, 0.01, 13.277],
    [9, 0.001, 27.877],
    [50, 0.05, 67.505],
    [100, 0.01, 135.807],
  ])('chi-squared with %i degrees at %f is %f', (degrees, rate, quantile) => {
    expect(chiSquaredQuantile(degrees, rate)).toBeCloseTo(quantile, 2);
  });
  it('Clopper and Pearson: 10 of 100, 0 of 20 and 20 of 20 at 5 %', () => {
    expect(clopperPearson(10, 100, 0.05).low).toBeCloseTo(0.049, 4);
    expect(clopperPearson(10, 100, 0.05).high).toBeCloseTo(0.1762, 4);
    expect(clopperPearson(0, 20, 0.05)).toEqual({ low: 0, high: expect.closeTo(0.1684, 4) });
    // With all hits the lower bound is (errorRate / 2)^(1/n).
    expect(clopperPearson(20, 20, 0.05)).toEqual({ low: expect.closeTo(0.025 ** (1 / 20), 9), high: 1 });
    expect(clopperPearson(0, 0, 0.05)).toEqual({ low: 0, high: 1 });
  });
  it('Garwood: 0 and 10 seen, at 5 %', () => {
    expect(countBounds(0, 0.05)).toEqual({ low: 0, high: expect.closeTo(3.689, 3) });
    expect(countBounds(10, 0.05)).toEqual({ low: expect.closeTo(4.795, 3), high: expect.closeTo(18.39, 3) });
  });
  it('Newcombe’s own example: 56 of 70 against 48 of 80', () => {
    expect(shareDifference({ hits: 56, n: 70 }, { hits: 48, n: 80 }, 0.05)).toEqual({
      difference: expect.closeTo(0.2, 9),
      low: expect.closeTo(0.0524, 4),
      high: expect.closeTo(0.3339, 4),
    });
  });
  it('normal quantiles', () => {
    expect(normalQuantile(0.975)).toBeCloseTo(1.959_964, 5);
    expect(normalQuantile(0.5)).toBeCloseTo(0, 9);
    expect(normalQuantile(1e-6)).toBeCloseTo(-4.753_424, 4);
  });
  it('bounds of a median by ranks: of 10 values the 2nd and the 9th at 5 %; of 5 none', () => {
    const values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    expect(quantileBounds(values, 0.5, 0.05)).toEqual({ low: 2, high: 9 });
    expect(quantileBounds([1, 2, 3, 4, 5], 0.5, 0.05)).toEqual({
      low: Number.NEGATIVE_INFINITY,
      high: Number.POSITIVE_INFINITY,
    });
  });
  it('a spread of 10 over three pods cannot be even', () => {
    expect(evenTest([400, 300, 300])).toMatchObject({ statistic: expect.closeTo(20, 9), degrees: 2 });
    expect(evenTest([400, 300, 300]).p).toBeCloseTo(Math.exp(-10), 9);
    expect(evenTest([7])).toEqual({ statistic: 0, degrees: 0, p: 1 });
    expect(evenTest([])).toEqual({ statistic: 0, degrees: 0, p: 1 });
  });
  it('the same spread at another scale is the same; another one is not', () => {
    expect(sameSpreadTest([100, 200, 300], [200, 400, 600]).p).toBeCloseTo(1, 9);
    expect(sameSpreadTest([300, 300, 300], [900, 0, 0]).p).toBeLessThan(1e-50);
    expect(sameSpreadTest([10, 0], [20, 0])).toMatchObject({ degrees: 0, p: 1 });
  });
});

describe('for all values', () => {
  const a = fc.double({ min: 0.5, max: 5_000, noNaN: true });
  const p = fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true });
  it('P and Q add up, rise and fall', () => {
    fc.assert(
      fc.property(a, fc.double({ min: 0, max: 10_000, noNaN: true }), (shape, x) => {
        expect(gammaP(shape, x) + gammaQ(shape, x)).toBeCloseTo(1, 9);
        expect(gammaP(shape, x * 1.01)).toBeGreaterThanOrEqual(gammaP(shape, x) - 1e-12);
      }),
    );
  });
  it('an inverse is one', () => {
    fc.assert(
      fc.property(a, p, (shape, q) => {
        expect(gammaP(shape, inverseGammaP(shape, q))).toBeCloseTo(q, 6);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 5_000 }), p, (x, y, q) => {
        expect(betaI(x, y, inverseBeta(x, y, q))).toBeCloseTo(q, 6);
      }),
    );
  });
  it('exact bounds hold the share that was seen, and close in with the sample', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 1, max: 1_000 }), (hits, more) => {
        const n = hits + more;
        const { low, high } = clopperPearson(hits, n, 0.01);
        expect(low).toBeLessThanOrEqual(hits / n);
        expect(high).toBeGreaterThanOrEqual(hits / n);
        const larger = clopperPearson(hits * 10, n * 10, 0.01);
        expect(larger.high - larger.low).toBeLessThan(high - low);
      }),
    );
  });
});
