import { expect, it } from 'vitest';
import { createClock } from './clock.ts';

it('is anchored once: a step of the wall clock changes nothing afterwards', () => {
  let monotonic = 500;
  let wall = 1_790_000_000_000;
  const clock = createClock(
    () => monotonic,
    () => wall,
  );
  expect(clock.now()).toBe(1_790_000_000_000);
  wall -= 3_600_000;
  monotonic += 1.25;
  expect(clock.now()).toBe(1_790_000_000_001.25);
});
