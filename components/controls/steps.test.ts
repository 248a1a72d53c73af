import { describe, expect, it } from 'vitest';
import { byOne, nextRound, nextSize } from './steps.ts';

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

  it('of a size begins at nothing', () => {
    expect([0, 1, 16, 100].map((each) => nextSize(each, true))).toEqual([1, 2, 20, 200]);
    expect([0, 1, 2, 16].map((each) => nextSize(each, false))).toEqual([0, 0, 1, 10]);
  });
});
