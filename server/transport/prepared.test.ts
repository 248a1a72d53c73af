import { describe, expect, it, onTestFinished } from 'vitest';
import { createConnectNodeTransport } from './connect-node/index.ts';
import { createHttp2Transport } from './http2/index.ts';
import { dial, sayHello } from './http2/testing/dial.ts';
import type { CallFailure, Connection, PreparedSink } from './port.ts';
import { messageOf, nameOf, startListener, type TestListenerOptions } from './testing/listener.ts';

/** Everything a sink hears, by slot. */
function record() {
  const messages: [slot: number, text: string][] = [];
  const answered: { slot: number; headers: ReadonlyMap<string, string> }[] = [];
  const failed: { slot: number; failure: CallFailure }[] = [];
  let waiting: { count: number; run: () => void } | undefined;
  const told = () => {
    if (waiting !== undefined && answered.length + failed.length >= waiting.count) waiting.run();
  };
  const sink: PreparedSink = {
    onMessage: (slot, bytes, start, end) => messages.push([slot, nameOf(bytes.subarray(start, end))]),
    onAnswered: (slot, headers) => {
      answered.push({ slot, headers });
      told();
    },
    onFailed: (slot, failure) => {
      failed.push({ slot, failure });
      told();
    },
  };
  const until = (count: number) =>
    new Promise<void>((run) => {
      waiting = { count, run };
      told();
    });
  return { sink, messages, answered, failed, until };
}

async function server(options?: TestListenerOptions) {
  const made = await startListener('a', options);
  onTestFinished(() => made.crash());
  return made;
}

function prepare(connection: Connection, sink: PreparedSink, timeoutMs = 18_000) {
  return connection.prepare({ path: sayHello, message: messageOf('hello'), timeoutMs }, sink);
}

const transports = [createHttp2Transport(), createConnectNodeTransport()];

describe.each(transports)('a prepared call by $name', (transport) => {
  it('is issued many times, and each slot hears once', async () => {
    const { port } = await server({ headers: { 'lbscope-upstream-host': '10.0.0.1:1' } });
    const { connection, connected } = dial(transport, port);
    await connected;
    const { sink, messages, answered, failed, until } = record();
    const prepared = prepare(connection, sink);
    for (let slot = 0; slot < 300; slot++) prepared.send(slot);
    expect(connection.inFlight).toBe(300);
    expect(answered).toEqual([]);
    await until(300);
    expect(failed).toEqual([]);
    expect(new Set(answered.map(({ slot }) => slot)).size).toBe(300);
    expect(messages).toHaveLength(300);
    expect(new Set(messages.map(([, text]) => text))).toEqual(new Set(['a']));
    expect(answered[0]?.headers.get('lbscope-upstream-host')).toBe('10.0.0.1:1');
    expect(answered[299]?.headers.get('test-trailer')).toBe('a');
    expect(connection.inFlight).toBe(0);
  });

  it('waits for the peer that takes one stream at a time', async () => {
    const { port } = await server({ settings: { maxConcurrentStreams: 1 } });
    const { connection, connected } = dial(transport, port);
    await connected;
    const { sink, answered, failed, until } = record();
    const prepared = prepare(connection, sink);
    for (let slot = 0; slot < 20; slot++) prepared.send(slot);
    await until(20);
    expect([answered.length, failed.length]).toEqual([20, 0]);
  });

  it('tells a status, a reset, a deadline and a connection that ends', async () => {
    const listener = await server();
    const { connection, connected, ended } = dial(transport, listener.port);
    await connected;
    const { sink, answered, failed, until } = record();
    listener.behave({ t: 'status', code: 7, message: 'no' });
    prepare(connection, sink).send(1);
    await until(1);
    listener.behave({ t: 'reset', code: 7 });
    prepare(connection, sink).send(2);
    await until(2);
    listener.behave({ t: 'hold' });
    prepare(connection, sink, 30).send(3);
    await until(3);
    prepare(connection, sink).send(4);
    const { calls } = listener;
    while (listener.calls === calls) await new Promise((resolve) => setTimeout(resolve, 2));
    await listener.crash();
    await ended;
    prepare(connection, sink).send(5);
    // Never before send() has returned.
    expect(failed).toHaveLength(4);
    await until(5);
    expect(answered).toEqual([]);
    expect(failed.map(({ slot, failure }) => [slot, failure.errorClass, failure.seen])).toEqual([
      [1, 'permission_denied', 'maybe_processed'],
      [2, 'unavailable', 'unprocessed'],
      [3, 'deadline', 'maybe_processed'],
      [4, 'reset', 'maybe_processed'],
      [5, 'unavailable', 'never_sent'],
    ]);
  });

  it('refuses what is no path, call by call', async () => {
    const { port } = await server();
    const { connection, connected } = dial(transport, port);
    await connected;
    const { sink, failed, until } = record();
    connection.prepare({ path: 'no path', message: messageOf('x'), timeoutMs: 1000 }, sink).send(9);
    await until(1);
    expect(failed[0]).toMatchObject({ slot: 9, failure: { seen: 'never_sent' } });
  });

  it('outlives a sink that throws', async () => {
    const { port } = await server();
    const { connection, connected } = dial(transport, port);
    await connected;
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    const { sink, until } = record();
    const broken = prepare(connection, {
      ...sink,
      onAnswered: () => {
        throw new Error('the sink fails');
      },
    });
    broken.send(0);
    prepare(connection, sink).send(1);
    await until(1);
    await new Promise(setImmediate);
    expect(warnings.map(({ message }) => message)).toContain('the sink fails');
    expect((await connection.unary({ path: sayHello, message: messageOf('x'), timeoutMs: 5000 })).ok).toBe(true);
  });
});
