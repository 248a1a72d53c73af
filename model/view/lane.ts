import type { GetSnapshotResponse, Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { toMs } from '../time.ts';
import { band, type Stretch } from './band.ts';
import { type Bracket, brackets } from './brackets.ts';
import type { EventLine } from './events.ts';
import { type LaneSlice, laneSlices } from './frames.ts';
import { type Load, load } from './load.ts';
import { type Burst, losses, type Tear } from './losses.ts';
import { type SlowSpan, slowSpans } from './slow.ts';
import { type BeliefStrip, beliefStrip } from './strip.ts';

/** All that is drawn of one lane on the time axis. */
export type LaneData = {
  stretches: readonly Stretch[];
  load: readonly Load[];
  slow: readonly SlowSpan[];
  tears: readonly Tear[];
  belief: BeliefStrip;
  brackets: readonly Bracket[];
  slots: ReadonlyMap<string, number>;
  handles: ReadonlyMap<string, string>;
  reportedMs: number;
};

/** What of the time axis is seen, and how much time a point of it holds. */
export type Seen = { fromMs: number; toMs: number; pixelMs: number };

const everything: Seen = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY, pixelMs: 0 };
/** Shares are smoothed, so the picture's edges need what lies a little beyond them. */
const marginMs = 15_000;

export function laneData(
  snapshot: GetSnapshotResponse,
  lane: Lane,
  lines: readonly EventLine[],
  nowMs: number,
  seen: Seen = everything,
): LaneData {
  const slices = laneSlices(snapshot.bins, lane.id).filter((each) => isNear(each, seen));
  const order = snapshot.pods.map((pod) => pod.uid);
  const handles = new Map(snapshot.pods.map((pod) => [pod.uid, pod.handle]));
  return {
    stretches: band(slices, order, seen.pixelMs),
    load: load(slices, seen.pixelMs),
    slow: slowSpans(slices),
    tears: losses(slices, burstsOf(snapshot, lane.id)),
    belief: beliefStrip(snapshot, lane),
    brackets: brackets(lane, lines, handles, nowMs),
    slots: new Map(snapshot.pods.map((pod) => [pod.uid, pod.slot])),
    handles,
    reportedMs: reportedMs(snapshot),
  };
}

function isNear(slice: LaneSlice, { fromMs, toMs }: Seen): boolean {
  return slice.toMs >= fromMs - marginMs && slice.fromMs <= toMs + marginMs;
}

export function burstsOf(snapshot: GetSnapshotResponse, laneId: string): Burst[] {
  return snapshot.events.flatMap((event) =>
    event.laneId === laneId && event.kind.case === 'lossBurst'
      ? [{ fromMs: toMs(event.kind.value.first), toMs: toMs(event.kind.value.last) }]
      : [],
  );
}

/** Up to here something was reported. */
export function reportedMs(snapshot: GetSnapshotResponse): number {
  const last = snapshot.bins[snapshot.bins.length - 1];
  return last === undefined ? 0 : toMs(last.to);
}
