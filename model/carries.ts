import type { LaneSpec } from '../gen/lbscope/events/v1/events_pb.js';

/** Why a lane can't carry that kind of call, in one sentence; undefined: it can. */
export function cannotCarry(spec: Pick<LaneSpec, 'client' | 'method'>, kind: string): string | undefined {
  if (kind !== 'unary' && spec.method !== undefined) {
    return `its method ${spec.method.path} is unary, and the traffic is ${kind}`;
  }
  if (kind !== 'unary' && spec.client === 'http1-json') {
    return `HTTP/1.1 with JSON carries unary calls only, and the traffic is ${kind}`;
  }
  return undefined;
}
