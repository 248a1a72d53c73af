import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { band } from './band.ts';
import type { LaneSlice } from './frames.ts';

const frameMs = 200;

/** Round robin at `rate` over the pods that `at` names, from 0 to `untilMs`. */
function traffic(untilMs: number, rate: number, at: (ms: number) => string[]): LaneSlice[] {
  const slices: LaneSlice[] = [];
  let turn = 0;
  for (let fromMs = 0; fromMs < untilMs; fromMs += frameMs) {
    const pods = new Map<string, LaneSlice['pods'][number]>();
    let issued = 0;
    for (let k = Math.ceil((fromMs * rate) / 1000); (k * 1000) / rate < fromMs + frameMs; k += 1) {
      const ms = (k * 1000) / rate;
      const present = at(ms);
      issued += 1;
      if (present.length === 0) continue;
      const uid = present[turn++ % present.length] as string;
      const pod = pods.get(uid) ?? { uid, answered: 0, failed: 0, firstMs: ms, lastMs: ms, serviceMs: 0 };
      pod.answered += 1;
      pod.lastMs = ms;
      pods.set(uid, pod);
    }
    const answered = [...pods.values()].reduce((sum, pod) => sum + pod.answered, 0);
    slices.push({ fromMs, toMs: fromMs + frameMs, asked: 100, issued, answered, failed: 0, pods: [...pods.values()] });
  }
  return slices;
}

describe('band', () => {
  it('draws round robin as one straight stretch', () => {
    const drawn = band(
      traffic(60_000, 100, () => ['a', 'b', 'c']),
      ['a', 'b', 'c'],
    );
    expect(drawn).toHaveLength(1);
    expect(drawn[0]?.shares.map((each) => each.uid)).toEqual(['a', 'b', 'c']);
    for (const each of drawn[0]?.shares ?? []) expect(each.share).toBeCloseTo(1 / 3, 2);
  });

  it('cuts exactly where new pods answered first, and smooths nothing across', () => {
    const drawn = band(
      traffic(60_000, 100, (ms) => (ms < 20_050 ? ['a', 'b', 'c'] : ['a', 'b', 'c', 'd', 'e'])),
      ['a', 'b', 'c', 'd', 'e'],
    );
    const [before, after] = [drawn[0], drawn[drawn.length - 1]];
    expect(before?.shares).toHaveLength(3);
    expect(after?.shares).toHaveLength(5);
    const edge = drawn.find((each) => each.shares.length === 5)?.fromMs ?? 0;
    // The first new pod's turn comes within one round.
    expect(edge).toBeGreaterThanOrEqual(20_050);
    expect(edge).toBeLessThan(20_050 + 5 * 10 + 1);
  });

  it('ends a stripe with the pod, and shows a pause as nothing', () => {
    const drawn = band(
      traffic(40_000, 100, (ms) => (ms < 10_000 ? ['a'] : ms < 20_000 ? [] : ['b'])),
      ['a', 'b'],
    );
    expect(drawn.map((each) => each.shares.map(({ uid }) => uid).join())).toEqual(['a', 'b']);
    expect(drawn[0]?.toMs).toBeLessThanOrEqual(10_000);
    expect(drawn[1]?.fromMs).toBeGreaterThanOrEqual(20_000);
  });

  it('is the same when the order of the pods is another one than before: what is kept of a slice is not mixed up', () => {
    const slices = traffic(60_000, 100, (ms) => (ms < 20_050 ? ['a', 'b'] : ['a', 'b', 'c', 'x']));
    for (const order of [
      ['a', 'b'],
      ['a', 'b', 'c'],
      ['c', 'b', 'a'],
      ['a', 'b', 'c', 'x'],
      ['b', 'c'],
    ])
      expect(band(slices, order)).toEqual(band(structuredClone(slices), order));
  });

  it('holds for slow traffic too', () => {
    const drawn = band(
      traffic(80_000, 1, () => ['a', 'b', 'c']),
      ['a', 'b', 'c'],
    );
    const longest = drawn.reduce((most, each) => Math.max(most, each.toMs - each.fromMs), 0);
    expect(longest).toBeGreaterThan(20_000);
  });

  it('is always whole: shares of every stretch sum to one, stretches never overlap', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: 400 }),
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
        (rate, counts) => {
          const uids = ['a', 'b', 'c', 'd', 'e', 'f'];
          const drawn = band(
            traffic(counts.length * 8_000, rate, (ms) =>
              uids.slice(0, counts[Math.min(counts.length - 1, Math.floor(ms / 8_000))]),
            ),
            uids,
          );
          drawn.forEach((each, i) => {
            expect(each.shares.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);
            expect(each.toMs).toBeGreaterThan(each.fromMs);
            const next = drawn[i + 1];
            if (next !== undefined) expect(next.fromMs).toBeGreaterThanOrEqual(each.toMs);
          });
        },
      ),
      { numRuns: 30 },
    );
  });
});
