import type { Histogram } from '../../gen/lbscope/events/v1/events_pb.js';
import { reactionMs } from '../changes.ts';
import { Merged } from '../histogram.ts';
import type { StoryRun } from '../state.ts';
import { type Counts, countsOf, ended, spreadOf } from './counts.ts';
import { laneFrames, type Window } from './window.ts';

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

export function counted(meaning: string, value: (counts: Counts) => number): Measure {
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

export function ofSpread(unit: Unit, meaning: string, value: (spread: number[]) => number): Measure {
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

export function ofPod(
  unit: Unit,
  meaning: string,
  value: (counts: Counts, uid: string) => number | undefined,
): Measure {
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

export function quantile(of: 'latency' | 'serviceTime', q: number, meaning: string): Measure {
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

export function eventsOf(meaning: string, counts: (kind: string, source: string) => boolean): Measure {
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
export function arrivals(window: Window, lane: string): StoryRun[] {
  const stories = window.changes.flatMap((change) =>
    change.stories.filter((story) => story.laneId === lane && story.direction === 'added' && story.slice !== undefined),
  );
  return stories.filter((story) => (story.slice ?? 0) <= window.to && !(story.ended && story.firstCall === undefined));
}

/** A call that came after the window is not the window's. */
export function noticed(story: StoryRun, window: Window): boolean {
  return story.firstCall !== undefined && story.firstCall <= window.to + 0.5;
}

export function reaction(pick: (values: number[]) => number, meaning: string): Measure {
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

export function told(meaning: string): Measure {
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
