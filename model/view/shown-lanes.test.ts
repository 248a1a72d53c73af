import { describe, expect, it } from 'vitest';
import { lanesInOrder, moved, withLane, withoutLane } from './shown-lanes.ts';

const all = ['a', 'b', 'c', 'd'];

describe('shown lanes', () => {
  it('are all of the run without a choice, or when the choice names none of them', () => {
    expect(lanesInOrder(all, undefined)).toEqual({ shown: all, hidden: [] });
    expect(lanesInOrder(all, ['x', ''])).toEqual({ shown: all, hidden: [] });
  });

  it('are those chosen, in the order chosen, once each', () => {
    expect(lanesInOrder(all, ['c', 'x', 'a', 'c'])).toEqual({ shown: ['c', 'a'], hidden: ['b', 'd'] });
  });

  it('come back where the run has them, and never all go', () => {
    expect(withLane(['d', 'a'], 'b', all)).toEqual(['d', 'a', 'b']);
    expect(withLane(['c', 'd'], 'a', all)).toEqual(['a', 'c', 'd']);
    expect(withLane(['a', 'c'], 'c', all)).toEqual(['a', 'c']);
    expect(withoutLane(['a', 'b'], 'a')).toEqual(['b']);
    expect(withoutLane(['b'], 'b')).toEqual(['b']);
  });

  it('move by one place, and stop at the ends', () => {
    expect(moved(all, 'b', -1)).toEqual(['b', 'a', 'c', 'd']);
    expect(moved(all, 'b', 1)).toEqual(['a', 'c', 'b', 'd']);
    expect(moved(all, 'a', -1)).toEqual(all);
    expect(moved(all, 'd', 1)).toEqual(all);
  });
});
