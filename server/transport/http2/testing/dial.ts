import { onTestFinished } from 'vitest';
import type { Connection, ConnectionEnd, ConnectOptions, Goaway, TransportFactory, UnaryOutcome } from '../../port.ts';

export const sayHello = '/lbscope.greeter.v1.Greeter/SayHello';

/** A connection that a test may use, closed with it; everything its listener heard is kept. */
export function dial(factory: TransportFactory, port: number, options: Partial<ConnectOptions> = {}) {
  const goaways: Goaway[] = [];
  let onConnected = () => {};
  let onEnd = (_: ConnectionEnd) => {};
  const connected = new Promise<void>((resolve) => {
    onConnected = resolve;
  });
  const ended = new Promise<ConnectionEnd>((resolve) => {
    onEnd = resolve;
  });
  const connection = factory.connect(
    { host: '127.0.0.1', port },
    { authority: 'greeter:50051', connectTimeoutMs: 5000, pingIntervalMs: 10_000, pingTimeoutMs: 3000, ...options },
    { onConnected, onGoaway: (goaway) => goaways.push(goaway), onClosed: onEnd },
  );
  onTestFinished(() => connection.close());
  return { connection, connected, ended, goaways };
}

/** All messages at once, then the answer in full. */
export function exchange(connection: Connection, path: string, messages: readonly Uint8Array[], timeoutMs = 15_000) {
  return new Promise<{ got: Uint8Array[]; end: { ok: boolean }; ends: number }>((resolve) => {
    const got: Uint8Array[] = [];
    let ends = 0;
    const writer = connection.stream(
      { path, timeoutMs },
      {
        onMessage: (message) => got.push(message),
        onEnd: (end) => {
          ends++;
          setImmediate(() => resolve({ got, end, ends }));
        },
      },
    );
    void (async () => {
      for (const message of messages) await writer.write(message);
      writer.halfClose();
    })();
  });
}

export function classOf(outcome: UnaryOutcome): string {
  return outcome.ok ? 'ok' : `${outcome.errorClass} ${outcome.code} ${outcome.seen}`;
}
