import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { PodControlService } from '../../gen/lbscope/pod/v1/control_pb.js';
import type { CallFailure } from '../transport/port.ts';
import { createTypedTransport } from '../transport/typed/index.ts';
import type { Outcome } from './actions.ts';

const timeoutMs = 3_000;

export interface BehaviorChange {
  readonly ready?: boolean;
  readonly delayMs?: number;
  readonly errorRate?: number;
  /** gRFC A9; -1: none. */
  readonly maxConnectionAgeMs?: number;
  readonly maxConnectionAgeGraceMs?: number;
  readonly crash?: boolean;
}

/** Tells one pod what to do, on its control port. One short connection for each request. */
export async function controlPod(ip: string, port: number, change: BehaviorChange): Promise<Outcome> {
  const transport = createTypedTransport({ host: ip, port }, { defaultTimeoutMs: timeoutMs });
  try {
    const client = createClient(PodControlService, transport);
    const { crash, ...behavior } = change;
    if (Object.keys(behavior).length > 0) await client.setBehavior(behavior);
    if (crash === true) {
      try {
        await client.crash({});
      } catch (error) {
        // It may be gone before its answer is: that is what was asked for. But a pod that was never reached did not crash.
        const { code, cause } = ConnectError.from(error);
        const gone = code === Code.Unavailable && (cause as CallFailure | undefined)?.seen === 'maybe_processed';
        if (!gone) throw error;
      }
    }
    return { kind: 'ok' };
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    if (code === Code.InvalidArgument) return { kind: 'refused', message: rawMessage };
    return { kind: 'unreachable', message: 'the pod does not answer on its control port' };
  } finally {
    transport.close();
  }
}
