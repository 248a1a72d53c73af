import { coefficientOfVariation, jain, maxOverMean, podsAnswering } from '../measures.ts';
import { errorClasses } from '../words.ts';
import { countsOf, ended } from './counts.ts';
import {
  arrivals,
  counted,
  eventsOf,
  type Measure,
  noticed,
  ofPod,
  ofSpread,
  quantile,
  reaction,
  told,
} from './measure.ts';
import { beliefAtEnd, laneFrames, readySet, unavailability } from './window.ts';

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
