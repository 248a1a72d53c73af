import { describe, expect, it } from 'vitest';
import type { LaneSlice } from './frames.ts';
import { losses } from './losses.ts';

const slice = (fromMs: number, answered: number, failed: number): LaneSlice => ({
  fromMs,
  toMs: fromMs + 200,
  asked: 100,
  issued: answered + failed,
  answered,
  failed,
  pods: [{ uid: 'a', answered, failed, firstMs: fromMs, lastMs: fromMs + 199, serviceMs: 0 }],
});

describe('losses', () => {
  it('joins what is close and parts what is not', () => {
    const found = losses([slice(0, 18, 2), slice(200, 20, 0), slice(400, 19, 1), slice(5_000, 10, 10)]);
    expect(found.map((each) => each.count)).toEqual([3, 10]);
    expect(found[0]).toMatchObject({ fromMs: 0, toMs: 600, uid: 'a', total: false });
    expect(found[1]?.fraction).toBe(0.5);
  });

  it('calls it a field only when nothing was answered for a second', () => {
    const all = Array.from({ length: 6 }, (_, i) => slice(i * 200, 0, 20));
    expect(losses(all)[0]).toMatchObject({ total: true, count: 120 });
    expect(losses(all.slice(0, 3))[0]?.total).toBe(false);
  });
});
