import type { GetSnapshotResponse, Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { type EventLine, eventLines } from '../../model/view/events.ts';
import { type LaneData, laneData, reportedMs } from '../../model/view/lane.ts';
import { storyColours } from '../../model/view/stage/colours.ts';
import { type Scene, sceneOf } from '../../model/view/stage/scene.ts';
import { chosenLanes } from '../../model/view/stage/sides.ts';

/** All that the view shows of one report; nothing here knows the size of a screen. */
export type Derived = {
  lanes: Lane[];
  lines: EventLine[];
  data: Map<string, LaneData>;
  scene: Scene;
  slots: Map<string, number>;
  reportedMs: number;
};

export function derive(
  snapshot: GetSnapshotResponse,
  nowMs: number,
  picked: readonly string[],
  pointedAt: string | undefined,
): Derived {
  const lines = eventLines(snapshot, 0);
  const lanes = chosenLanes(snapshot.lanes, picked);
  const data = new Map(lanes.map((lane) => [lane.id, laneData(snapshot, lane, lines, nowMs)]));
  const scene = sceneOf(snapshot, lanes, data, nowMs);
  return { lanes, lines, data, scene, slots: storyColours(scene, pointedAt), reportedMs: reportedMs(snapshot) };
}
