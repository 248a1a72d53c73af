import { expect, test } from 'vitest';
import { ConnectionAge, noLimits } from './connection-age.ts';

/** Time that moves when told to. */
function bench(random = 0.5, ageMs = Number.POSITIVE_INFINITY, graceMs = Number.POSITIVE_INFINITY) {
  let now = 0;
  let timers: { at: number; run: () => void }[] = [];
  const told: string[] = [];
  const age = new ConnectionAge(
    {
      now: () => now,
      setTimeout(run, ms) {
        const timer = { at: now + ms, run };
        timers.push(timer);
        return { cancel: () => (timers = timers.filter((other) => other !== timer)) };
      },
      random: () => random,
    },
    { ageMs, graceMs },
    () => told.push(`old at ${now}`),
    () => told.push(`cut at ${now}`),
  );
  return {
    age,
    told,
    pending: () => timers.length,
    until(at: number) {
      for (;;) {
        const next = timers.filter((timer) => timer.at <= at).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        timers = timers.filter((timer) => timer !== next);
        now = next.at;
        next.run();
      }
      now = at;
    },
  };
}

test('old at its age, +-10 % by the draw, and cut when the grace is over (gRFC A9)', () => {
  for (const [random, at] of [
    [0, 9_000],
    [0.5, 10_000],
    [1, 11_000],
  ] as const) {
    const b = bench(random, 10_000, 2_000);
    b.until(60_000);
    expect(b.told.map((what) => what.replace(/\.\d+/, ''))).toEqual([`old at ${at}`, `cut at ${at + 2_000}`]);
    expect(b.pending()).toBe(0);
  }
});

test('without limits nothing happens, and the grace is for ever by default', () => {
  const none = bench();
  none.until(86_400_000);
  expect(none.told).toEqual([]);
  expect(none.pending()).toBe(0);
  const aged = bench(0.5, 1_000);
  aged.until(86_400_000);
  expect(aged.told).toEqual(['old at 1000']);
});

test('limits that change count from the beginning: what is older goes at once', () => {
  const b = bench();
  b.until(5_000);
  b.age.apply({ ageMs: 8_000, graceMs: 1_000 });
  b.until(6_000);
  b.age.apply({ ageMs: 3_000, graceMs: 1_000 });
  b.until(6_500);
  expect(b.told).toEqual(['old at 6000']);
  // It has been told to go; a longer grace still counts from then.
  b.age.apply({ ageMs: 3_000, graceMs: 4_000 });
  b.until(20_000);
  expect(b.told).toEqual(['old at 6000', 'cut at 10000']);
});

test('taken back before its time, and stopped with its connection', () => {
  const b = bench(0.5, 1_000, 0);
  b.until(500);
  b.age.apply(noLimits);
  b.until(10_000);
  expect(b.told).toEqual([]);
  b.age.apply({ ageMs: 20_000, graceMs: 0 });
  b.age.stop();
  expect(b.pending()).toBe(0);
});
