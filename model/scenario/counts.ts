import { sumOf } from '../lanes.ts';
import { laneFrames, readySet, type Window } from './window.ts';

export interface Counts {
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

export function ended(counts: Counts): number {
  return counts.answered + counts.lost;
}
