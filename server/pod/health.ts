import type { Behavior } from './behavior.ts';
import type { Call, Handler } from './grpc/handler.ts';
import { code, ok, type Status, status } from './grpc/status.ts';
import { decodeName, encodeHealth } from './messages.ts';

const serving = 1;
const notServing = 2;
const serviceUnknown = 3;

/** grpc.health.v1.NOT_FOUND is the answer of Check for a service that the server does not know. */
const notFound = 5;

/**
 * grpc.health.v1. The server as a whole and the greeter follow readiness; `liveness` is SERVING for as long as the
 * process answers, so that a pod told to be unready is not restarted for it.
 */
export function healthHandlers(behavior: Behavior): [string, Handler][] {
  const statusOf = (service: string): number => {
    if (service === 'liveness') return serving;
    if (service === '' || service === 'lbscope.greeter.v1.Greeter') return behavior.serving ? serving : notServing;
    return serviceUnknown;
  };

  const check: Handler = {
    kind: 'unary',
    handle(message) {
      // HealthCheckRequest.service is field 1, as the greeter's name is.
      const service = decodeName(message);
      const now = statusOf(service);
      return now === serviceUnknown ? status(notFound, `unknown service "${service}"`) : encodeHealth(now);
    },
  };

  const watch: Handler = {
    kind: 'server_stream',
    handle: (message, call) => watchHealth(decodeName(message), call),
  };

  const watchHealth = async (service: string, call: Call): Promise<Status> => {
    let wake = () => {};
    const unsubscribe = behavior.onChange(() => wake());
    call.onEnd(() => wake());
    try {
      let last: number | undefined;
      while (!call.ended) {
        const now = statusOf(service);
        if (now !== last) {
          last = now;
          await call.send(encodeHealth(now));
          continue;
        }
        // A watch would keep the connection, and with it the drain, open for ever.
        if (behavior.draining) return status(code.unavailable, 'the pod is draining');
        await new Promise<void>((done) => {
          wake = done;
        });
      }
      return ok;
    } finally {
      unsubscribe();
    }
  };

  return [
    ['/grpc.health.v1.Health/Check', check],
    ['/grpc.health.v1.Health/Watch', watch],
  ];
}
