import fc from 'fast-check';
import { expect, test } from 'vitest';
import { latencyStep, latencySteps, stepBoundsUs } from './latency-steps.ts';

test('a latency is in the first step whose bound it does not exceed', () => {
  for (const [step, bound] of stepBoundsUs.entries()) {
    expect(latencyStep(bound / 1_000)).toBe(step);
    expect(latencyStep((bound + 1) / 1_000)).toBe(step + 1);
  }
  expect([-1, 0, Number.NaN].map(latencyStep)).toEqual([0, 0, 0]);
  expect(latencyStep(Number.POSITIVE_INFINITY)).toBe(latencySteps - 1);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (ms) => {
      const step = latencyStep(ms);
      // As a clock of microseconds has it: parts of one count as a whole one.
      const us = Math.ceil(ms * 1_000);
      expect(us).toBeLessThanOrEqual(stepBoundsUs[step] ?? Number.POSITIVE_INFINITY);
      if (step > 0) expect(us).toBeGreaterThan(stepBoundsUs[step - 1] as number);
    }),
  );
});
