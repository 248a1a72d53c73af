import { expect, it } from 'vitest';
import { Inputs, random } from './input.ts';
import { run } from './run.ts';

it('1,000 inputs of the fuzzer: none throws, each call ends once, and cutting makes no difference', async () => {
  const inputs = new Inputs(random(1));
  let faults = 0;
  for (let n = 0; n < 1000; n++) {
    const input = n % 2 === 0 ? inputs.fresh() : inputs.mutate(inputs.fresh(), inputs.fresh());
    const whole = await run(input, Number.POSITIVE_INFINITY);
    expect(await run(input, 1 + inputs.whole(64))).toEqual(whole);
    if (whole.fault !== '') faults++;
  }
  // Inputs that break the protocol and inputs that don't: both kinds are there.
  expect(faults).toBeGreaterThan(50);
  expect(faults).toBeLessThan(950);
}, 60_000);
