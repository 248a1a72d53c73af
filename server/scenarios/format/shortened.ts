import type { LaneSpec } from '../../../gen/lbscope/events/v1/events_pb.js';

/** What gRPC's clients have; semantics are in docs. */
const clientFloorSeconds = 30;
const clientIdleSeconds = 1_800;

/** Timers of a lane that are shorter than a real client's, said on the screen and in the report with by how much. */
export function shortenedBy(lane: LaneSpec): string[] {
  const name = lane.label || lane.id;
  const said: string[] = [];
  if (lane.resolutionFloorSeconds > 0 && lane.resolutionFloorSeconds < clientFloorSeconds) {
    said.push(
      `${name}: least time between two lookups is ${lane.resolutionFloorSeconds} s here; ${lane.profile || 'gRPC'} has ${clientFloorSeconds} s`,
    );
  }
  if (lane.idleTimeoutSeconds > 0 && lane.idleTimeoutSeconds < clientIdleSeconds) {
    said.push(
      `${name}: a channel without calls goes idle after ${lane.idleTimeoutSeconds} s here; gRPC's clients take 30 min`,
    );
  }
  return said;
}
