import { describe, expect, it } from 'vitest';
import { AgentClock } from './clock.ts';

describe('AgentClock', () => {
  it('follows the message that took the shortest way', () => {
    const clock = new AgentClock();
    clock.measure(1_000_000, 100);
    clock.measure(1_000_200, 250);
    clock.measure(1_000_400, 700);
    expect(clock.now(700)).toBeCloseTo(1_000_650, 0);
  });

  it('never goes back', () => {
    const clock = new AgentClock();
    clock.measure(5_000, 0);
    const before = clock.now(100);
    clock.measure(5_050, 200);
    expect(clock.now(100)).toBeGreaterThanOrEqual(before);
  });
});
