import type { LaneSpec } from '../../../gen/lbscope/events/v1/events_pb.js';
import { findPreset } from '../../../model/presets.ts';
import type { Agent, Done } from '../../api/agent-port.ts';

const objectsOf = (spec: LaneSpec) => findPreset(spec.preset)?.objects;

/** A lane, and the objects of its preset where it stands on some. Without a right to apply them it says `unavailable`. */
export async function putLane(agent: Agent, spec: LaneSpec): Promise<Done> {
  if (objectsOf(spec) !== undefined) {
    const added = await agent.addPreset(spec.preset, { laneId: spec.id, target: spec.target });
    if (!added.ok) return added;
  }
  return agent.putLane(spec);
}

/**
 * These lanes and no others, each with new clients. A lane that stays on the same objects is replaced in its place: taking
 * it away first would take the objects along, and putting them back would race with that.
 */
export async function replaceLanes(
  agent: Agent,
  before: readonly LaneSpec[],
  wanted: readonly LaneSpec[],
): Promise<Done> {
  const stays = (id: string) => {
    const old = before.find((spec) => spec.id === id);
    return (
      old !== undefined &&
      objectsOf(old) !== undefined &&
      wanted.some((spec) => spec.id === id && spec.preset === old.preset)
    );
  };
  for (const id of agent.laneIds()) if (!stays(id)) agent.removeLane(id);
  for (const spec of wanted) {
    const put = await putLane(agent, spec);
    if (!put.ok) return put;
  }
  return { ok: true };
}
