import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChangeSchema } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { RunInfoSchema } from '../../gen/lbscope/agent/v1/runs_pb.js';
import { type Frame, FrameSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { bucketCount, bucketOf, toSparse } from '../histogram.ts';
import { fromMs } from '../time.ts';
import { compareRuns, judge } from './compare.ts';
import { toMarkdown } from './markdown.ts';
import { differenceInterval, proportionsInterval, seeded } from './resample.ts';
import { summarise } from './summary.ts';

interface Life {
  readonly blocks: number;
  /** Of each pod, in parts of one. */
  readonly shares: readonly number[];
  readonly lossRate: number;
  readonly latencyMs: number;
  readonly reactions: readonly number[];
}

/** A run of one lane as chance would have it: shares multinomial, losses Poisson, latencies exponential. */
function run(life: Life, random: () => number) {
  const frames: Frame[] = [];
  for (let block = 0; block < life.blocks; block += 1) {
    const pods = life.shares.map(() => 0);
    const counts = new Array<number>(bucketCount).fill(0);
    let lost = 0;
    for (let call = 0; call < 300; call += 1) {
      if (random() < life.lossRate) {
        lost += 1;
        continue;
      }
      let rest = random();
      const pod = life.shares.findIndex((share) => {
        rest -= share;
        return rest < 0;
      });
      pods[Math.max(0, pod)]! += 1;
      counts[bucketOf(-Math.log(1 - random()) * life.latencyMs * 1_000)]! += 1;
    }
    frames.push(
      create(FrameSchema, {
        sequence: block + 1,
        from: fromMs(block * 10_000),
        to: fromMs((block + 1) * 10_000),
        lanes: [
          {
            laneId: 'x',
            issued: 300,
            answered: 300 - lost,
            failed: lost > 0 ? [{ errorClass: 'reset', count: lost }] : [],
            latency: toSparse(counts, 1e6),
            pods: pods.map((answered, i) => ({ podUid: `uid-${i}`, answered })),
          },
        ],
      }),
    );
  }
  const change = create(ChangeSchema, {
    stories: life.reactions.map((reactionMs) => ({ laneId: 'x', direction: 'added', state: 'answered', reactionMs })),
  });
  return summarise(create(RunInfoSchema, { runId: 'r', lanes: [{ id: 'x', label: 'X' }] }), frames, [change]);
}

const even: Life = {
  blocks: 30,
  shares: [1 / 3, 1 / 3, 1 / 3],
  lossRate: 0,
  latencyMs: 5,
  reactions: [40, 45, 50, 42],
};
const verdicts = (a: Life, b: Life, seed = 7) => {
  const random = seeded(seed);
  const { rows } = compareRuns(run(a, random), run(b, random));
  return Object.fromEntries(rows.map(({ measure, verdict }) => [measure, verdict]));
};

describe('compareRuns', () => {
  it('calls the same what is the same', () => {
    expect(verdicts(even, even)).toMatchObject({
      busiest: 'same',
      answering: 'same',
      reaction: 'same',
      p50: 'same',
    });
  });

  it('calls different what is different, each by itself', () => {
    expect(verdicts(even, { ...even, shares: [0.5, 0.25, 0.25] })).toMatchObject({ busiest: 'different', p50: 'same' });
    expect(verdicts(even, { ...even, shares: [1, 0, 0] })).toMatchObject({
      busiest: 'different',
      answering: 'different',
    });
    expect(verdicts(even, { ...even, lossRate: 0.02 })).toMatchObject({ losses: 'different', busiest: 'same' });
    expect(verdicts(even, { ...even, latencyMs: 12 })).toMatchObject({ p50: 'different', p99: 'different' });
    expect(verdicts(even, { ...even, reactions: [900, 950, 1_100, 1_000] })).toMatchObject({ reaction: 'different' });
  });

  it('gives no verdict on too little, and says how little', () => {
    const random = seeded(1);
    const { rows } = compareRuns(
      run({ ...even, blocks: 3, reactions: [40] }, random),
      run({ ...even, reactions: [900] }, random),
    );
    const row = (measure: string) => rows.find((each) => each.measure === measure)!;
    expect(row('busiest')).toMatchObject({ verdict: 'too few', interval: '', sample: '3 and 30 blocks of 10 s' });
    expect(row('reaction')).toMatchObject({ verdict: 'too few', sample: '1 and 1 pods' });
    expect(row('reaction').a.replace('\u202f', ' ')).toBe('40 ms');
  });

  it('a path that never reacted, against one that did, needs no interval', () => {
    const random = seeded(1);
    const never = run({ ...even, reactions: [] }, random);
    const lane = { ...never.lanes[0]!, unanswered: 4 };
    const { rows } = compareRuns({ ...never, lanes: [lane] }, run(even, random));
    expect(rows.find(({ measure }) => measure === 'reaction')).toMatchObject({
      a: 'none, 4 never called',
      verdict: 'different',
    });
    const both = compareRuns({ ...never, lanes: [lane] }, { ...never, lanes: [lane] }).rows;
    expect(both.find(({ measure }) => measure === 'reaction')).toMatchObject({ verdict: 'same' });
  });

  it('is wrong no more often than it says: two runs of one kind are called different in at most one of twenty', () => {
    let different = 0;
    let judged = 0;
    const times = process.env.LBSCOPE_TEST_FULL ? 300 : 12;
    for (let i = 0; i < times; i += 1) {
      for (const verdict of Object.values(
        verdicts({ ...even, lossRate: 0.01 }, { ...even, lossRate: 0.01 }, 1_000 + i),
      )) {
        judged += 1;
        if (verdict === 'different') different += 1;
      }
    }
    // Five standard deviations above one in twenty.
    expect(different / judged).toBeLessThan(0.05 + 5 * Math.sqrt((0.05 * 0.95) / judged));
  });
});

describe('intervals', () => {
  it('hold the true difference about as often as they say', () => {
    const random = seeded(3);
    const times = process.env.LBSCOPE_TEST_FULL ? 1_000 : 200;
    let held = 0;
    for (let i = 0; i < times; i += 1) {
      const sample = (mean: number) => Array.from({ length: 30 }, () => mean - Math.log(1 - random()));
      const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
      const { low, high } = differenceInterval(sample(1), sample(3), mean, random, 400);
      if (low <= 2 && 2 <= high) held += 1;
    }
    // A percentile bootstrap of 30 skewed values covers a little less than 95 %; five standard deviations of the count.
    expect(held / times).toBeGreaterThan(0.92 - 5 * Math.sqrt((0.93 * 0.07) / times));
  });

  it('of proportions are those of the literature', () => {
    // Newcombe 1998, table II: 56/70 - 48/80 (method 10) is 0.0524 to 0.3339.
    const { low, high } = proportionsInterval(48, 80, 56, 70);
    expect(low).toBeCloseTo(0.0524, 4);
    expect(high).toBeCloseTo(0.3339, 4);
    // 0/10 - 0/10: method 10 gives -0.2775 to 0.2775.
    expect(proportionsInterval(0, 10, 0, 10).high).toBeCloseTo(0.2775, 4);
  });

  it('are judged by where they lie', () => {
    expect(judge({ low: -0.01, high: 0.02 }, 0.05)).toBe('same');
    // A difference that is certain and too small to matter.
    expect(judge({ low: 0.01, high: 0.02 }, 0.05)).toBe('same');
    expect(judge({ low: 0.02, high: 0.09 }, 0.05)).toBe('different');
    expect(judge({ low: -0.02, high: 0.09 }, 0.05)).toBe('unclear');
  });

  it('are the same each time, and turned round when the runs are', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 5, maxLength: 20 }), (values) => {
        const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;
        const one = differenceInterval(values, [1, 2, 3, 4, 5], sum);
        expect(differenceInterval(values, [1, 2, 3, 4, 5], sum)).toEqual(one);
        expect(one.low).toBeLessThanOrEqual(one.high);
      }),
      { numRuns: 20 },
    );
  });
});

describe('toMarkdown', () => {
  it('is a table that no name can break', () => {
    const random = seeded(1);
    const a = run(even, random);
    const b = run(even, random);
    const info = { ...a.info, name: 'a | b\n<script>' };
    const text = toMarkdown({ ...a, info }, b, compareRuns({ ...a, info }, b));
    expect(text).toContain('A: a \\| b \\<script\\>');
    const rows = text.split('\n').filter((line) => line.startsWith('|'));
    expect(rows).toHaveLength(2 + 6);
    for (const row of rows) expect(row.replace(/\\\|/g, '').split('|')).toHaveLength(10);
  });
});
