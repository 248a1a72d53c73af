import { chiSquaredQuantile, evenTest, leastExpected } from '../statistics/chi-squared.ts';
import { clopperPearson } from '../statistics/proportions.ts';
import { countsOf } from './counts.ts';
import { figureText } from './figure-text.ts';
import type { Figure, Measure, Unit } from './measure.ts';
import { measureOf } from './measures.ts';
import type { Bound, BoundExpectation, DistributionExpectation, Expectation, Judgement } from './types.ts';
import { readySet, unavailability, type Window } from './window.ts';

/** Measures that mean something while the lane is away: that it is away is what they are about. */
const aboutAbsence = new Set([
  'unavailable',
  'missing',
  'ghosts',
  'believed',
  'beliefAge',
  'failedLookups',
  'lookups',
  'watchEvents',
  'connectionsOpened',
  'connectionsClosed',
  'issued',
]);

/** One expectation against what was seen. Never throws for what the run was like: what cannot be told is inconclusive. */
export function judge(expectation: Expectation, window: Window): Judgement {
  const { lane } = expectation;
  if (!window.lanesBefore.has(lane)) return unknown(`there is no lane ${lane}`);
  if (expectation.kind === 'distribution') return judgeDistribution(expectation, window);
  return judgeBound(expectation, window);
}

function judgeBound(expectation: BoundExpectation, window: Window): Judgement {
  const { lane, measure: name, pod, bound, leastSample } = expectation;
  const measure = measureOf(name);
  const uid = pod === undefined ? '' : window.pods.get(pod);
  if (uid === undefined) return unknown(`no step has chosen the pod ${pod}`);
  if (!aboutAbsence.has(name)) {
    const away = absence(window, lane);
    if (away !== undefined) return unknown(away);
  }
  const figure: Figure = measure.of(window, lane, uid);
  const sampled = sampleText(figure.sample, measure.sampleOf);
  if (figure.value === undefined) return unknown(`nothing to measure: ${figure.why ?? 'no sample'}`, figure.sample);
  if (figure.sample < leastSample) {
    return {
      ...unknown(`too few samples: ${sampled}, and ${leastSample} are needed`, figure.sample),
      value: figure.value,
    };
  }
  const text = findingText(figureText(figure.value, measure.unit), measure, figure.sample);
  return {
    state: holds(bound, figure.value) ? 'pass' : 'fail',
    finding: text,
    value: figure.value,
    sample: figure.sample,
    p: undefined,
  };
}

export function holds(bound: Bound, value: number): boolean {
  return (
    (bound.atLeast === undefined || value >= bound.atLeast) &&
    (bound.atMost === undefined || value <= bound.atMost) &&
    (bound.above === undefined || value > bound.above) &&
    (bound.below === undefined || value < bound.below) &&
    (bound.equals === undefined || value === bound.equals)
  );
}

/**
 * even: Pearson's test against an even spread; rejected at the error rate, it fails.
 * uneven: the same test, rejected, passes; what is not rejected proves nothing, so it fails only where the exact bounds
 * of every pod's share agree with an even one within a tenth, and is inconclusive otherwise.
 * pinned: the exact bounds of the busiest pod's share; above the asked share passes, below fails, across is inconclusive.
 */
function judgeDistribution(expectation: DistributionExpectation, window: Window): Judgement {
  const { lane, distribution, errorRate, leastSample } = expectation;
  const away = absence(window, lane);
  if (away !== undefined) return unknown(away);
  const ready = readySet(window);
  const { pods } = countsOf(window, lane);
  const answeredByPod = [...pods].filter(([uid]) => uid !== '');
  const answered = answeredByPod.reduce((sum, [, pod]) => sum + pod.answered, 0);
  if (answered < leastSample) {
    return unknown(`too few samples: ${answered} calls, and ${leastSample} are needed`, answered);
  }
  if (distribution === 'pinned') {
    return pinned(
      expectation,
      answeredByPod.map(([, pod]) => pod.answered),
      answered,
    );
  }
  if (ready.changed) return unknown('the ready pods changed within the window', answered);
  const spread = [...ready.after].map((uid) => pods.get(uid)?.answered ?? 0);
  const calls = spread.reduce((a, b) => a + b, 0);
  if (spread.length < 2) return unknown(`a spread needs 2 ready pods, and there is ${spread.length}`, calls);
  if (calls < leastExpected * spread.length) {
    return unknown(
      `too few samples: ${calls} calls for ${spread.length} pods, and ${leastExpected} each are needed`,
      calls,
    );
  }
  const test = evenTest(spread);
  const limit = chiSquaredQuantile(test.degrees, errorRate);
  const rejected = test.p < errorRate;
  const finding =
    `${spread.map((n) => percent(n / calls)).join(' ')} % of ${calls} calls; ` +
    `chi-squared ${test.statistic.toFixed(1)} with ${test.degrees} degrees of freedom, limit ${limit.toFixed(1)}, p ${pText(test.p)}`;
  const judged = { finding, value: test.statistic, sample: calls, p: test.p };
  if (distribution === 'even') return { ...judged, state: rejected ? 'fail' : 'pass' };
  if (rejected) return { ...judged, state: 'pass' };
  const share = 1 / spread.length;
  const nearlyEven = spread.every((n) => {
    const { low, high } = clopperPearson(n, calls, errorRate / spread.length);
    return low > share * 0.9 && high < share * 1.1;
  });
  return { ...judged, state: nearlyEven ? 'fail' : 'inconclusive' };
}

function pinned(expectation: DistributionExpectation, counts: readonly number[], calls: number): Judgement {
  const { errorRate, share } = expectation;
  const most = Math.max(0, ...counts);
  if (calls === 0) return unknown('no call was answered');
  // The busiest pod was chosen after looking, so the error is shared out over all that it might have been.
  const bounds = clopperPearson(most, calls, (2 * errorRate) / Math.max(1, counts.length));
  const state = bounds.low >= share ? 'pass' : bounds.high < share ? 'fail' : 'inconclusive';
  return {
    state,
    finding:
      `${percent(most / calls)} % of ${calls} calls on one pod; its share is at least ${percent(Math.floor(bounds.low * 1000) / 1000)} % ` +
      `(exact bound at error rate ${errorRate}), asked ${percent(share)} %`,
    value: most / calls,
    sample: calls,
    p: undefined,
  };
}

/** Why nothing can be said of a lane; undefined: it ran. A lane that was away for more than a tenth was not there. */
function absence(window: Window, lane: string): string | undefined {
  const { ms, reason } = unavailability(window, lane);
  const length = window.to - window.from;
  if (ms === 0 || ms <= length * 0.1) return undefined;
  return `the lane did not run${reason === '' ? '' : `: ${reason}`}`;
}

function unknown(finding: string, sample = 0): Judgement {
  return { state: 'inconclusive', finding, value: undefined, sample, p: undefined };
}

/** "3 of 600 calls", "0.6 % of 509 calls", "2 ms (2 pods)". */
function findingText(value: string, { unit, sampleOf }: Measure, sample: number): string {
  if (sampleOf === 'nothing') return value;
  if (unit === sampleOf) return `${value.split(' ')[0]} of ${figureText(sample, sampleOf)}`;
  return unit === 'share'
    ? `${value} of ${figureText(sample, sampleOf)}`
    : `${value} (${figureText(sample, sampleOf)})`;
}

function sampleText(sample: number, of: Measure['sampleOf']): string {
  if (of === 'nothing') return '';
  return figureText(sample, of);
}

function percent(share: number): string {
  const text = (share * 100).toFixed(1);
  return text.endsWith('.0') ? text.slice(0, -2) : text;
}

function pText(p: number): string {
  return p < 1e-4 ? p.toExponential(0) : p.toPrecision(2);
}

const signs: Record<keyof Bound, string> = {
  atLeast: 'at least',
  atMost: 'at most',
  above: 'above',
  below: 'below',
  equals: 'exactly',
};

/** "at least 2 pods and below 5 pods" */
export function boundText(bound: Bound, unit: Unit): string {
  return (Object.keys(signs) as (keyof Bound)[])
    .flatMap((key) => (bound[key] === undefined ? [] : [`${signs[key]} ${figureText(bound[key], unit)}`]))
    .join(' and ');
}
