import * as http2 from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import { connectNodeAdapter, createGrpcTransport } from '@connectrpc/connect-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Greeter, SayHelloRequestSchema } from '../../../gen/lbscope/greeter/v1/greeter_pb.js';
import type { CallFailure } from '../port.ts';
import { selfSigned } from '../testing/certificate.ts';
import { createTypedTransport } from './index.ts';

/** connect-node's server, whose Greeter does what the name asks for. */
async function serve(secure?: { key: string; cert: string }) {
  const seen: { header: string | null; begun: number; aborted: number; sent: number } = {
    header: null,
    begun: 0,
    aborted: 0,
    sent: 0,
  };
  const sessions = new Set<http2.ServerHttp2Session>();
  const adapter = connectNodeAdapter({
    routes: (router) => {
      router.service(Greeter, {
        async sayHello({ name, payload }, context) {
          seen.header = context.requestHeader.get('x-asked');
          context.responseHeader.set('x-head', 'ä head');
          context.responseHeader.set('x-both', 'head');
          context.responseTrailer.set('x-tail', 'tail');
          context.responseTrailer.set('x-both', 'tail');
          if (name === 'nobody') {
            throw new ConnectError('wer? ü%', Code.NotFound, { 'x-meta': 'm' }, [
              { desc: SayHelloRequestSchema, value: { name: 'detail' } },
            ]);
          }
          if (name === 'slow') {
            seen.begun++;
            context.signal.addEventListener('abort', () => seen.aborted++);
            await sleep(10_000, undefined, { signal: context.signal });
          }
          // Not even at the deadline, which the server knows too: or its answer races with the client's.
          if (name === 'deaf') await new Promise(() => {});
          return { message: `Hello, ${name}`, sequence: payload.length };
        },
        async *streamHellos({ name, count }, context) {
          context.responseHeader.set('x-head', 'h');
          context.responseTrailer.set('x-tail', 't');
          for (let n = 0; n < count; n++) {
            seen.sent++;
            yield { message: name === 'big' ? 'x'.repeat(100_000) : `${name} ${n}` };
            if (name === 'halfway' && n === 1) throw new ConnectError('half way', Code.Aborted);
            if (name === 'slow') await sleep(10_000, undefined, { signal: context.signal });
          }
        },
        async collectHellos(requests) {
          let count = 0;
          for await (const { name } of requests) {
            if (name === 'enough') return { count };
            count++;
          }
          return { count };
        },
        async *chatHellos(requests) {
          for await (const { name } of requests) yield { message: `Hello, ${name}` };
        },
      });
    },
  });
  const server = secure === undefined ? http2.createServer(adapter) : http2.createSecureServer(secure, adapter);
  server.on('session', (session: http2.ServerHttp2Session) => {
    sessions.add(session);
    session.on('error', () => {});
    session.on('close', () => sessions.delete(session));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    for (const session of sessions) session.destroy();
  });
  return { seen, sessions, server, port: (server.address() as AddressInfo).port };
}

function typed(port: number, options: Parameters<typeof createTypedTransport>[1] = {}) {
  const transport = createTypedTransport({ host: '127.0.0.1', port }, options);
  onTestFinished(() => transport.close());
  return { transport, client: createClient(Greeter, transport) };
}

async function* names(...all: string[]) {
  for (const name of all) yield { name };
}

async function messagesOf(answers: AsyncIterable<{ message: string }>): Promise<string[]> {
  const got: string[] = [];
  for await (const { message } of answers) got.push(message);
  return got;
}

/** What is to be seen of an error from outside. */
async function failed(call: Promise<unknown>) {
  const error = await call.then(
    () => expect.unreachable('the call should fail'),
    (reason: unknown) => ConnectError.from(reason),
  );
  const { code, rawMessage, metadata } = error as ConnectError;
  return {
    code,
    rawMessage,
    meta: metadata.get('x-meta'),
    details: (error as ConnectError).findDetails(SayHelloRequestSchema),
  };
}

type Scenario = (client: Client<typeof Greeter>) => Promise<unknown>;

const scenarios: Record<string, Scenario> = {
  'unary, with headers and trailers': async (client) => {
    const seen: Record<string, unknown> = {};
    const answer = await client.sayHello(
      { name: 'a', payload: new Uint8Array(200_000) },
      {
        headers: { 'X-Asked': 'yes' },
        onHeader: (header) => Object.assign(seen, { head: header.get('x-head'), both: header.get('x-both') }),
        onTrailer: (trailer) => Object.assign(seen, { tail: trailer.get('x-tail'), tailBoth: trailer.get('x-both') }),
      },
    );
    return { ...seen, message: answer.message, length: answer.sequence };
  },
  'unary, an error with metadata and details': (client) => failed(client.sayHello({ name: 'nobody' })),
  'unary, a deadline': async (client) => (await failed(client.sayHello({ name: 'deaf' }, { timeoutMs: 50 }))).code,
  'unary, aborted before': async (client) =>
    failed(client.sayHello({ name: 'a' }, { signal: AbortSignal.abort(new Error('no more')) })),
  'unary, aborted while it runs': async (client) => {
    const controller = new AbortController();
    const call = failed(client.sayHello({ name: 'slow' }, { signal: controller.signal }));
    await sleep(100);
    controller.abort(new Error('no more'));
    return call;
  },
  'server streaming': async (client) => {
    const seen: unknown[] = [];
    const messages = await messagesOf(
      client.streamHellos(
        { name: 'b', count: 3 },
        {
          onHeader: (header) => seen.push(header.get('x-head')),
          onTrailer: (trailer) => seen.push(trailer.get('x-tail')),
        },
      ),
    );
    return { seen, messages };
  },
  'server streaming without a message': async (client) => messagesOf(client.streamHellos({ name: 'b', count: 0 })),
  'server streaming, an error half way': async (client) => {
    const got: string[] = [];
    const run = async () => {
      for await (const { message } of client.streamHellos({ name: 'halfway', count: 5 })) got.push(message);
    };
    return { error: await failed(run()), got };
  },
  'server streaming, aborted half way': async (client) => {
    const controller = new AbortController();
    const run = async () => {
      const answers = client.streamHellos({ name: 'slow', count: 5 }, { signal: controller.signal });
      for await (const _ of answers) controller.abort(new Error('enough'));
    };
    return failed(run());
  },
  'client streaming': async (client) => (await client.collectHellos(names('a', 'b', 'c'))).count,
  'client streaming of nothing': async (client) => (await client.collectHellos(names())).count,
  'client streaming, answered before the end': async (client) =>
    (await client.collectHellos(names('a', 'enough', 'c', 'd'))).count,
  'client streaming, the requests fail': async (client) => {
    async function* broken() {
      yield { name: 'a' };
      throw new ConnectError('no more requests', Code.DataLoss);
    }
    return failed(client.collectHellos(broken()));
  },
  'bidirectional, in turn': async (client) => {
    const got: string[] = [];
    let more: (() => void) | undefined;
    async function* requests() {
      for (const name of ['a', 'b', 'c']) {
        yield { name };
        await new Promise<void>((resolve) => {
          more = resolve;
        });
      }
    }
    for await (const { message } of client.chatHellos(requests())) {
      got.push(message);
      more?.();
    }
    return got;
  },
};

/** What connect-node's transport makes of it too. */
const expected: Record<string, unknown> = {
  'unary, with headers and trailers': {
    head: 'ä head',
    both: 'head',
    tail: 'tail',
    tailBoth: 'tail',
    message: 'Hello, a',
    length: 200_000,
  },
  'unary, an error with metadata and details': {
    code: Code.NotFound,
    rawMessage: 'wer? ü%',
    meta: 'm',
    details: [expect.objectContaining({ name: 'detail' })],
  },
  'unary, a deadline': Code.DeadlineExceeded,
  'unary, aborted before': { code: Code.Canceled, rawMessage: 'no more', meta: null, details: [] },
  'unary, aborted while it runs': { code: Code.Canceled, rawMessage: 'no more', meta: null, details: [] },
  'server streaming': { seen: ['h', 't'], messages: ['b 0', 'b 1', 'b 2'] },
  'server streaming without a message': [],
  'server streaming, an error half way': {
    error: { code: Code.Aborted, rawMessage: 'half way', meta: null, details: [] },
    got: ['halfway 0', 'halfway 1'],
  },
  'server streaming, aborted half way': { code: Code.Canceled, rawMessage: 'enough', meta: null, details: [] },
  'client streaming': 3,
  'client streaming of nothing': 0,
  'client streaming, answered before the end': 1,
  'client streaming, the requests fail': {
    code: Code.DataLoss,
    rawMessage: 'no more requests',
    meta: null,
    details: [],
  },
  'bidirectional, in turn': ['Hello, a', 'Hello, b', 'Hello, c'],
};

describe('a generated client sees the same as over connect-node', () => {
  it.each(Object.keys(scenarios))('%s', async (name) => {
    const scenario = scenarios[name] as Scenario;
    const { port } = await serve();
    const theirs: Transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}` });
    const ours = await scenario(typed(port).client);
    expect(ours).toEqual(await scenario(createClient(Greeter, theirs)));
    expect(ours).toEqual(expected[name]);
  });
});

describe('a typed transport', () => {
  it('sends the headers it is given, and reuses its connection', async () => {
    const { port, seen, sessions } = await serve();
    const { client } = typed(port);
    await Promise.all(
      Array.from({ length: 20 }, () => client.sayHello({ name: 'a' }, { headers: { 'x-asked': 'q' } })),
    );
    expect(seen.header).toBe('q');
    expect(sessions.size).toBe(1);
  });

  it('tells the server of a cancelled call', async () => {
    const { port, seen } = await serve();
    const controller = new AbortController();
    const call = failed(typed(port).client.sayHello({ name: 'slow' }, { signal: controller.signal }));
    while (seen.begun === 0) await sleep(5);
    controller.abort();
    await call;
    while (seen.aborted === 0) await sleep(5);
  });

  it('holds back a server whose answers nobody reads', async () => {
    const { port, seen } = await serve();
    const answers = typed(port).client.streamHellos({ name: 'big', count: 200 })[Symbol.asyncIterator]();
    expect((await answers.next()).value?.message).toHaveLength(100_000);
    let before = -1;
    while (seen.sent !== before) {
      before = seen.sent;
      await sleep(100);
    }
    // 20 MB in all; the window of 1 MiB, and what lies in buffers on the way.
    expect(before).toBeLessThan(100);
    let rest = 0;
    for (let next = await answers.next(); next.done !== true; next = await answers.next()) rest++;
    expect(rest).toBe(199);
  });

  it('connects again after GOAWAY, and after its connection broke', async () => {
    const { port, sessions } = await serve();
    const { client } = typed(port);
    await client.sayHello({ name: 'a' });
    for (const session of sessions) session.close();
    while (sessions.size > 0) await sleep(2);
    expect((await client.sayHello({ name: 'b' })).message).toBe('Hello, b');
    for (const session of sessions) session.destroy();
    while (sessions.size > 0) await sleep(2);
    await sleep(20);
    expect((await client.sayHello({ name: 'c' })).message).toBe('Hello, c');
  });

  it('says of a server that is not there that it never saw the call', async () => {
    const { port, server } = await serve();
    await new Promise((resolve) => server.close(resolve));
    const { client } = typed(port);
    const error: ConnectError = await client.sayHello({ name: 'a' }).then(
      () => expect.unreachable(),
      (reason) => reason,
    );
    expect(error.code).toBe(Code.Unavailable);
    expect(error.cause as CallFailure).toMatchObject({ errorClass: 'refused', seen: 'never_sent' });
    const stream = failed(messagesOf(client.streamHellos({ name: 'a', count: 1 })));
    expect((await stream).code).toBe(Code.Unavailable);
  });

  it('keeps a deadline and an abort while it connects', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}).resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const { client } = typed((silent.address() as AddressInfo).port);
    expect((await failed(client.sayHello({ name: 'a' }, { timeoutMs: 40 }))).code).toBe(Code.DeadlineExceeded);
    const signal = AbortSignal.timeout(40);
    expect((await failed(client.sayHello({ name: 'a' }, { signal }))).code).toBe(Code.Canceled);
  });

  it('ends what is in flight when it is closed, and takes no more', async () => {
    const { port } = await serve();
    const { client, transport } = typed(port);
    const call = failed(client.sayHello({ name: 'slow' }));
    await sleep(100);
    transport.close();
    expect((await call).code).toBe(Code.Unavailable);
    expect((await failed(client.sayHello({ name: 'a' }))).rawMessage).toBe('the transport is closed');
  });

  it('speaks TLS', async () => {
    const identity = selfSigned('greeter.test');
    const { port } = await serve(identity);
    const { client } = typed(port, { authority: 'greeter.test:443', tls: { ca: identity.cert } });
    expect((await client.sayHello({ name: 'a' })).message).toBe('Hello, a');
  });
});
