import type { Histogram } from '../../gen/lbscope/events/v1/events_pb.js';
import { reactionMs } from '../changes.ts';
import { Merged } from '../histogram.ts';
import { sumOf } from '../lanes.ts';
import { coefficientOfVariation, jain, maxOverMean, podsAnswering } from '../measures.ts';
import type { StoryRun } from '../state.ts';
import { plainDuration } from '../time.ts';
import { errorClasses } from '../words.ts';
import { beliefAtEnd, laneFrames, readySet, unavailability, type Window } from './window.ts';

/** A figure, and what it is of. `undefined`: there is nothing to measure; `why` says what was missing. */
export interface Figure {
  readonly value: number | undefined;
  readonly sample: number;
  readonly why?: string;
}

export type Unit = 'calls' | 'messages' | 'pods' | 'ms' | 'share' | 'per second' | 'times' | 'index' | 'addresses';

export interface Measure {
  readonly unit: Unit;
  /** What `leastSample` counts. */
  readonly sampleOf: 'calls' | 'pods' | 'messages' | 'nothing';
  /** Of one pod, which the expectation must name. */
  readonly ofPod: boolean;
  /** One line for the schema and the docs. */
  readonly meaning: string;
  readonly of: (window: Window, lane: string, podUid: string) => Figure;
}

interface Counts {
  issued: number;
  answered: number;
  lost: number;
  transparentRetries: number;
  toRemovedAnswered: number;
  toRemovedLost: number;
  readonly classes: Map<string, number>;
  readonly pods: Map<string, { answered: number; lost: number; sumMs: number; toRemoved: number }>;
}

/** The lane's calls of the window, added up. */
export function countsOf(window: Window, lane: string): Counts {
  const counts: Counts = {
    issued: 0,
    answered: 0,
    lost: 0,
    transparentRetries: 0,
    toRemovedAnswered: 0,
    toRemovedLost: 0,
    classes: new Map(),
    pods: new Map(),
  };
  for (const part of laneFrames(window, lane)) {
    counts.issued += part.issued;
    counts.answered += part.answered;
    counts.lost += sumOf(part.failed);
    counts.transparentRetries += part.transparentRetries;
    for (const { errorClass, count } of part.failed) {
      counts.classes.set(errorClass, (counts.classes.get(errorClass) ?? 0) + count);
    }
    for (const pod of part.pods) {
      counts.toRemovedAnswered += pod.toRemovedAnswered;
      counts.toRemovedLost += pod.toRemovedLost;
      const sum = counts.pods.get(pod.podUid) ?? { answered: 0, lost: 0, sumMs: 0, toRemoved: 0 };
      sum.answered += pod.answered;
      sum.lost += sumOf(pod.failed);
      sum.sumMs += pod.serviceTimeSumMs;
      sum.toRemoved += pod.toRemovedAnswered + pod.toRemovedLost;
      counts.pods.set(pod.podUid, sum);
    }
  }
  return counts;
}

/** Answered calls of each pod that is ready at the end of the window; one that got nothing counts as 0. */
export function spreadOf(window: Window, lane: string): number[] {
  const { pods } = countsOf(window, lane);
  return [...readySet(window).after].map((uid) => pods.get(uid)?.answered ?? 0);
}

function ended(counts: Counts): number {
  return counts.answered + counts.lost;
}

function counted(meaning: string, value: (counts: Counts) => number): Measure {
  return {
    unit: 'calls',
    sampleOf: 'calls',
    ofPod: false,
    meaning,
    of: (window, lane) => {
      const counts = countsOf(window, lane);
      return { value: value(counts), sample: ended(counts) };
    },
  };
}

function ofSpread(unit: Unit, meaning: string, value: (spread: number[]) => number): Measure {
  return {
    unit,
    sampleOf: 'calls',
    ofPod: false,
    meaning,
    of: (window, lane) => {
      const spread = spreadOf(window, lane);
      const sample = spread.reduce((a, b) => a + b, 0);
      return sample === 0
        ? { value: undefined, sample, why: 'no call was answered' }
        : { value: value(spread), sample };
    },
  };
}

function ofPod(unit: Unit, meaning: string, value: (counts: Counts, uid: string) => number | undefined): Measure {
  return {
    unit,
    sampleOf: 'calls',
    ofPod: true,
    meaning,
    of: (window, lane, uid) => {
      const counts = countsOf(window, lane);
      const figure = value(counts, uid);
      return figure === undefined
        ? { value: undefined, sample: 0, why: 'the pod answered no call' }
        : { value: figure, sample: ended(counts) };
    },
  };
}

function quantile(of: 'latency' | 'serviceTime', q: number, meaning: string): Measure {
  return {
    unit: 'ms',
    sampleOf: 'calls',
    ofPod: false,
    meaning,
    of: (window, lane) => {
      const merged = new Merged();
      for (const part of laneFrames(window, lane)) merged.add(part[of] as Histogram | undefined);
      if (merged.count === 0) return { value: undefined, sample: 0, why: 'no call was answered' };
      return { value: (q === 1 ? merged.max : merged.quantile(q)) / 1000, sample: merged.count };
    },
  };
}

function eventsOf(meaning: string, counts: (kind: string, source: string) => boolean): Measure {
  return {
    unit: 'times',
    sampleOf: 'nothing',
    ofPod: false,
    meaning,
    of: (window, lane) => {
      const matching = window.events.filter(({ laneId, kind }) => {
        if (laneId !== lane || kind.case === undefined) return false;
        return counts(kind.case, 'source' in kind.value ? kind.value.source : '');
      });
      return { value: matching.length, sample: matching.length };
    },
  };
}

/** Pods that the window's changes brought (back) and that are still here: what a lane may notice. */
function arrivals(window: Window, lane: string): StoryRun[] {
  const stories = window.changes.flatMap((change) =>
    change.stories.filter((story) => story.laneId === lane && story.direction === 'added' && story.slice !== undefined),
  );
  return stories.filter((story) => (story.slice ?? 0) <= window.to && !(story.ended && story.firstCall === undefined));
}

/** A call that came after the window is not the window's. */
function noticed(story: StoryRun, window: Window): boolean {
  return story.firstCall !== undefined && story.firstCall <= window.to + 0.5;
}

function reaction(pick: (values: number[]) => number, meaning: string): Measure {
  return {
    unit: 'ms',
    sampleOf: 'pods',
    ofPod: false,
    meaning,
    of: (window, lane) => {
      const stories = arrivals(window, lane);
      if (stories.length === 0) return { value: undefined, sample: 0, why: 'no pod became ready' };
      // A pod that got no call has a reaction longer than what was waited for it: infinity, never left out.
      const values = stories.map((story) =>
        noticed(story, window) ? (reactionMs(story) ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
      );
      return { value: pick(values), sample: stories.length };
    },
  };
}

function told(meaning: string): Measure {
  return {
    unit: 'ms',
    sampleOf: 'pods',
    ofPod: false,
    meaning,
    of: (window, lane) => {
      const gaps = arrivals(window, lane).flatMap(({ told: at, inPicker }) =>
        at === undefined || inPicker === undefined || at > window.to ? [] : [inPicker - at],
      );
      return gaps.length === 0
        ? { value: undefined, sample: 0, why: 'nobody told it of a new pod' }
        : { value: Math.max(...gaps), sample: gaps.length };
    },
  };
}

/**
 * The measures of the design by name. `share` of a pod is of answered calls; spreads are over the pods that are ready at
 * the window's end.
 */
export const measures = {
  issued: counted('calls sent', (c) => c.issued),
  answered: counted('calls answered', (c) => c.answered),
  lost: counted('calls that failed, of any class', (c) => c.lost),
  lostShare: {
    unit: 'share',
    sampleOf: 'calls',
    ofPod: false,
    meaning: 'failed calls of all that ended, 0 to 1',
    of: (window, lane) => {
      const counts = countsOf(window, lane);
      const sample = ended(counts);
      return sample === 0
        ? { value: undefined, sample, why: 'no call ended' }
        : { value: counts.lost / sample, sample };
    },
  },
  ...(Object.fromEntries(
    errorClasses.map((word) => [
      `lost.${word}`,
      counted(`failed calls of the class ${word}`, (c) => c.classes.get(word) ?? 0),
    ]),
  ) as Record<`lost.${(typeof errorClasses)[number]}`, Measure>),
  transparentRetries: counted('calls sent again by gRFC A6 without being counted as lost', (c) => c.transparentRetries),
  toRemoved: counted('calls sent to a pod after it left the ready set', (c) => c.toRemovedAnswered + c.toRemovedLost),
  'toRemoved.lost': counted('those of them that failed', (c) => c.toRemovedLost),
  largestShare: ofSpread(
    'share',
    'the share of the pod that answered most, 0 to 1',
    (x) => Math.max(...x) / x.reduce((a, b) => a + b, 0),
  ),
  smallestShare: ofSpread(
    'share',
    'the share of the ready pod that answered least, 0 to 1',
    (x) => Math.min(...x) / x.reduce((a, b) => a + b, 0),
  ),
  podsAnswering: ofSpread('pods', 'ready pods that answered', podsAnswering),
  podsIdle: ofSpread('pods', 'ready pods that answered nothing', (x) => x.length - podsAnswering(x)),
  podsStreaming: {
    unit: 'pods',
    sampleOf: 'messages',
    ofPod: false,
    meaning: 'ready pods whose streams carried a message',
    of: (window, lane) => {
      const messages = new Map<string, number>();
      for (const part of laneFrames(window, lane)) {
        for (const pod of part.pods) messages.set(pod.podUid, (messages.get(pod.podUid) ?? 0) + pod.messages);
      }
      const sample = [...messages.values()].reduce((a, b) => a + b, 0);
      if (sample === 0) return { value: undefined, sample, why: 'no message came' };
      return { value: [...readySet(window).after].filter((uid) => (messages.get(uid) ?? 0) > 0).length, sample };
    },
  },
  jain: ofSpread('index', "Jain's fairness index: 1 is even, 1/pods is all on one", jain),
  maxOverMean: ofSpread('index', 'calls of the busiest pod over the mean', maxOverMean),
  coefficientOfVariation: ofSpread(
    'index',
    'standard deviation over mean of the calls per pod',
    coefficientOfVariation,
  ),
  podShare: ofPod('share', 'the named pod’s share of the answered calls, 0 to 1', (c, uid) =>
    c.answered === 0 ? undefined : (c.pods.get(uid)?.answered ?? 0) / c.answered,
  ),
  podAnswered: ofPod('calls', 'calls that the named pod answered', (c, uid) => c.pods.get(uid)?.answered ?? 0),
  podLost: ofPod('calls', 'lost calls charged to the named pod', (c, uid) => c.pods.get(uid)?.lost ?? 0),
  podMeanMs: ofPod('ms', 'mean service time of the named pod', (c, uid) => {
    const pod = c.pods.get(uid);
    return pod === undefined || pod.answered === 0 ? undefined : pod.sumMs / pod.answered;
  }),
  'reaction.worst': reaction((v) => Math.max(...v), 'ready to first call, of the new pod that waited longest'),
  'reaction.best': reaction((v) => Math.min(...v), 'ready to first call, of the new pod that waited least'),
  toldToPicker: told('from being told of a pod to choosing from it, the longest'),
  newPodsUsed: {
    unit: 'pods',
    sampleOf: 'pods',
    ofPod: false,
    meaning: 'new pods that got a call',
    of: (window, lane) => {
      const stories = arrivals(window, lane);
      return stories.length === 0
        ? { value: undefined, sample: 0, why: 'no pod became ready' }
        : { value: stories.filter((story) => noticed(story, window)).length, sample: stories.length };
    },
  },
  newPodsIdle: {
    unit: 'pods',
    sampleOf: 'pods',
    ofPod: false,
    meaning: 'new pods that got no call',
    of: (window, lane) => {
      const stories = arrivals(window, lane);
      return stories.length === 0
        ? { value: undefined, sample: 0, why: 'no pod became ready' }
        : { value: stories.filter((story) => !noticed(story, window)).length, sample: stories.length };
    },
  },
  'latency.p50': quantile('latency', 0.5, 'from the intended send, median'),
  'latency.p90': quantile('latency', 0.9, 'from the intended send, 90 of 100 are faster'),
  'latency.p99': quantile('latency', 0.99, 'from the intended send, 99 of 100 are faster'),
  'latency.max': quantile('latency', 1, 'from the intended send, the slowest'),
  'serviceTime.p50': quantile('serviceTime', 0.5, 'from the actual send, median'),
  'serviceTime.p99': quantile('serviceTime', 0.99, 'from the actual send, 99 of 100 are faster'),
  achievedRate: {
    unit: 'per second',
    sampleOf: 'calls',
    ofPod: false,
    meaning: 'answered calls per second',
    of: (window, lane) => {
      const { answered } = countsOf(window, lane);
      return {
        value: window.to > window.from ? (answered * 1000) / (window.to - window.from) : undefined,
        sample: answered,
      };
    },
  },
  lookups: eventsOf(
    'DNS lookups and membership reads that ended',
    (kind, source) =>
      (kind === 'resolved' && source !== 'watch' && source !== 'static') ||
      (kind === 'resolutionFailed' && source !== 'watch'),
  ),
  failedLookups: eventsOf('lookups and watches that failed', (kind) => kind === 'resolutionFailed'),
  watchEvents: eventsOf('changes that a watch brought', (kind, source) => kind === 'resolved' && source === 'watch'),
  connectionsOpened: eventsOf('connections opened', (kind) => kind === 'connected'),
  connectionsClosed: eventsOf('connections that ended', (kind) => kind === 'disconnected'),
  goaways: eventsOf('GOAWAY frames received', (kind) => kind === 'goawayReceived'),
  believed: {
    unit: 'addresses',
    sampleOf: 'nothing',
    ofPod: false,
    meaning: 'addresses on its list at the end of the window',
    of: (window, lane) => ({ value: beliefAtEnd(window, lane).addresses.length, sample: 1 }),
  },
  missing: {
    unit: 'addresses',
    sampleOf: 'nothing',
    ofPod: false,
    meaning: 'ready pods that are not on its list at the end of the window',
    of: (window, lane) => {
      const { addresses } = beliefAtEnd(window, lane);
      return {
        value: [...readySet(window).addresses].filter((address) => !addresses.includes(address)).length,
        sample: 1,
      };
    },
  },
  ghosts: {
    unit: 'addresses',
    sampleOf: 'nothing',
    ofPod: false,
    meaning: 'addresses on its list that are not ready, at the end of the window',
    of: (window, lane) => {
      const ready = readySet(window).addresses;
      return { value: beliefAtEnd(window, lane).addresses.filter((address) => !ready.has(address)).length, sample: 1 };
    },
  },
  beliefAge: {
    unit: 'ms',
    sampleOf: 'nothing',
    ofPod: false,
    meaning: 'age of its list at the end of the window',
    of: (window, lane) => {
      const { resolvedAt } = beliefAtEnd(window, lane);
      return resolvedAt === undefined
        ? { value: undefined, sample: 0, why: 'it has no list' }
        : { value: window.to - resolvedAt, sample: 1 };
    },
  },
  unavailable: {
    unit: 'ms',
    sampleOf: 'nothing',
    ofPod: false,
    meaning: 'how long the lane was not running',
    of: (window, lane) => ({ value: unavailability(window, lane).ms, sample: 1 }),
  },
} satisfies Record<string, Measure>;

export type MeasureName = keyof typeof measures;

export const measureNames = Object.keys(measures) as MeasureName[];

export function measureOf(name: MeasureName): Measure {
  return measures[name];
}

/** "4.2 ms", "31.2 %", "3 pods". */
export function figureText(value: number, unit: Unit): string {
  switch (unit) {
    case 'ms':
      return Number.isFinite(value) ? plainDuration(value) : 'never';
    case 'share':
      return `${percent(value)} %`;
    case 'calls':
      return `${count(value)} ${value === 1 ? 'call' : 'calls'}`;
    case 'messages':
      return `${count(value)} ${value === 1 ? 'message' : 'messages'}`;
    case 'pods':
      return `${count(value)} ${value === 1 ? 'pod' : 'pods'}`;
    case 'addresses':
      return `${count(value)} ${value === 1 ? 'address' : 'addresses'}`;
    case 'times':
      return `${count(value)} ${value === 1 ? 'time' : 'times'}`;
    case 'per second':
      return `${value.toFixed(value < 10 ? 1 : 0)} calls/s`;
    case 'index':
      return value.toFixed(3);
  }
}

function percent(share: number): string {
  const text = (share * 100).toFixed(1);
  return text.endsWith('.0') ? text.slice(0, -2) : text;
}

function count(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}
