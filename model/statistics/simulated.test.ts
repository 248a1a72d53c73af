import { describe, expect, it } from 'vitest';
import { evenTest, sameSpreadTest } from './chi-squared.ts';
import { countBounds } from './counts.ts';
import { clopperPearson, shareDifference } from './proportions.ts';
import { quantileBounds } from './quantiles.ts';
import { hits, seeded, thrown } from './random.ts';

/**
 * Each test is held to the error rate it states, over many simulated runs with a fixed seed. What is counted over N runs
 * is itself a binomial count, so it is held to the exact bounds of that count: with this seed the outcome is fixed, and
 * a change of the arithmetic that breaks the rate shows.
 */
const runs = 4_000;

/** Whether a rate that was seen over the runs agrees with the stated one. */
function agrees(wrong: number, stated: number): void {
  const { low, high } = clopperPearson(wrong, runs, 1e-6);
  expect({ rate: wrong / runs, low: low <= stated, high: high >= stated }).toEqual({
    rate: wrong / runs,
    low: true,
    high: true,
  });
}

/** An upper bound may be kept better than stated, never worse. */
function atMost(wrong: number, stated: number): void {
  const { low } = clopperPearson(wrong, runs, 1e-6);
  expect({ rate: wrong / runs, kept: low <= stated }).toEqual({ rate: wrong / runs, kept: true });
}

function count(seed: number, isWrong: (random: () => number) => boolean): number {
  const random = seeded(seed);
  let wrong = 0;
  for (let run = 0; run < runs; run++) if (isWrong(random)) wrong += 1;
  return wrong;
}

describe('a truly random spread is called uneven as often as stated', () => {
  it.each([
    [300, 3, 0.05],
    [300, 3, 0.01],
    [500, 5, 0.05],
    [100, 10, 0.05],
    [1_000, 3, 0.001],
  ])('%i calls over %i pods at %f', (calls, pods, rate) => {
    const weights = new Array<number>(pods).fill(1);
    agrees(
      count(calls + pods, (random) => evenTest(thrown(calls, weights, random)).p < rate),
      rate,
    );
  });
});

it('turns are never called uneven, whatever remains at the end', () => {
  const random = seeded(3);
  for (let run = 0; run < runs; run++) {
    const pods = 2 + Math.floor(random() * 9);
    const calls = pods * 5 + Math.floor(random() * 500);
    const spread = new Array<number>(pods).fill(Math.floor(calls / pods)).map((n, i) => n + (i < calls % pods ? 1 : 0));
    expect(evenTest(spread).p).toBeGreaterThan(0.1);
  }
});

it('a pod that gets half of its share is found: power at 500 calls, three pods, error rate 0.0001', () => {
  const missed = count(7, (random) => evenTest(thrown(500, [1, 1, 0.5], random)).p >= 1e-4);
  expect(missed / runs).toBeLessThan(0.01);
});

it('two samples of one spread are told apart as often as stated', () => {
  agrees(
    count(11, (random) => sameSpreadTest(thrown(400, [3, 2, 1], random), thrown(300, [3, 2, 1], random)).p < 0.05),
    0.05,
  );
});

describe('exact bounds miss the true share at most as often as stated', () => {
  it.each([
    [50, 0.1],
    [400, 0.99],
    [400, 0.005],
    [30, 0.5],
  ])('%i calls, share %f', (n, share) => {
    const wrong = count(n + share * 1_000, (random) => {
      const { low, high } = clopperPearson(hits(n, share, random), n, 0.05);
      return share < low || share > high;
    });
    atMost(wrong, 0.05);
  });
});

it('the difference of two shares: missed as often as stated, give or take a percent', () => {
  const wrong = count(17, (random) => {
    const a = { hits: hits(200, 0.3, random), n: 200 };
    const b = { hits: hits(300, 0.2, random), n: 300 };
    const { low, high } = shareDifference(a, b, 0.05);
    return low > 0.1 || high < 0.1;
  });
  // Newcombe's bounds are right on average, not for each pair of shares.
  expect(wrong / runs).toBeGreaterThan(0.03);
  expect(wrong / runs).toBeLessThan(0.065);
});

it('bounds of a count miss its mean at most as often as stated', () => {
  const wrong = count(19, (random) => {
    // Poisson by Knuth's product.
    let n = 0;
    for (let p = random(); p > Math.exp(-6); p *= random()) n += 1;
    const { low, high } = countBounds(n, 0.05);
    return low > 6 || high < 6;
  });
  atMost(wrong, 0.05);
});

it('bounds of a median miss it at most as often as stated', () => {
  const wrong = count(23, (random) => {
    const values = Array.from({ length: 25 }, () => -Math.log(1 - random()));
    const { low, high } = quantileBounds(values, 0.5, 0.05);
    return low > Math.LN2 || high < Math.LN2;
  });
  atMost(wrong, 0.05);
});
