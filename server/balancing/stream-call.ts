import type { CallFailure, Connection, StreamWriter } from '../transport/port.ts';
import type { StreamCall } from './channel-port.ts';

type StreamOutcome = { readonly headers: ReadonlyMap<string, string>; readonly repeatable: boolean } & (
  | { readonly ok: true }
  | ({ readonly ok: false } & CallFailure)
);

const noHeaders: ReadonlyMap<string, string> = new Map();

/**
 * One attempt of a stream. It may be repeated while nothing was taken from the requests or they can be iterated anew
 * (an array and a paced list can, a generator can't), and no response came (gRFC A6).
 */
export function runStream(
  connection: Connection,
  call: StreamCall,
  timeoutMs: number,
  extra?: Readonly<Record<string, string>>,
): Promise<StreamOutcome> {
  return new Promise((resolve) => {
    let headers = noHeaders;
    let taken = false;
    let committed = false;
    let over = false;
    const writer = connection.stream(
      { path: call.path, timeoutMs, ...(extra === undefined ? {} : { headers: extra }) },
      {
        onHeaders: (received) => {
          headers = received;
          committed = true;
        },
        onMessage: (message) => {
          committed = true;
          call.onMessage(message);
        },
        onEnd: (outcome) => {
          over = true;
          if (outcome.ok) {
            resolve({ ok: true, headers, repeatable: false });
            return;
          }
          const repeatable = !committed && (!taken || canBeginAnew(call.requests));
          resolve({ ...outcome, headers: outcome.headers.size > 0 ? outcome.headers : headers, repeatable });
        },
      },
    );
    // After an attempt that never began, nothing may be taken: the next attempt needs it.
    queueMicrotask(() => {
      if (!over) void send(writer);
    });

    async function send(to: StreamWriter): Promise<void> {
      try {
        for await (const message of call.requests) {
          taken = true;
          if (over) return;
          await to.write(message);
          if (over) return;
        }
        to.halfClose();
      } catch {
        // The caller's own requests failed: the peer must not wait for the rest.
        to.cancel();
      }
    }
  });
}

/** A generator is its own iterator: what was taken from it is gone. */
function canBeginAnew(requests: StreamCall['requests']): boolean {
  if (Symbol.asyncIterator in requests) return (requests[Symbol.asyncIterator]() as unknown) !== requests;
  return (requests[Symbol.iterator]() as unknown) !== requests;
}
