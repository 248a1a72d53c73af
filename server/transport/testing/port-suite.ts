import * as net from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Connection, ConnectionEnd, ConnectOptions, Goaway, TransportFactory, UnaryOutcome } from '../port.ts';
import { messageOf, nameOf, startListener, type TestListener } from './listener.ts';

const path = '/lbscope.greeter.v1.Greeter/SayHello';
const defaults: ConnectOptions = {
  authority: 'greeter:50051',
  connectTimeoutMs: 5000,
  pingIntervalMs: 10_000,
  pingTimeoutMs: 3000,
};

async function listener(...args: Parameters<typeof startListener>) {
  const made = await startListener(...args);
  onTestFinished(() => made.crash());
  return made;
}

const call = (connection: Connection, timeoutMs = 5000): Promise<UnaryOutcome> =>
  connection.unary({ path, message: messageOf('hello'), timeoutMs });

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

async function heldCall(server: TestListener, connection: Connection): Promise<{ outcome: Promise<UnaryOutcome> }> {
  server.behave({ t: 'hold' });
  const before = server.calls;
  const outcome = call(connection);
  await until(() => server.calls > before);
  // Wrapped, as a promise of a promise would wait for both.
  return { outcome };
}

/** What the port promises of every transport, against real listeners. Called once by each transport's test. */
export function portSuite(name: string, create: () => TransportFactory): void {
  function dial(port: number, options: Partial<ConnectOptions> = {}) {
    const goaways: Goaway[] = [];
    let onConnected = () => {};
    let onEnd = (_: ConnectionEnd) => {};
    const connected = new Promise<void>((resolve) => {
      onConnected = resolve;
    });
    const ended = new Promise<ConnectionEnd>((resolve) => {
      onEnd = resolve;
    });
    let inFlightAtEnd = -1;
    const connection: Connection = create().connect(
      { host: '127.0.0.1', port },
      { ...defaults, ...options },
      {
        onConnected,
        onGoaway: (goaway) => goaways.push(goaway),
        onClosed: (end) => {
          inFlightAtEnd = connection.inFlight;
          onEnd(end);
        },
      },
    );
    onTestFinished(() => connection.close());
    return { connection, connected, ended, goaways, inFlightAtEnd: () => inFlightAtEnd };
  }

  describe(name, () => {
    it('carries encoded messages and hands back headers and trailers in lower case', async () => {
      const server = await listener('a', { headers: { 'lbscope-upstream-host': '10.0.0.1:1' } });
      const { connection, connected } = dial(server.port);
      await connected;
      const outcome = await call(connection);
      expect(outcome.ok).toBe(true);
      if (!outcome.ok) return;
      expect(nameOf(outcome.message)).toBe('a');
      expect(outcome.headers.get('lbscope-upstream-host')).toBe('10.0.0.1:1');
      expect(outcome.headers.get('test-trailer')).toBe('a');
      expect(connection.inFlight).toBe(0);
      expect(await connection.ping()).toBeGreaterThan(0);
    });

    it.each([
      [4, 'deadline'],
      [7, 'permission_denied'],
      [13, 'status_other'],
      [14, 'unavailable'],
      [16, 'unauthenticated'],
    ] as const)('status %i is class %s', async (code, errorClass) => {
      const server = await listener('a');
      server.behave({ t: 'status', code, message: 'über' });
      const { connection, connected } = dial(server.port);
      await connected;
      expect(await call(connection)).toMatchObject({
        ok: false,
        errorClass,
        code,
        message: 'über',
        seen: 'maybe_processed',
      });
    });

    it('says refused where nobody listens', async () => {
      const server = await listener('a');
      await server.crash();
      const { ended, connection } = dial(server.port);
      expect(await ended).toEqual({ errorClass: 'refused', reason: 'refused', inFlight: 0 });
      expect(await call(connection)).toMatchObject({ ok: false, seen: 'never_sent' });
    });

    it('gives up on a listener that accepts and says nothing', async () => {
      const silent = net.createServer(() => {}).listen(0, '127.0.0.1');
      onTestFinished(() => void silent.close());
      await new Promise((resolve) => silent.once('listening', resolve));
      const { ended } = dial((silent.address() as net.AddressInfo).port, { connectTimeoutMs: 50 });
      expect(await ended).toMatchObject({ errorClass: 'unavailable', reason: 'connect timeout' });
    });

    it('a crash ends calls in flight as reset before the end is told', async () => {
      const server = await listener('a');
      const { connection, connected, ended, inFlightAtEnd } = dial(server.port);
      await connected;
      const held = await heldCall(server, connection);
      await server.crash();
      expect(await held.outcome).toMatchObject({ ok: false, errorClass: 'reset', seen: 'maybe_processed' });
      expect(await ended).toEqual({ errorClass: 'reset', reason: 'reset', inFlight: 1 });
      expect(inFlightAtEnd()).toBe(0);
    });

    it('a graceful GOAWAY lets the call in flight finish and takes no new one', async () => {
      const server = await listener('a');
      const { connection, connected, ended, goaways } = dial(server.port);
      await connected;
      const held = await heldCall(server, connection);
      server.drain();
      await until(() => goaways.length > 0);
      expect(goaways[0]).toMatchObject({ code: 0, inFlight: 1 });
      expect(goaways[0]?.lastStreamId).toBeGreaterThanOrEqual(1);
      expect(await call(connection)).toMatchObject({ ok: false, seen: 'never_sent' });
      server.release();
      expect(await held.outcome).toMatchObject({ ok: true });
      expect(await ended).toMatchObject({ reason: 'goaway' });
    });

    it('a call above the last stream id of GOAWAY is told apart', async () => {
      const server = await listener('a');
      const { connection, connected } = dial(server.port);
      await connected;
      const first = await heldCall(server, connection);
      const second = await heldCall(server, connection);
      server.goaway(0, 1);
      expect(await second.outcome).toMatchObject({ ok: false, errorClass: 'goaway_unprocessed', seen: 'unprocessed' });
      server.release();
      expect(await first.outcome).toMatchObject({ ok: true });
    });

    it('a refused stream may be retried', async () => {
      const server = await listener('a');
      server.behave({ t: 'reset', code: 7 });
      const { connection, connected } = dial(server.port);
      await connected;
      expect(await call(connection)).toMatchObject({ ok: false, errorClass: 'unavailable', seen: 'unprocessed' });
    });

    it('a stream reset without an error code ends the call, too', async () => {
      const server = await listener('a');
      server.behave({ t: 'reset', code: 0 });
      const { connection, connected } = dial(server.port);
      await connected;
      expect(await call(connection)).toMatchObject({ ok: false, errorClass: 'protocol' });
    });

    it('keeps the deadline', async () => {
      const server = await listener('a');
      const { connection, connected } = dial(server.port);
      await connected;
      server.behave({ t: 'hold' });
      expect(await call(connection, 30)).toMatchObject({ ok: false, errorClass: 'deadline', code: 4 });
      expect(connection.inFlight).toBe(0);
    });

    it('calls that wait for room on the connection were never sent', async () => {
      const server = await listener('a', { settings: { maxConcurrentStreams: 1 } });
      const { connection, connected } = dial(server.port);
      await connected;
      const sent = await heldCall(server, connection);
      const waiting = call(connection);
      await new Promise((resolve) => setTimeout(resolve, 20));
      await server.crash();
      expect(await sent.outcome).toMatchObject({ seen: 'maybe_processed' });
      expect(await waiting).toMatchObject({ ok: false, seen: 'never_sent' });
    });

    it('a peer that answers no PING counts as dead', async () => {
      const server = await listener('a');
      // In between stands a relay that can fall silent as a lost node does: no FIN, no RST.
      let silent = false;
      const relay = net
        .createServer((near) => {
          const far = net.connect(server.port, '127.0.0.1');
          near.on('data', (data) => silent || far.write(data));
          far.on('data', (data) => silent || near.write(data));
          near.on('error', () => {}).on('close', () => far.destroy());
          far.on('error', () => {}).on('close', () => near.destroy());
        })
        .listen(0, '127.0.0.1');
      onTestFinished(() => void relay.close());
      await new Promise((resolve) => relay.once('listening', resolve));
      const { connection, connected, ended } = dial((relay.address() as net.AddressInfo).port, {
        pingIntervalMs: 40,
        pingTimeoutMs: 40,
      });
      await connected;
      const held = await heldCall(server, connection);
      silent = true;
      expect(await held.outcome).toMatchObject({
        ok: false,
        errorClass: 'unavailable',
        message: 'connection ended: ping timeout',
      });
      expect(await ended).toMatchObject({ reason: 'ping timeout', inFlight: 1 });
    });

    it('streams both ways and can be cancelled', async () => {
      const server = await listener('a');
      server.behave({ t: 'echo' });
      const { connection, connected } = dial(server.port);
      await connected;
      const got: string[] = [];
      const ended = new Promise((resolve) => {
        const writer = connection.stream(
          { path, timeoutMs: 5000 },
          { onMessage: (message) => got.push(nameOf(message)), onEnd: resolve },
        );
        void (async () => {
          for (let n = 0; n < 3; n++) await writer.write(messageOf('hello'));
          writer.halfClose();
        })();
      });
      expect(await ended).toEqual({ ok: true });
      expect(got).toEqual(['a', 'a', 'a']);

      const cancelled = await new Promise((resolve) => {
        const writer = connection.stream(
          { path, timeoutMs: 5000 },
          { onMessage: () => writer.cancel(), onEnd: resolve },
        );
        void writer.write(messageOf('hello'));
      });
      expect(cancelled).toMatchObject({ ok: false, code: 1 });
      expect(connection.inFlight).toBe(0);
    });

    it('closing takes calls in flight along as reset', async () => {
      const server = await listener('a');
      const { connection, connected, ended } = dial(server.port);
      await connected;
      const held = await heldCall(server, connection);
      connection.close();
      expect(await held.outcome).toMatchObject({ ok: false, errorClass: 'reset' });
      expect(await ended).toMatchObject({ reason: 'closed by us' });
    });
  });
}
