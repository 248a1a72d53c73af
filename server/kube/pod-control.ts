import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { PodControlService } from '../../gen/lbscope/pod/v1/control_pb.js';
import type { Outcome } from './actions.ts';

const timeoutMs = 3_000;

export interface BehaviorChange {
  readonly ready?: boolean;
  readonly delayMs?: number;
  readonly errorRate?: number;
  readonly crash?: boolean;
}

/** Tells one pod what to do, on its control port. One short connection for each request. */
export async function controlPod(ip: string, port: number, change: BehaviorChange): Promise<Outcome> {
  const baseUrl = `http://${ip}:${port}`;
  const sessionManager = new Http2SessionManager(baseUrl);
  try {
    const client = createClient(PodControlService, createGrpcTransport({ baseUrl, sessionManager }));
    const { crash, ...behavior } = change;
    if (Object.keys(behavior).length > 0) await client.setBehavior(behavior, { timeoutMs });
    if (crash === true) {
      try {
        await client.crash({}, { timeoutMs });
      } catch (error) {
        // It may be gone before its answer is: that is what was asked for.
        const { code, cause } = ConnectError.from(error);
        // Canceled: what connect-node makes of a connection that ends in mid-call; nobody here cancels.
        const broken = [Code.Aborted, Code.Unavailable, Code.Internal, Code.Canceled].includes(code);
        // But a pod that was never reached did not crash.
        const errno = (cause as NodeJS.ErrnoException | undefined)?.syscall;
        if (!broken || errno === 'connect') throw error;
      }
    }
    return { kind: 'ok' };
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    if (code === Code.InvalidArgument) return { kind: 'refused', message: rawMessage };
    return { kind: 'unreachable', message: 'the pod does not answer on its control port' };
  } finally {
    // Also keeps a GOAWAY on an idle session (connect-es issue 1768) from meeting a session nobody watches.
    sessionManager.abort();
  }
}
