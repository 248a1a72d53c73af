import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, fromJson, type JsonValue, toJson } from '@bufbuild/protobuf';
import {
  type LaneSpec,
  LaneSpecSchema,
  type Traffic,
  TrafficSchema,
} from '../../../gen/lbscope/events/v1/events_pb.js';
import type { RestorePlan, RestoreStore } from './restore-plan.ts';

const version = 1;

/** The plan in the agent's state folder. `onFault`: the file could not be read; it is kept aside, as it may matter. */
export function restoreFile(stateDir: string, onFault: (message: string) => void): RestoreStore {
  const file = join(stateDir, 'scenario-restore.json');
  return {
    load() {
      let text: string;
      try {
        text = readFileSync(file, 'utf8');
      } catch {
        return undefined;
      }
      try {
        return parse(JSON.parse(text));
      } catch (error) {
        const aside = `${file}.unreadable`;
        const what = `what a scenario changed cannot be restored, its list is not readable (${String(error)})`;
        try {
          renameSync(file, aside);
          onFault(`${what}; it is kept as ${aside}`);
        } catch (refused) {
          onFault(`${what}; it stays where it is (${String(refused)})`);
        }
        return undefined;
      }
    },
    save(plan) {
      mkdirSync(stateDir, { recursive: true });
      // Moved over, so that a crash in mid-write leaves the older list whole.
      const temporary = `${file}.new`;
      writeFileSync(temporary, `${JSON.stringify(write(plan), null, 2)}\n`);
      renameSync(temporary, file);
    },
    clear() {
      rmSync(file, { force: true });
    },
  };
}

const trafficJson = (traffic: Traffic | undefined) =>
  traffic === undefined ? {} : { traffic: toJson(TrafficSchema, create(TrafficSchema, traffic)) };

function write(plan: RestorePlan): object {
  return {
    ...plan,
    version,
    lanes: plan.lanes?.map(({ spec, running, traffic }) => ({
      spec: toJson(LaneSpecSchema, create(LaneSpecSchema, spec)),
      running,
      ...trafficJson(traffic),
    })),
    ...trafficJson(plan.traffic),
  };
}

interface Written extends Omit<RestorePlan, 'lanes' | 'traffic'> {
  readonly version: number;
  readonly lanes?: readonly { spec: JsonValue; running: boolean; traffic?: JsonValue }[];
  readonly traffic?: JsonValue;
}

function parse(json: Written): RestorePlan {
  if (json.version !== version || !Array.isArray(json.lanes ?? [])) throw new Error(`version ${json.version}`);
  const { version: _, lanes, traffic, ...plan } = json;
  return {
    ...plan,
    replicas: plan.replicas,
    behaviors: plan.behaviors ?? [],
    traffic: trafficOf(traffic),
    lanes: lanes?.map((lane) => ({ spec: specOf(lane.spec), running: lane.running, traffic: trafficOf(lane.traffic) })),
  };
}

function specOf(json: JsonValue): LaneSpec {
  return fromJson(LaneSpecSchema, json, { ignoreUnknownFields: true });
}

function trafficOf(json: JsonValue | undefined): Traffic | undefined {
  return json === undefined ? undefined : fromJson(TrafficSchema, json, { ignoreUnknownFields: true });
}
