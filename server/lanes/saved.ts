import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, fromJson, type JsonValue, toJson } from '@bufbuild/protobuf';
import { type LaneSpec, LaneSpecSchema, type Traffic, TrafficSchema } from '../../gen/lbscope/events/v1/events_pb.js';

/** What a restarted agent goes on with. */
export interface Saved {
  readonly traffic: Traffic;
  readonly lanes: readonly SavedLane[];
}

export interface SavedLane {
  readonly spec: LaneSpec;
  readonly running: boolean;
  /** Set when the lane has settings of its own. */
  readonly traffic: Traffic | undefined;
}

const version = 1;

/** Undefined when nothing was saved, or when it cannot be read: then the agent starts afresh. */
export function load(stateDir: string): Saved | undefined {
  try {
    const json = JSON.parse(readFileSync(file(stateDir), 'utf8'));
    if (json.version !== version || !Array.isArray(json.lanes) || json.lanes.length === 0) return undefined;
    return {
      traffic: fromJson(TrafficSchema, json.traffic),
      lanes: json.lanes.map((lane: { spec: JsonValue; running: unknown; traffic?: JsonValue }) => ({
        spec: fromJson(LaneSpecSchema, lane.spec),
        running: lane.running === true,
        traffic: lane.traffic === undefined ? undefined : fromJson(TrafficSchema, lane.traffic),
      })),
    };
  } catch {
    return undefined;
  }
}

/** Written beside and moved over, so that a crash or a full disk leaves the older state whole. Throws what the disk says. */
export function save(stateDir: string, saved: Saved): void {
  mkdirSync(stateDir, { recursive: true });
  const json = {
    version,
    traffic: toJson(TrafficSchema, create(TrafficSchema, saved.traffic)),
    lanes: saved.lanes.map((lane) => ({
      spec: toJson(LaneSpecSchema, lane.spec),
      running: lane.running,
      ...(lane.traffic === undefined ? {} : { traffic: toJson(TrafficSchema, lane.traffic) }),
    })),
  };
  const temporary = `${file(stateDir)}.new`;
  writeFileSync(temporary, `${JSON.stringify(json, null, 2)}\n`);
  renameSync(temporary, file(stateDir));
}

function file(stateDir: string): string {
  return join(stateDir, 'lanes.json');
}
