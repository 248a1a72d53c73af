import { describe, expect, it } from 'vitest';
import { byOne, nextRound } from './steps.ts';

describe('steps', () => {
  it('goes through 1, 2, 5, 10 and back', () => {
    const up = [1, 2, 5, 10, 20, 50, 100, 150].map((each) => nextRound(each, true));
    expect(up).toEqual([2, 5, 10, 20, 50, 100, 200, 200]);
    const down = [1, 2, 5, 10, 200, 150].map((each) => nextRound(each, false));
    expect(down).toEqual([0.5, 1, 2, 5, 100, 100]);
  });

  it('never goes below one', () => {
    expect(byOne(1, false)).toBe(1);
    expect(byOne(3, true)).toBe(4);
  });
});
