import { create } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Endpoint,
  EndpointSchema,
  type Event,
  EventSchema,
  FrameSchema,
} from '../../gen/lbscope/events/v1/events_pb.js';
import { seeded, thrown } from '../statistics/random.ts';
import { fromMs } from '../time.ts';
import { answer } from './answer.ts';
import { outcomeOf } from './fold.ts';
import { judge } from './judge.ts';
import { measureNames, measureOf } from './measures.ts';
import type { BoundExpectation, DistributionExpectation } from './types.ts';
import type { Window } from './window.ts';

const start = 1_790_000_000_000;
const endpoints = (n: number): Endpoint[] =>
  Array.from({ length: n }, (_, i) =>
    create(EndpointSchema, { address: `10.0.0.${i}:1`, podUid: `pod-${i}`, ready: true }),
  );

interface Given {
  readonly counts?: readonly number[];
  readonly lost?: number;
  readonly events?: readonly Event[];
  readonly state?: string;
  readonly pods?: number;
  /** Frames that the counts are dealt out to. */
  readonly frames?: number;
}

function windowOf({
  counts = [],
  lost = 0,
  events = [],
  state = 'running',
  pods = counts.length,
  frames = 5,
}: Given): Window {
  const part = (n: number, i: number) => Math.floor(n / frames) + (i < n % frames ? 1 : 0);
  return {
    from: start,
    to: start + frames * 200,
    frames: Array.from({ length: frames }, (_, i) =>
      create(FrameSchema, {
        from: fromMs(start + i * 200),
        to: fromMs(start + (i + 1) * 200),
        lanes: [
          {
            laneId: 'lane',
            answered: counts.reduce((sum, n) => sum + part(n, i), 0),
            issued: counts.reduce((sum, n) => sum + part(n, i), 0) + part(lost, i),
            failed: part(lost, i) > 0 ? [{ errorClass: 'reset', count: part(lost, i) }] : [],
            pods: counts.map((n, pod) => ({ podUid: `pod-${pod}`, answered: part(n, i) })),
          },
        ],
      }),
    ),
    events,
    endpointsBefore: endpoints(pods),
    changes: [],
    lanesBefore: new Map([['lane', { state, reason: 'the watch is forbidden', addresses: [], resolvedAt: undefined }]]),
    pods: new Map(),
  };
}

const span = { fromStep: 1, toStep: 1 };
const distribution = (name: DistributionExpectation['distribution'], more: Partial<DistributionExpectation> = {}) =>
  ({
    kind: 'distribution',
    distribution: name,
    lane: 'lane',
    errorRate: 0.01,
    share: 0.95,
    leastSample: 50,
    because: '',
    ...span,
    ...more,
  }) as const;
const bound = (more: Partial<BoundExpectation>): BoundExpectation => ({
  kind: 'bound',
  measure: 'lost',
  lane: 'lane',
  bound: { equals: 0 },
  leastSample: 10,
  because: '',
  ...span,
  ...more,
});
const runs = 2_000;
const rate = (seed: number, given: (random: () => number) => Given, expectation: DistributionExpectation) => {
  const random = seeded(seed);
  const states = { pass: 0, fail: 0, inconclusive: 0 };
  for (let run = 0; run < runs; run++) states[judge(expectation, windowOf({ frames: 1, ...given(random) })).state] += 1;
  return states;
};

describe('distributions keep the error rate they state, on simulated runs', () => {
  it('even: a truly random spread fails at the error rate, and is never inconclusive', () => {
    const { fail, inconclusive } = rate(
      1,
      (random) => ({ counts: thrown(300, [1, 1, 1], random) }),
      distribution('even'),
    );
    expect(inconclusive).toBe(0);
    // 20 of 2,000 expected; 5 standard deviations either way.
    expect(Math.abs(fail - 20)).toBeLessThan(22);
  });
  it('even: a pod that gets half of its share fails', () => {
    expect(rate(2, (random) => ({ counts: thrown(500, [1, 1, 0.5], random) }), distribution('even')).pass).toBeLessThan(
      20,
    );
  });
  it('uneven: a truly random spread passes by mistake at the error rate at most', () => {
    expect(rate(3, (random) => ({ counts: thrown(300, [1, 1, 1], random) }), distribution('uneven')).pass).toBeLessThan(
      42,
    );
  });
  it('pinned: a lane whose true share is just below passes by mistake at the error rate at most', () => {
    const { pass } = rate(4, (random) => ({ counts: thrown(400, [0.949, 0.051], random) }), distribution('pinned'));
    expect(pass).toBeLessThan(42);
  });
  it('pinned: one whose share is just above fails by mistake at the error rate at most', () => {
    const { fail } = rate(5, (random) => ({ counts: thrown(400, [0.951, 0.049], random) }), distribution('pinned'));
    expect(fail).toBeLessThan(42);
  });
});

describe('a judgement', () => {
  it.each([
    ['turns', distribution('even'), { counts: [100, 100, 101] }, 'pass'],
    ['all on one of three', distribution('even'), { counts: [300, 0, 0] }, 'fail'],
    ['all on one of three', distribution('uneven'), { counts: [300, 0, 0] }, 'pass'],
    ['turns, many', distribution('uneven'), { counts: [10_000, 10_000, 10_000] }, 'fail'],
    ['turns, few', distribution('uneven'), { counts: [30, 30, 30] }, 'inconclusive'],
    ['all on one', distribution('pinned'), { counts: [300, 0, 0] }, 'pass'],
    ['all on one, few', distribution('pinned'), { counts: [60, 0, 0] }, 'inconclusive'],
    ['turns', distribution('pinned'), { counts: [100, 100, 100] }, 'fail'],
    ['too few', distribution('even'), { counts: [15, 15, 15] }, 'inconclusive'],
    ['one pod only', distribution('even'), { counts: [300] }, 'inconclusive'],
    ['an unavailable lane', distribution('even'), { counts: [100, 100, 100], state: 'unavailable' }, 'inconclusive'],
    ['nothing lost', bound({}), { counts: [20] }, 'pass'],
    ['one lost', bound({}), { counts: [20], lost: 1 }, 'fail'],
    ['nothing lost of nothing', bound({}), { counts: [0] }, 'inconclusive'],
    ['nothing lost, unavailable', bound({}), { counts: [20], state: 'unavailable' }, 'inconclusive'],
    [
      'away, asked about being away',
      bound({ measure: 'unavailable', bound: { atLeast: 900 }, leastSample: 0 }),
      { state: 'unavailable' },
      'pass',
    ],
    [
      'no new pod',
      bound({ measure: 'reaction.worst', bound: { atMost: 1 }, leastSample: 1 }),
      { counts: [20] },
      'inconclusive',
    ],
    [
      'a pod nobody chose',
      bound({ measure: 'podShare', pod: 'victim', bound: { atMost: 1 } }),
      { counts: [20] },
      'inconclusive',
    ],
    ['another lane', bound({ lane: 'other' }), { counts: [20] }, 'inconclusive'],
  ] as const)('%s: %o', (_, expectation, given, state) => {
    const judged = judge(expectation, windowOf(given));
    expect([judged.state, judged.finding === '']).toEqual([state, false]);
  });

  it('pods that come under a test that needs them to stay make it inconclusive', () => {
    const slice = create(EventSchema, {
      at: fromMs(start + 300),
      kind: { case: 'sliceChanged', value: { all: endpoints(4) } },
    });
    expect(judge(distribution('even'), windowOf({ counts: [100, 100, 100], events: [slice] }))).toMatchObject({
      state: 'inconclusive',
      finding: 'the ready pods changed within the window',
    });
  });

  it('an outcome is a pass only if everything passed', () => {
    expect(outcomeOf(['pass', 'pass'])).toBe('pass');
    expect(outcomeOf(['pass', 'inconclusive'])).toBe('inconclusive');
    expect(outcomeOf(['fail', 'inconclusive', 'pass'])).toBe('fail');
  });
});

describe('for all windows', () => {
  const counts = fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 8 });
  it('how the calls are dealt out to frames changes no measure', () => {
    fc.assert(
      fc.property(counts, fc.integer({ min: 0, max: 50 }), fc.integer({ min: 2, max: 40 }), (given, lost, frames) => {
        const one = windowOf({ counts: given, lost, frames: 1 });
        const many = { ...windowOf({ counts: given, lost, frames }), to: one.to };
        for (const name of measureNames) {
          const { of } = measureOf(name);
          expect([name, of(many, 'lane', 'pod-0').value]).toEqual([name, of(one, 'lane', 'pod-0').value]);
        }
      }),
    );
  });
  it('which pod is which changes no distribution', () => {
    fc.assert(
      fc.property(counts, fc.constantFrom('even', 'uneven', 'pinned'), (given, name) => {
        const turned = [...given.slice(1), given[0] as number];
        expect(judge(distribution(name), windowOf({ counts: turned })).state).toBe(
          judge(distribution(name), windowOf({ counts: given })).state,
        );
      }),
    );
  });
  it('a larger sample of the same spread never turns a pass of pinned, or a fail of even, around', () => {
    fc.assert(
      fc.property(counts, fc.integer({ min: 2, max: 20 }), (given, times) => {
        const larger = windowOf({ counts: given.map((n) => n * times) });
        const small = windowOf({ counts: given });
        if (judge(distribution('pinned'), small).state === 'pass')
          expect(judge(distribution('pinned'), larger).state).toBe('pass');
        if (judge(distribution('even'), small).state === 'fail')
          expect(judge(distribution('even'), larger).state).toBe('fail');
      }),
    );
  });
});

describe('an answer', () => {
  it('is every choice that the run made true, and none where nothing can be told', () => {
    const rule = {
      kind: 'value',
      measure: 'podsAnswering',
      lane: 'lane',
      bounds: [{ equals: 1 }, { atLeast: 2 }, { atLeast: 3 }],
      ...span,
    } as const;
    expect(answer(rule, windowOf({ counts: [5, 5, 5] }), (id) => id)).toMatchObject({
      right: [1, 2],
      finding: 'lane: 3 pods (15 calls)',
    });
    expect(answer(rule, windowOf({ counts: [0, 0] }), (id) => id)).toEqual({
      right: [],
      finding: 'not answered: no call was answered',
    });
  });
  it('is the lane with the least; ties are several, and all alike is the choice that says so', () => {
    const rule = (lanes: (string | undefined)[]) =>
      ({ kind: 'lane', which: 'least', measure: 'lost', lanes, ...span }) as const;
    const window = windowOf({ counts: [5], lost: 3 });
    expect(answer(rule(['lane', 'other']), window, (id) => id).right).toEqual([1]);
    expect(answer(rule(['lane', 'lane']), window, (id) => id).right).toEqual([0, 1]);
    expect(answer(rule(['lane', 'lane', undefined]), window, (id) => id).right).toEqual([2]);
  });
});
