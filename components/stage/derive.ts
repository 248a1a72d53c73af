import type { GetSnapshotResponse, Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { band, type Stretch } from '../../model/view/band.ts';
import { type Bracket, brackets } from '../../model/view/brackets.ts';
import { type EventLine, eventLines } from '../../model/view/events.ts';
import { laneSlices } from '../../model/view/frames.ts';
import { burstsOf, reportedMs } from '../../model/view/lane.ts';
import { losses, type Tear } from '../../model/view/losses.ts';
import { storyColours } from '../../model/view/stage/colours.ts';
import { grouped, type PodGroup } from '../../model/view/stage/groups.ts';
import { type Scene, sceneOf } from '../../model/view/stage/scene.ts';
import { chosenLanes } from '../../model/view/stage/sides.ts';

/** What the ledger draws of a lane. */
export type LaneBand = { stretches: readonly Stretch[]; tears: readonly Tear[]; brackets: readonly Bracket[] };

/** All that the view shows of one report; nothing here knows the size of a screen. */
export type Derived = {
  lanes: Lane[];
  lines: EventLine[];
  bands: Map<string, LaneBand>;
  handles: Map<string, string>;
  /** As drawn: over thirty pods grouped. */
  scene: Scene;
  /** With every pod. */
  whole: Scene;
  groups: ReadonlyMap<string, PodGroup>;
  slots: Map<string, number>;
  reportedMs: number;
};

/** A band moves by one bin every half second: it is not derived anew more often than that. */
const bandEveryMs = 450;

/**
 * Keeps the bands between reports. They are by far the most to derive, so they are renewed one lane at a time, in frames
 * between the reports; streams, corners and waiting are of the newest report always.
 */
export class Bands {
  private readonly kept = new Map<string, { atMs: number; run: string; stretches: Stretch[] }>();

  of(snapshot: GetSnapshotResponse, lanes: readonly Lane[]): Map<string, Stretch[]> {
    const nowMs = reportedMs(snapshot);
    for (const laneId of this.kept.keys()) {
      if (!snapshot.lanes.some((lane) => lane.id === laneId)) this.kept.delete(laneId);
    }
    for (const lane of lanes) {
      const kept = this.kept.get(lane.id);
      // Another run, or a moment before: nothing that is kept holds.
      if (kept === undefined || kept.run !== snapshot.runId || kept.atMs > nowMs) this.make(snapshot, lane.id);
    }
    return new Map(lanes.map((lane) => [lane.id, upTo(this.kept.get(lane.id), nowMs)]));
  }

  /** The band that is longest out of date, if one is; tells whether it did anything. */
  renew(snapshot: GetSnapshotResponse): boolean {
    const nowMs = reportedMs(snapshot);
    const oldest = [...this.kept].reduce<[string, number]>(
      (old, [laneId, { atMs }]) => (atMs < old[1] ? [laneId, atMs] : old),
      ['', nowMs - bandEveryMs],
    );
    if (oldest[0] === '') return false;
    this.make(snapshot, oldest[0]);
    return true;
  }

  private make(snapshot: GetSnapshotResponse, laneId: string): void {
    const order = snapshot.pods.map((pod) => pod.uid);
    const stretches = band(laneSlices(snapshot.bins, laneId), order);
    this.kept.set(laneId, { atMs: reportedMs(snapshot), run: snapshot.runId, stretches });
  }
}

/** Until it is derived anew, what held at the last report goes on. */
function upTo(kept: { atMs: number; stretches: Stretch[] } | undefined, nowMs: number): Stretch[] {
  const last = kept?.stretches.at(-1);
  if (kept === undefined || last === undefined || last.toMs < kept.atMs || nowMs <= kept.atMs)
    return kept?.stretches ?? [];
  return [...kept.stretches.slice(0, -1), { ...last, toMs: nowMs }];
}

export function derive(
  snapshot: GetSnapshotResponse,
  nowMs: number,
  picked: readonly string[],
  pointedAt: string | undefined,
  kept: Bands,
  open: string | undefined,
): Derived {
  const lines = eventLines(snapshot, 0);
  const lanes = chosenLanes(snapshot.lanes, picked);
  const handles = new Map(snapshot.pods.map((pod) => [pod.uid, pod.handle]));
  const stretches = kept.of(snapshot, lanes);
  const whole = sceneOf(snapshot, lanes, nowMs);
  const { scene, groups } = grouped(whole, open);
  return {
    lanes,
    lines,
    bands: new Map(
      lanes.map((lane) => [
        lane.id,
        {
          stretches: stretches.get(lane.id) ?? [],
          tears: losses(laneSlices(snapshot.bins, lane.id), burstsOf(snapshot, lane.id)),
          brackets: brackets(lane, lines, handles, nowMs),
        },
      ]),
    ),
    handles,
    scene,
    whole,
    groups,
    slots: new Map([...storyColours(whole, pointedAt), ...[...groups.keys()].map((key) => [key, 0] as const)]),
    reportedMs: reportedMs(snapshot),
  };
}
