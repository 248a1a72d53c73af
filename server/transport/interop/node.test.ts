import * as http2 from 'node:http2';
import * as net from 'node:net';
import { fromBinary } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Greeter, SayHelloResponseSchema } from '../../../gen/lbscope/greeter/v1/greeter_pb.js';
import { testPod } from '../../pod/testing.ts';
import { createHttp2Transport } from '../http2/index.ts';
import { classOf, dial, exchange, sayHello } from '../http2/testing/dial.ts';
import type { Connection, ConnectionEnd, UnaryOutcome } from '../port.ts';
import { fourKinds, hello } from './battery.ts';

const service = '/lbscope.greeter.v1.Greeter';
const factory = createHttp2Transport();
const textOf = (message: Uint8Array) => fromBinary(SayHelloResponseSchema, message).message;

async function listening(server: net.Server): Promise<number> {
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as net.AddressInfo).port;
}

async function pod() {
  const made = await testPod();
  onTestFinished(() => made.stop());
  return made.port;
}

async function connectServer() {
  const server = http2.createServer(
    connectNodeAdapter({
      routes: (router) => {
        router.service(Greeter, {
          sayHello: ({ name }) => {
            if (name === 'nobody') throw new ConnectError('wer? ü%', Code.NotFound);
            return { message: `Hello, ${name}` };
          },
          async *streamHellos({ name, count }) {
            for (let n = 0; n < count; n++) yield { message: `Hello, ${name}` };
          },
          collectHellos: async (requests) => {
            let count = 0;
            for await (const _ of requests) count++;
            return { count };
          },
          async *chatHellos(requests) {
            for await (const { name } of requests) yield { message: `Hello, ${name}` };
          },
        });
      },
    }),
  );
  return listening(server);
}

/** Passes everything on in writes of a few bytes each. */
async function tinyRelay(port: number, bytes: number) {
  const cut = (from: net.Socket, to: net.Socket) => {
    from.on('data', (data: Buffer) => {
      for (let at = 0; at < data.length; at += bytes) to.write(data.subarray(at, at + bytes));
    });
    from.on('error', () => {}).on('close', () => to.destroy());
  };
  return listening(
    net.createServer({ noDelay: true }, (near) => {
      const far = net.connect({ port, host: '127.0.0.1', noDelay: true });
      cut(near, far);
      cut(far, near);
    }),
  );
}

describe.each([
  ['pod', pod, 2000],
  // A hundred times as slow.
  ['connect-node', connectServer, 300],
] as const)('with the server of %s', (_, start, total) => {
  it('all four kinds of call', async () => {
    const { connection, connected } = dial(factory, await start());
    await connected;
    await fourKinds(connection);
  });

  it.each([1, 7])('all four kinds, cut into writes of %i bytes both ways', async (bytes) => {
    const { connection, connected } = dial(factory, await tinyRelay(await start(), bytes));
    await connected;
    await fourKinds(connection);
  });

  it(`${total} calls at 64 at a time: issued = answered, each with its own answer`, async () => {
    const { connection, connected } = dial(factory, await start());
    await connected;
    let issued = 0;
    let answered = 0;
    const worker = async () => {
      while (issued < total) {
        const name = `n${issued++}`;
        const outcome = await connection.unary({ path: sayHello, message: hello(name), timeoutMs: 15_000 });
        if (outcome.ok && textOf(outcome.message) === `Hello, ${name}`) answered++;
      }
    };
    await Promise.all(Array.from({ length: 64 }, worker));
    expect(answered).toBe(issued);
  });
});

it("Connect's errors arrive whole", async () => {
  const { connection, connected } = dial(factory, await connectServer());
  await connected;
  const outcome = await connection.unary({ path: sayHello, message: hello('nobody'), timeoutMs: 5000 });
  expect(outcome).toMatchObject({ ok: false, code: 5, message: 'wer? ü%', errorClass: 'status_other' });
});

it('a pod that dies with streams under way: each call ends once', async () => {
  const made = await testPod();
  const { connection, connected, ended } = dial(factory, made.port);
  await connected;
  const calls = [
    ...Array.from({ length: 50 }, () => exchange(connection, `${service}/ChatHellos`, [hello('a')])),
    ...Array.from({ length: 50 }, () => exchange(connection, `${service}/CollectHellos`, [])),
  ];
  made.stop();
  for (const { ends } of await Promise.all(calls)) expect(ends).toBe(1);
  // Node says GOAWAY when it destroys a session.
  expect(await ended).toMatchObject({ reason: 'goaway' });
});

it('a pod that drains: calls under way are answered, later ones were never sent', async () => {
  const made = await testPod();
  const { connection, connected, ended, goaways } = dial(factory, made.port);
  await connected;
  const got: string[] = [];
  let told = (_: unknown) => {};
  const end = new Promise((resolve) => {
    told = resolve;
  });
  const stream = connection.stream(
    { path: `${service}/ChatHellos`, timeoutMs: 5000 },
    { onMessage: (message) => got.push(textOf(message)), onEnd: (outcome) => told(outcome) },
  );
  await stream.write(hello('before'));
  await until(() => got.length === 1);
  const drained = made.drain();
  await until(() => goaways.length === 2);
  expect(goaways.map(({ lastStreamId }) => lastStreamId)).toEqual([2 ** 31 - 1, 1]);
  expect(classOf(await connection.unary({ path: sayHello, message: hello('late'), timeoutMs: 1000 }))).toBe(
    'unavailable 14 never_sent',
  );
  await stream.write(hello('after'));
  stream.halfClose();
  expect(await end).toEqual({ ok: true });
  expect(got).toEqual(['Hello, before', 'Hello, after']);
  expect(await ended).toMatchObject({ reason: 'goaway' });
  expect(await drained).toMatchObject({ finished: true });
});

/** Echoes each request's body, on node:http2. */
async function echoServer(options: http2.ServerOptions = {}, slowly = false) {
  const server = http2.createServer({ maxSessionMemory: 256, ...options });
  server.on('session', (session) => session.on('error', () => {}));
  server.on('stream', (stream: http2.ServerHttp2Stream, request) => {
    stream.on('error', () => {});
    const back: Record<string, string> = {};
    for (const name in request) if (name.startsWith('x-')) back[name] = String(request[name]);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...back }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    if (!slowly) {
      stream.pipe(stream);
      return;
    }
    // Reads a little now and then, so that windows stay shut most of the time.
    let bytes = 0;
    const read = () => {
      bytes += stream.read(8192)?.length ?? stream.read()?.length ?? 0;
      if (!stream.readableEnded && !stream.destroyed) setTimeout(read, 1);
    };
    read();
    stream.on('end', () => stream.end(Buffer.from([0, 0, 0, 0, 4, bytes >>> 24, bytes >>> 16, bytes >>> 8, bytes])));
  });
  return listening(server);
}

describe('with node:http2', () => {
  it.each([
    ['its defaults', {}],
    ['a window of 100 bytes', { settings: { initialWindowSize: 100 } }],
    ['a window of 65,535 and frames of 1 MiB', { settings: { initialWindowSize: 65_535, maxFrameSize: 1 << 20 } }],
    ['no HPACK table', { settings: { headerTableSize: 0 } }],
    ['padding', { paddingStrategy: http2.constants.PADDING_STRATEGY_MAX }],
    ['one stream at a time', { settings: { maxConcurrentStreams: 1 } }],
  ])('%s: 50 calls of all sizes come back as they were', async (_, options) => {
    const { connection, connected } = dial(factory, await echoServer(options));
    await connected;
    const sizes = Array.from({ length: 50 }, (_none, n) => (n * n * 31) % 70_000);
    const outcomes = await Promise.all(
      sizes.map((size, n) =>
        connection.unary({
          path: '/a.B/C',
          message: Buffer.alloc(size, n),
          timeoutMs: 15_000,
          headers: { 'x-n': `${n}` },
        }),
      ),
    );
    for (const [n, outcome] of outcomes.entries()) {
      expect(classOf(outcome)).toBe('ok');
      if (!outcome.ok) continue;
      expect(outcome.headers.get('x-n')).toBe(String(n));
      expect(Buffer.compare(outcome.message, Buffer.alloc(sizes[n] as number, n))).toBe(0);
    }
  });

  it('a message of 16 MiB there and back; one more than the limit is refused with a clear status', async () => {
    const { connection, connected } = dial(factory, await echoServer());
    await connected;
    const message = Buffer.alloc(16 << 20, 'large');
    const outcome = await connection.unary({ path: '/a.B/C', message, timeoutMs: 15_000 });
    expect(outcome.ok && Buffer.compare(outcome.message, message)).toBe(0);
    const small = dial(createHttp2Transport({ maxMessageBytes: 1000 }), await echoServer());
    await small.connected;
    const refused = await small.connection.unary({ path: '/a.B/C', message: Buffer.alloc(1001), timeoutMs: 5000 });
    expect(refused).toMatchObject({ ok: false, code: 8, errorClass: 'status_other' });
    const next = await small.connection.unary({ path: '/a.B/C', message: Buffer.alloc(1000), timeoutMs: 5000 });
    expect(next.ok).toBe(true);
  });

  it('a slow reader gets everything, and write() waits for it', async () => {
    const { connection, connected } = dial(
      factory,
      await echoServer({ settings: { initialWindowSize: 20_000 } }, true),
    );
    await connected;
    const { got, end } = await exchange(connection, '/a.B/C', new Array(30).fill(Buffer.alloc(20_000)));
    expect(end).toEqual({ ok: true });
    expect(Buffer.from(got[0] as Uint8Array).readUInt32BE()).toBe(30 * 20_005);
  });

  it('a server that ends the session in the middle: each of 200 calls ends once', async () => {
    const server = http2.createServer();
    let calls = 0;
    server.on('session', (session) => session.on('error', () => {}));
    server.on('stream', (stream) => {
      stream.on('error', () => {});
      calls++;
      if (calls === 100) stream.session?.goaway(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
      if (calls === 120) stream.session?.destroy();
    });
    const { connection, connected, ended } = dial(factory, await listening(server));
    await connected;
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, () => connection.unary({ path: '/a.B/C', message: hello('a'), timeoutMs: 5000 })),
    );
    expect(outcomes.filter(({ ok }) => ok).length).toBe(0);
    // How many of which depends on how the bytes were cut.
    for (const outcome of outcomes) {
      expect(['reset 14 maybe_processed', 'goaway_unprocessed 14 unprocessed']).toContain(classOf(outcome));
    }
    expect(await ended).toMatchObject({ reason: 'goaway' });
  });

  it('1,500 deadlines at once do not set off its guard against rapid resets', async () => {
    const server = http2.createServer();
    server.on('session', (session) => session.on('error', () => {}));
    let hold = true;
    server.on('stream', (stream: http2.ServerHttp2Stream) => {
      stream.on('error', () => {}).resume();
      if (!hold) stream.respond({ ':status': 200, 'grpc-status': '3' }, { endStream: true });
    });
    const { connection, connected, goaways } = dial(factory, await listening(server));
    await connected;
    const call = (timeoutMs: number) => connection.unary({ path: '/a.B/C', message: hello('a'), timeoutMs });
    const held = await Promise.all(Array.from({ length: 1500 }, () => call(100)));
    expect(new Set(held.map(classOf))).toEqual(new Set(['deadline 4 maybe_processed']));
    hold = false;
    const later = await Promise.all(Array.from({ length: 20 }, () => call(5000)));
    expect(new Set(later.map(classOf))).toEqual(new Set(['status_other 3 maybe_processed']));
    expect(goaways).toEqual([]);
  });

  it('a GOAWAY on an idle connection, and a call in that moment: 30 times nothing uncaught', async () => {
    // An uncaught error fails the run (connect-es 1768).
    for (let n = 0; n < 30; n++) {
      const server = http2.createServer();
      const sessions: http2.ServerHttp2Session[] = [];
      server.on('session', (session) => sessions.push(session.on('error', () => {})));
      const port = await listening(server);
      const late: Promise<UnaryOutcome>[] = [];
      const end = await new Promise<ConnectionEnd>((resolve) => {
        const connection: Connection = factory.connect(
          { host: '127.0.0.1', port },
          { authority: 'a', connectTimeoutMs: 5000, pingIntervalMs: 0, pingTimeoutMs: 0 },
          {
            onConnected: () => sessions[0]?.goaway(),
            onGoaway: () => late.push(connection.unary({ path: '/a.B/C', message: hello('a'), timeoutMs: 1000 })),
            onClosed: resolve,
          },
        );
      });
      expect(end.reason).toBe('goaway');
      expect((await Promise.all(late)).map(classOf)).toEqual(['unavailable 14 never_sent']);
    }
  });

  it('HPACK: any header list arrives as sent, both ways, on one connection', async () => {
    const { connection, connected } = dial(factory, await echoServer({ maxHeaderListPairs: 200 }));
    await connected;
    const name = fc.stringMatching(/^x-[a-z0-9-]{1,6}$/);
    const value = fc.oneof(
      fc.constantFrom('', 'a', '0', 'gzip', '%20', 'ÿ'.repeat(3)),
      fc.string({ unit: 'grapheme-ascii', maxLength: 400 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 25 }), async (headers) => {
        const outcome = await connection.unary({ path: '/a.B/C', message: hello('a'), timeoutMs: 15_000, headers });
        expect(outcome.ok).toBe(true);
        if (!outcome.ok) return;
        const back = [...outcome.headers].filter(([key]) => key.startsWith('x-'));
        const sent = Object.entries(headers).map(([key, text]) => [key, text.trim()]);
        expect(new Map(back)).toEqual(new Map(sent as [string, string][]));
      }),
      { numRuns: 400 },
    );
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
