import { fromJson, type JsonObject, toJson } from '@bufbuild/protobuf';
import { type LaneSpec, LaneSpecSchema, type Traffic } from '../../../gen/lbscope/events/v1/events_pb.js';
import { checkJson } from '../../api/check.ts';
import { requestRules } from '../../api/rules.ts';
import { type Path, pathText, show } from './faults.ts';
import type { Reading } from './reading.ts';

export function readLanes(c: Reading, given: readonly unknown[]): LaneSpec[] {
  const lanes: LaneSpec[] = [];
  for (const [index, entry] of given.entries()) {
    const spec = readLane(c, entry, ['lanes', index]);
    // Known even when it is not right: one fault must not bring others about.
    const id = typeof entry === 'string' ? entry : (entry as { id?: unknown } | null)?.id;
    if (typeof id === 'string' && (typeof entry !== 'string' || spec !== undefined)) c.lanes.add(id);
    if (spec === undefined) continue;
    if (lanes.some(({ id }) => id === spec.id))
      c.fault(['lanes', index], `lanes[${index}] is "${spec.id}" again: each id once`);
    else lanes.push(spec);
  }
  return lanes;
}

export function readLane(c: Reading, entry: unknown, path: Path): LaneSpec | undefined {
  const presets = `a preset: ${c.presets.ids.join(', ')}`;
  if (typeof entry === 'string') {
    const preset = c.presets.find(entry);
    if (preset === undefined) c.fault(path, `${pathText(path)} is ${show(entry)}: allowed is ${presets}`);
    return preset;
  }
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return undefined;
  const { like, ...changes } = entry as Record<string, unknown>;
  const preset = typeof like === 'string' ? c.presets.find(like) : undefined;
  if (like !== undefined && preset === undefined) {
    c.fault([...path, 'like'], `${pathText([...path, 'like'])} is ${show(like)}: allowed is ${presets}`);
    return undefined;
  }
  if (typeof changes.id !== 'string') {
    c.fault(path, `${pathText([...path, 'id'])} is missing: allowed is the id of a lane: 1 to 32 of a-z, 0-9 and -`);
    return undefined;
  }
  const base = preset === undefined ? {} : (toJson(LaneSpecSchema, preset) as JsonObject);
  const label = changes.label ?? (like === changes.id ? base.label : changes.id);
  const json = { ...base, ...changes, label };
  const faults = checkJson(requestRules.PutLane ?? { fields: {} }, { lane: json });
  for (const fault of faults) c.fault(placeIn(path, fault), fault.replace(/^lane\b/, pathText(path)));
  return faults.length > 0 ? undefined : fromJson(LaneSpecSchema, json as JsonObject);
}

/** The API's checks name the field in front: there the fault stands. */
function placeIn(path: Path, fault: string): Path {
  const field = /^lane\.(\w+)/.exec(fault)?.[1];
  return field === undefined ? path : [...path, field];
}

export function readTraffic(
  c: Reading,
  given: unknown,
  path: Path,
  withLane: boolean,
): Partial<Traffic> & { laneId?: string } {
  if (given === undefined) return {};
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return {};
  const { lane, ...rest } = given as Record<string, unknown>;
  if (lane !== undefined && !withLane)
    c.fault([...path, 'lane'], `${pathText([...path, 'lane'])} is not known here: it holds for all lanes`, true);
  if ('laneId' in rest)
    c.fault([...path, 'laneId'], `${pathText([...path, 'laneId'])} is not known: allowed is lane`, true);
  for (const fault of checkJson(requestRules.SetTraffic ?? { fields: {} }, rest)) {
    const field = /^(\w+) is/.exec(fault)?.[1];
    const place = field === undefined ? path : [...path, field];
    c.fault(place, field === undefined ? `${pathText(path)}: ${fault}` : `${pathText(path)}.${fault}`);
  }
  return { ...(rest as Partial<Traffic>), ...(typeof lane === 'string' ? { laneId: lane } : {}) };
}
