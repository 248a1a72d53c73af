import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { file_grpc_health_v1_health, Health } from '../../gen/grpc/health/v1/health_pb.js';
import type { LaneSpec, Method } from '../../gen/lbscope/events/v1/events_pb.js';
import type { Lookup, SliceWatch } from '../balancing/resolver/port.ts';
import type { Timers } from '../events/port.ts';
import type { MethodCall } from '../traffic/method-call.ts';
import type { TlsOptions } from '../transport/port.ts';
import { createTypedTransport } from '../transport/typed/index.ts';
import { firstAddress } from './first-address.ts';
import { reflect } from './reflection.ts';
import { makeCall } from './schema.ts';

export type Found =
  | { readonly ok: true; readonly call: MethodCall }
  /** `again`: another answer is possible later. */
  | { readonly ok: false; readonly reason: string; readonly again: boolean };

export interface FindParts {
  readonly lookup: Lookup;
  readonly sliceWatch: SliceWatch;
  readonly timers: Timers;
  readonly tls: TlsOptions | undefined;
}

const connectTimeoutMs = 5_000;
const answerTimeoutMs = 5_000;

/** What a lane's method is, by its descriptors or by asking its server. Never rejects. */
export async function findMethod(
  spec: Pick<LaneSpec, 'target' | 'resolver'>,
  method: Method,
  parts: FindParts,
): Promise<Found> {
  if (method.descriptors.length > 0) {
    try {
      const made = makeCall(fromBinary(FileDescriptorSetSchema, method.descriptors).file, method);
      return made.ok ? made : { ...made, again: false };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { ok: false, reason: `lane.method.descriptors is no FileDescriptorSet: ${why}`, again: false };
    }
  }
  const service = method.path.split('/')[1] ?? '';
  // The one service whose schema everybody knows: a server without reflection may well have it.
  if (service === Health.typeName) {
    const made = makeCall([file_grpc_health_v1_health.proto], method);
    return made.ok ? made : { ...made, again: false };
  }
  const about = `lane.method.path is "${method.path}"`;
  const address = await firstAddress(spec, parts);
  if (typeof address === 'string') {
    return { ok: false, reason: `${about}, and nobody can be asked what that is: ${address}`, again: true };
  }
  const transport = createTypedTransport(address, {
    authority: spec.target,
    connectTimeoutMs,
    defaultTimeoutMs: answerTimeoutMs,
    ...(parts.tls === undefined ? {} : { tls: parts.tls }),
  });
  try {
    const reflected = await reflect(transport, service);
    if (reflected.ok) {
      const made = makeCall(reflected.files, method);
      return made.ok ? made : { ...made, again: true };
    }
    const reason = reflected.unknown
      ? `${about}: the server at ${spec.target} knows no service ${service}`
      : `${about}, and asking ${spec.target} by reflection failed: ${reflected.reason}; lane.method.descriptors would say it too`;
    return { ok: false, reason, again: true };
  } finally {
    transport.close();
  }
}
