import { create } from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import {
  type AgentPart,
  AgentPartSchema,
  type ClassCount,
  ClassCountSchema,
  type Frame,
  FrameSchema,
  type Histogram,
  HistogramSchema,
  type LaneFrame,
  LaneFrameSchema,
  type PodFrame,
  PodFrameSchema,
} from '../../gen/lbscope/events/v1/events_pb.js';
import { toMs } from '../../model/time.ts';

/**
 * One frame that says what several said: counts and histogram buckets are summed, gauges (in flight, asked rate) are the
 * last one's, edges are the outermost. The frames must be in order. Inputs are not changed.
 * The sequence is the last frame's, so that resuming after the merged frame resumes after all of them.
 */
export function mergeFrames(frames: readonly [Frame, ...Frame[]]): Frame {
  const last = frames[frames.length - 1] as Frame;
  const lanes = byLane(frames.flatMap((frame) => frame.lanes));
  return create(FrameSchema, {
    sequence: last.sequence,
    from: frames[0].from,
    to: last.to,
    lanes: [...lanes.values()].map(mergeLanes),
  });
}

/** A lane that is put anew has two parts in a frame until the calls of the old one have ended: they become one. */
export function onePartEach(frame: Frame): Frame {
  const lanes = byLane(frame.lanes);
  if (lanes.size === frame.lanes.length) return frame;
  return create(FrameSchema, { ...frame, lanes: [...lanes.values()].map(sumLanes) });
}

function byLane(lanes: readonly LaneFrame[]): Map<string, LaneFrame[]> {
  const found = new Map<string, LaneFrame[]>();
  for (const lane of lanes) {
    const list = found.get(lane.laneId);
    if (list === undefined) found.set(lane.laneId, [lane]);
    else list.push(lane);
  }
  return found;
}

/** Parts of one interval: each has calls in flight and an asked rate of its own. */
function sumLanes(lanes: readonly LaneFrame[]): LaneFrame {
  return Object.assign(mergeLanes(lanes), {
    inFlight: sum(lanes, (lane) => lane.inFlight),
    askedRate: sum(lanes, (lane) => lane.askedRate),
  });
}

function mergeLanes(lanes: readonly LaneFrame[]): LaneFrame {
  const last = lanes[lanes.length - 1] as LaneFrame;
  const pods = new Map<string, PodFrame[]>();
  for (const lane of lanes) {
    for (const pod of lane.pods) {
      const list = pods.get(pod.podUid);
      if (list === undefined) pods.set(pod.podUid, [pod]);
      else list.push(pod);
    }
  }
  return create(LaneFrameSchema, {
    laneId: last.laneId,
    issued: sum(lanes, (lane) => lane.issued),
    answered: sum(lanes, (lane) => lane.answered),
    failed: mergeClasses(lanes.flatMap((lane) => lane.failed)),
    inFlight: last.inFlight,
    askedRate: last.askedRate,
    transparentRetries: sum(lanes, (lane) => lane.transparentRetries),
    latency: mergeHistograms(lanes.map((lane) => lane.latency)),
    serviceTime: mergeHistograms(lanes.map((lane) => lane.serviceTime)),
    pods: [...pods.values()].map(mergePods),
    shortfall: sum(lanes, (lane) => lane.shortfall),
    policyRetries: sum(lanes, (lane) => lane.policyRetries),
    answeredByRetry: sum(lanes, (lane) => lane.answeredByRetry),
    messages: sum(lanes, (lane) => lane.messages),
    scheduleError: mergeHistograms(lanes.map((lane) => lane.scheduleError)),
    agents: mergeAgents(lanes, [...pods.keys()]),
  });
}

/** Whose calls they were, with the places of their pods in the merged list. */
function mergeAgents(lanes: readonly LaneFrame[], uids: readonly string[]): AgentPart[] {
  const places = new Map(uids.map((uid, place) => [uid, place]));
  const sums = new Map<string, { issued: number; failed: number; shortfall: number; pods: Map<number, number> }>();
  for (const lane of lanes) {
    for (const { agent, issued, failed, shortfall, pod, answered } of lane.agents) {
      const sum = sums.get(agent) ?? { issued: 0, failed: 0, shortfall: 0, pods: new Map() };
      sums.set(agent, sum);
      sum.issued += issued;
      sum.failed += failed;
      sum.shortfall += shortfall;
      pod.forEach((before, index) => {
        const place = places.get(lane.pods[before]?.podUid ?? '');
        if (place !== undefined) sum.pods.set(place, (sum.pods.get(place) ?? 0) + (answered[index] ?? 0));
      });
    }
  }
  return [...sums].map(([agent, { pods, ...counts }]) =>
    create(AgentPartSchema, { agent, ...counts, pod: [...pods.keys()], answered: [...pods.values()] }),
  );
}

/**
 * What several agents counted in one interval, as one frame: counts and histogram buckets are summed, and so are the gauges,
 * as each agent has calls in flight of its own. The first is the agent that is asked; its interval is the frame's. Each lane
 * says whose calls they were.
 */
export function joinAgents(
  parts: readonly [own: { readonly agent: string; readonly frame: Frame }, ...{ agent: string; frame: Frame }[]],
): Frame {
  const [own] = parts;
  const lanes = parts.flatMap(({ agent, frame }) =>
    frame.lanes.map((lane) => create(LaneFrameSchema, { ...lane, agents: [partOf(agent, lane)] })),
  );
  return create(FrameSchema, { ...own.frame, lanes: [...byLane(lanes).values()].map(sumLanes) });
}

function partOf(agent: string, lane: LaneFrame): AgentPart {
  const pods = lane.pods.map(({ answered }, pod) => ({ pod, answered })).filter(({ answered }) => answered > 0);
  return create(AgentPartSchema, {
    agent,
    issued: lane.issued,
    failed: sum(lane.failed, ({ count }) => count),
    shortfall: lane.shortfall,
    pod: pods.map(({ pod }) => pod),
    answered: pods.map(({ answered }) => answered),
  });
}

function mergePods(pods: readonly PodFrame[]): PodFrame {
  return create(PodFrameSchema, {
    podUid: (pods[0] as PodFrame).podUid,
    answered: sum(pods, (pod) => pod.answered),
    failed: mergeClasses(pods.flatMap((pod) => pod.failed)),
    first: outermost(pods, (pod) => pod.first, Math.min),
    last: outermost(pods, (pod) => pod.last, Math.max),
    toRemovedAnswered: sum(pods, (pod) => pod.toRemovedAnswered),
    toRemovedLost: sum(pods, (pod) => pod.toRemovedLost),
    serviceTimeSumMs: sum(pods, (pod) => pod.serviceTimeSumMs),
    inferred: pods.some((pod) => pod.inferred),
    messages: sum(pods, (pod) => pod.messages),
    latencySumMs: sum(pods, (pod) => pod.latencySumMs),
    latencySteps: addUp(pods.map((pod) => pod.latencySteps)),
  });
}

/** Place by place; one that is shorter has nothing there. */
function addUp(rows: readonly (readonly number[])[]): number[] {
  const length = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length }, (_, place) => sum(rows, (row) => row[place] ?? 0));
}

/** Several agents' intervals overlap: the first and the last of all. */
function outermost(
  pods: readonly PodFrame[],
  of: (pod: PodFrame) => Timestamp | undefined,
  choose: (...instants: number[]) => number,
): Timestamp | undefined {
  const present = pods.map(of).filter((instant) => instant !== undefined);
  if (present.length <= 1) return present[0];
  const chosen = choose(...present.map(toMs));
  return present.find((instant) => toMs(instant) === chosen);
}

function mergeClasses(counts: readonly ClassCount[]): ClassCount[] {
  const byClass = new Map<string, number>();
  for (const { errorClass, count } of counts) byClass.set(errorClass, (byClass.get(errorClass) ?? 0) + count);
  return [...byClass].map(([errorClass, count]) => create(ClassCountSchema, { errorClass, count }));
}

/** Works on the wire form (delta coded bucket numbers), so no knowledge of the bucket limits is needed here. */
export function mergeHistograms(histograms: readonly (Histogram | undefined)[]): Histogram | undefined {
  const present = histograms.filter((histogram) => histogram !== undefined);
  if (present.length === 0) return undefined;
  const counts = new Map<number, number>();
  let maxUs = 0;
  for (const histogram of present) {
    let bucket = 0;
    histogram.bucket.forEach((delta, index) => {
      bucket += delta;
      counts.set(bucket, (counts.get(bucket) ?? 0) + (histogram.count[index] ?? 0));
    });
    maxUs = Math.max(maxUs, histogram.maxUs);
  }
  const buckets = [...counts.keys()].sort((a, b) => a - b);
  return create(HistogramSchema, {
    bucket: buckets.map((bucket, index) => bucket - (index === 0 ? 0 : (buckets[index - 1] as number))),
    count: buckets.map((bucket) => counts.get(bucket) as number),
    maxUs,
  });
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
}
