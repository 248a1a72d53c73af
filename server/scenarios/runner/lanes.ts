import type { LaneSpec } from '../../../gen/lbscope/events/v1/events_pb.js';
import { findPreset } from '../../../model/presets.ts';
import type { Agent, Done } from '../../api/agent-port.ts';

const objectsOf = (spec: LaneSpec) => findPreset(spec.preset)?.objects;

/** A lane, and the objects of its preset where it stands on some. Where they can't be applied it says `unavailable`. */
export async function putLane(agent: Agent, spec: LaneSpec): Promise<Done> {
  const put = agent.putLane(spec);
  if (put.ok && objectsOf(spec) !== undefined) await agent.applyPreset(spec.preset);
  return put;
}

/** The presets whose objects these lanes stand on, each once. */
export function presetsOf(specs: readonly LaneSpec[]): string[] {
  return [...new Set(specs.filter((spec) => objectsOf(spec) !== undefined).map(({ preset }) => preset))];
}

/**
 * These lanes and no others, each with new clients. A lane that stays on the same objects is replaced in its place: taking
 * it away first would take the objects along, and putting them back would race with that.
 */
export async function replaceLanes(
  agent: Agent,
  before: readonly LaneSpec[],
  wanted: readonly LaneSpec[],
  put: (spec: LaneSpec) => Promise<Done> | Done = (spec) => putLane(agent, spec),
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
    const outcome = await put(spec);
    if (!outcome.ok) return outcome;
  }
  return { ok: true };
}
