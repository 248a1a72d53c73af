import type { Frame, LaneFrame } from '../gen/lbscope/events/v1/events_pb.js';
import { Merged } from './histogram.ts';
import { sumOf } from './lanes.ts';
import { type Run, scoreWindowMs } from './state.ts';
import { toMs } from './time.ts';

export interface LaneScore {
  /** Milliseconds of the window in which traffic was asked for or issued. */
  readonly activeMs: number;
  readonly issued: number;
  readonly answered: number;
  readonly failed: number;
  readonly messages: number;
  /** Calls per second that the newest frame asked for. */
  readonly asked: number;
  readonly achieved: number;
  readonly latency: Merged;
  readonly serviceTime: Merged;
  /** From the intended send to the moment the call was issued. */
  readonly scheduleError: Merged;
  readonly pods: ReadonlyMap<string, PodScore>;
}

export interface PodScore {
  readonly answered: number;
  readonly failed: number;
  readonly messages: number;
  readonly meanMs: number;
}

const kept = new WeakMap<Run, { version: number; scores: Map<string, LaneScore> }>();

/** What the lane did in the last 10 s (of the frames' own time). Kept until the run changes. */
export function scoreOf(run: Run, laneId: string): LaneScore {
  let cache = kept.get(run);
  if (cache === undefined || cache.version !== run.version) {
    cache = { version: run.version, scores: new Map() };
    kept.set(run, cache);
  }
  const known = cache.scores.get(laneId);
  if (known !== undefined) return known;
  const score = scoreSince(run, laneId, newest(run) - scoreWindowMs);
  cache.scores.set(laneId, score);
  return score;
}

/** The same over all frames that begin at `since` or later. */
export function scoreSince(run: Run, laneId: string, since: number): LaneScore {
  const latency = new Merged();
  const serviceTime = new Merged();
  const scheduleError = new Merged();
  const pods = new Map<string, { answered: number; failed: number; messages: number; sumMs: number }>();
  let issued = 0;
  let answered = 0;
  let failed = 0;
  let messages = 0;
  for (const { part } of partsSince(run, laneId, since)) {
    issued += part.issued;
    answered += part.answered;
    failed += sumOf(part.failed);
    messages += part.messages;
    latency.add(part.latency);
    serviceTime.add(part.serviceTime);
    scheduleError.add(part.scheduleError);
    for (const pod of part.pods) {
      let sum = pods.get(pod.podUid);
      if (sum === undefined) {
        sum = { answered: 0, failed: 0, messages: 0, sumMs: 0 };
        pods.set(pod.podUid, sum);
      }
      sum.answered += pod.answered;
      sum.failed += sumOf(pod.failed);
      sum.messages += pod.messages;
      sum.sumMs += pod.serviceTimeSumMs;
    }
  }
  return {
    ...rates(run, laneId, since),
    issued,
    answered,
    failed,
    messages,
    latency,
    serviceTime,
    scheduleError,
    pods: new Map(
      [...pods].map(([uid, { sumMs, ...sum }]) => [
        uid,
        { ...sum, meanMs: sum.answered > 0 ? sumMs / sum.answered : 0 },
      ]),
    ),
  };
}

export interface LaneRate {
  readonly asked: number;
  readonly achieved: number;
  readonly activeMs: number;
}

export function rateOf(run: Run, laneId: string, overMs: number): LaneRate {
  return rates(run, laneId, newest(run) - overMs);
}

function rates(run: Run, laneId: string, since: number): LaneRate {
  let asked = 0;
  let answered = 0;
  let activeMs = 0;
  for (const { frame, part } of partsSince(run, laneId, since)) {
    asked = part.askedRate;
    answered += part.answered;
    if (part.askedRate > 0 || part.issued > 0 || part.answered > 0) activeMs += toMs(frame.to) - toMs(frame.from);
  }
  return { asked, achieved: activeMs > 0 ? (answered * 1000) / activeMs : 0, activeMs };
}

/** Oldest first. Reads from the end, so that the cost is that of the window. */
function partsSince(run: Run, laneId: string, since: number): { frame: Frame; part: LaneFrame }[] {
  const parts: { frame: Frame; part: LaneFrame }[] = [];
  // Half a millisecond of tolerance: edges come from microseconds in a double.
  for (let i = run.frames.length - 1; i >= 0 && toMs(run.frames[i]!.from) >= since - 0.5; i--) {
    const frame = run.frames[i]!;
    const part = frame.lanes.find((lane) => lane.laneId === laneId);
    if (part !== undefined) parts.push({ frame, part });
  }
  return parts.reverse();
}

function newest(run: Run): number {
  return toMs(run.frames.at(-1)?.to);
}
