import type { GetSnapshotResponse, Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { toMs } from '../time.ts';
import { band, type Stretch } from './band.ts';
import { type Bracket, brackets } from './brackets.ts';
import type { EventLine } from './events.ts';
import { laneSlices } from './frames.ts';
import { losses, type Tear } from './losses.ts';
import { type BeliefStrip, beliefStrip } from './strip.ts';

/** All that is drawn of one lane on the time axis. */
export type LaneData = {
  stretches: readonly Stretch[];
  tears: readonly Tear[];
  belief: BeliefStrip;
  brackets: readonly Bracket[];
  slots: ReadonlyMap<string, number>;
  handles: ReadonlyMap<string, string>;
  reportedMs: number;
};

export function laneData(
  snapshot: GetSnapshotResponse,
  lane: Lane,
  lines: readonly EventLine[],
  nowMs: number,
): LaneData {
  const slices = laneSlices(snapshot.bins, lane.id);
  const order = snapshot.pods.map((pod) => pod.uid);
  const handles = new Map(snapshot.pods.map((pod) => [pod.uid, pod.handle]));
  return {
    stretches: band(slices, order),
    tears: losses(slices),
    belief: beliefStrip(snapshot, lane),
    brackets: brackets(lane, lines, handles, nowMs),
    slots: new Map(snapshot.pods.map((pod) => [pod.uid, pod.slot])),
    handles,
    reportedMs: reportedMs(snapshot),
  };
}

/** Up to here something was reported. */
export function reportedMs(snapshot: GetSnapshotResponse): number {
  const last = snapshot.bins[snapshot.bins.length - 1];
  return last === undefined ? 0 : toMs(last.to);
}
