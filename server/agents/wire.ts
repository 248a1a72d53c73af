import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type Event, type LaneSpec, LaneSpecSchema, TrafficSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import {
  type Attribution,
  AttributionSchema,
  type Lane,
  LaneSchema,
  type WorkRequest,
  WorkRequestSchema,
  type WorkResponse,
  WorkResponseSchema,
} from '../../gen/lbscope/worker/v1/worker_pb.js';
import { toMs } from '../../model/time.ts';
import type { EventInit } from '../events/port.ts';
import type { AttributionTable } from '../traffic/attribution.ts';
import type { Load } from './share.ts';

export function request(kind: MessageInitShape<typeof WorkRequestSchema>['kind']): WorkRequest {
  return create(WorkRequestSchema, { kind });
}

export function response(kind: MessageInitShape<typeof WorkResponseSchema>['kind']): WorkResponse {
  return create(WorkResponseSchema, { kind });
}

/** A lane, and one agent's part of its load. */
export function toLane(driver: number, spec: LaneSpec, { settings, running }: Load): Lane {
  const { part, ...traffic } = settings;
  return create(LaneSchema, { driver, spec, traffic, running, part: part?.index ?? 0, parts: part?.of ?? 1 });
}

export function fromLane(lane: Lane): { readonly spec: LaneSpec; readonly load: Load } {
  const { $typeName: _, $unknown: __, ...traffic } = lane.traffic ?? create(TrafficSchema);
  const part = { index: lane.part, of: Math.max(1, lane.parts) };
  return { spec: lane.spec ?? create(LaneSpecSchema), load: { settings: { ...traffic, part }, running: lane.running } };
}

export function toAttribution(table: AttributionTable): Attribution {
  return create(AttributionSchema, {
    addresses: table.addresses.map(([ip, owners]) => ({ ip, owners: owners.map(([uid, atMs]) => ({ uid, atMs })) })),
    notReadySince: table.notReadySince.map(([uid, atMs]) => ({ uid, atMs })),
    pods: table.pods.map(([uid, name, incarnation]) => ({ uid, name, incarnation })),
  });
}

export function fromAttribution({ addresses, notReadySince, pods }: Attribution): AttributionTable {
  return {
    addresses: addresses.map(({ ip, owners }) => [ip, owners.map(({ uid, atMs }) => [uid, atMs] as const)] as const),
    notReadySince: notReadySince.map(({ uid, atMs }) => [uid, atMs] as const),
    pods: pods.map(({ uid, name, incarnation }) => [uid, name, incarnation] as const),
  };
}

/** A worker's event as this agent's hub takes it: whose it is, and identifiers that no other agent's can be. */
export function ownEvent(agent: string, event: Event): EventInit {
  const { $typeName: _, $unknown: __, sequence: ___, cause: ____, at, ...fields } = event;
  const { connectionId, resolutionId } = fields;
  return {
    ...fields,
    at: toMs(at),
    agent,
    ...(connectionId === undefined ? {} : { connectionId: `${agent}/${connectionId}` }),
    ...(resolutionId === undefined ? {} : { resolutionId: `${agent}/${resolutionId}` }),
  };
}
