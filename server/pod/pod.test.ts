import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Health, HealthCheckResponse_ServingStatus as Serving } from '../../gen/grpc/health/v1/health_pb.js';
import { Greeter } from '../../gen/lbscope/greeter/v1/greeter_pb.js';
import { PodControlService } from '../../gen/lbscope/pod/v1/control_pb.js';
import { frame } from './grpc/framing.ts';
import type { Pod } from './pod.ts';
import { rawCall, rawSession, testIdentity, testPod } from './testing.ts';

let pod: Pod;
let random = () => 0.5;
const url = (port: number) => ({ baseUrl: `http://127.0.0.1:${port}` });
const greeter = () => createClient(Greeter, createGrpcTransport(url(pod.port)));
const health = () => createClient(Health, createGrpcTransport(url(pod.port)));
const control = () => createClient(PodControlService, createGrpcTransport(url(pod.controlPort)));
const hello = '/lbscope.greeter.v1.Greeter/SayHello';

beforeEach(async () => {
  random = () => 0.5;
  pod = await testPod({ random: () => random() });
});
afterEach(() => pod.stop());

const failure = async (call: Promise<unknown>): Promise<ConnectError> => {
  try {
    await call;
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error('the call was answered, though it should have failed');
};

describe('greeter', () => {
  test('every kind of call names the pod and counts its answers', async () => {
    const client = greeter();
    const one = await client.sayHello({ name: 'Ada', payload: new Uint8Array(100_000) });
    expect(one).toMatchObject({ sequence: 1, message: 'Hello, Ada' });
    const { startedAtMs: _, ...identity } = testIdentity;
    expect(one.pod).toMatchObject(identity);

    const streamed = [];
    for await (const answer of client.streamHellos({ name: 'Bo', count: 3, intervalMs: 1 })) streamed.push(answer);
    expect(streamed.map((answer) => answer.sequence)).toEqual([2, 3, 4]);

    const collected = await client.collectHellos(
      (async function* () {
        for (let i = 0; i < 20; i++) yield { name: 'Cy', payload: new Uint8Array(i * 1_000) };
      })(),
    );
    expect(collected).toMatchObject({ sequence: 5, count: 20, message: 'Hello, Cy' });

    const chatted = [];
    for await (const answer of client.chatHellos(
      (async function* () {
        yield { name: 'x' };
        yield { name: 'y' };
      })(),
    ))
      chatted.push(answer.message);
    expect(chatted).toEqual(['Hello, x', 'Hello, y']);
  });

  test('a long stream respects a slow reader and comes whole', async () => {
    const before = process.memoryUsage().rss;
    let count = 0;
    for await (const _ of greeter().streamHellos({ name: 'n'.repeat(2_000), count: 5_000 })) {
      if (count++ % 500 === 0) await new Promise((done) => setTimeout(done, 5));
    }
    expect(count).toBe(5_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
  });

  test('the deadline of a call ends it, also in the server', async () => {
    await control().setBehavior({ delayMs: 60_000 });
    expect((await failure(greeter().sayHello({}, { timeoutMs: 50 }))).code).toBe(Code.DeadlineExceeded);
    const session = rawSession(pod.port);
    const answer = await rawCall(session, hello, [frame(new Uint8Array())], { 'grpc-timeout': '20m' });
    expect(answer.status).toBe('4');
    session.close();
  });

  test('values out of range are named', async () => {
    const stream = async (count: number, intervalMs = 0) => {
      for await (const _ of greeter().streamHellos({ count, intervalMs }));
    };
    const none = await failure(stream(0));
    expect(none.code).toBe(Code.InvalidArgument);
    expect(none.rawMessage).toBe('count is 0; allowed: 1 to 1000000');
    expect((await failure(stream(1, 700_000))).rawMessage).toContain('interval_ms is 700000');
  });

  test('thousands of cancelled calls do not end the connection', async () => {
    await control().setBehavior({ delayMs: 60_000 });
    const session = rawSession(pod.port);
    for (let i = 0; i < 2_500; i++) {
      const stream = session.request({ ':method': 'POST', ':path': hello, 'content-type': 'application/grpc' });
      stream.on('error', () => {});
      stream.write(frame(new Uint8Array()));
      stream.close(8);
      if (i % 100 === 99) await new Promise(setImmediate);
    }
    await control().setBehavior({ delayMs: 0 });
    expect((await rawCall(session, hello, [frame(new Uint8Array())])).status).toBe('0');
    session.close();
  });
});

describe('what is not gRPC as it should be', () => {
  const send = async (path: string, chunks: Uint8Array[], headers: Record<string, string> = {}) => {
    const session = rawSession(pod.port);
    const answer = await rawCall(session, path, chunks, headers);
    // The connection survives the fault of one call.
    expect((await rawCall(session, hello, [frame(new Uint8Array())])).status).toBe('0');
    session.close();
    return answer;
  };

  test('a message may be split over DATA frames anywhere', async () => {
    const message = frame(new Uint8Array([0x0a, 2, 0x68, 0x69]));
    const answer = await send(
      hello,
      [...message].map((byte) => Uint8Array.of(byte)),
    );
    expect(answer.status).toBe('0');
    expect(Buffer.from(answer.body).includes('Hello, hi')).toBe(true);
  });

  test('faults get the code that gRPC gives them', async () => {
    const ping = frame(new Uint8Array());
    expect((await send('/lbscope.greeter.v1.Greeter/Nothing', [ping])).status).toBe('12');
    expect((await send(hello, [Uint8Array.of(1, 0, 0, 0, 1, 0)])).status).toBe('12');
    expect((await send(hello, [ping], { 'grpc-encoding': 'gzip' })).status).toBe('12');
    expect((await send(hello, [ping], { 'content-type': 'application/json' })).http).toBe(415);
    expect((await send(hello, [ping], { 'content-type': 'application/grpc-web' })).http).toBe(415);
    expect((await send(hello, [ping], { ':method': 'PUT' })).http).toBe(405);
    expect((await send(hello, [])).status).toBe('13');
    expect((await send(hello, [ping, ping])).status).toBe('13');
    expect((await send(hello, [Uint8Array.of(0, 0, 0, 0, 9, 1)])).status).toBe('13');
    expect((await send(hello, [frame(Uint8Array.of(0x0a, 0x7f, 1))])).status).toBe('13');
    expect((await send(hello, [ping], { 'grpc-timeout': 'soon' })).status).toBe('13');
    expect((await send('/lbscope.greeter.v1.Greeter/ChatHellos', [frame(Uint8Array.of(0x0a, 0x7f, 1))])).status).toBe(
      '13',
    );
  });

  test('16 MiB is the limit of a message', async () => {
    const bytes = 16 * 1024 * 1024;
    expect((await send(hello, [Uint8Array.of(0, 1, 0, 0, 1), new Uint8Array(1_000)])).status).toBe('8');
    const fits = await greeter().sayHello({ payload: new Uint8Array(bytes - 100) });
    expect(fits.message).toBe('Hello, ');
  });
});

describe('health and control', () => {
  test('readiness follows what the pod was told; liveness does not', async () => {
    expect((await health().check({})).status).toBe(Serving.SERVING);
    expect((await control().setBehavior({ ready: false })).behavior).toMatchObject({
      ready: false,
      delayMs: 0,
      errorRate: 0,
    });
    for (const service of ['', 'lbscope.greeter.v1.Greeter']) {
      expect((await health().check({ service })).status).toBe(Serving.NOT_SERVING);
    }
    expect((await health().check({ service: 'liveness' })).status).toBe(Serving.SERVING);
    expect((await failure(health().check({ service: 'nobody' }))).code).toBe(Code.NotFound);
    // An unready pod still answers: clients that have a connection may use it.
    expect((await greeter().sayHello({ name: 'a' })).message).toBe('Hello, a');
  });

  test('a watch tells each change, and ends with the drain', async () => {
    const seen: Serving[] = [];
    let end: ConnectError | undefined;
    const watching = (async () => {
      for await (const answer of health().watch({})) {
        seen.push(answer.status);
        if (seen.length === 1) await control().setBehavior({ ready: false });
        if (seen.length === 2) await control().setBehavior({ ready: true });
        if (seen.length === 3) void pod.drain();
      }
    })().catch((error) => {
      end = ConnectError.from(error);
    });
    await watching;
    expect(seen).toEqual([Serving.SERVING, Serving.NOT_SERVING, Serving.SERVING, Serving.NOT_SERVING]);
    expect(end?.code).toBe(Code.Unavailable);
  });

  test('errors are drawn at the rate asked, delays are kept, and only for greeter calls', async () => {
    await control().setBehavior({ errorRate: 0.3 });
    let turn = 0;
    random = () => (turn++ % 10) / 10;
    const codes = [];
    for (let i = 0; i < 20; i++)
      codes.push(
        await greeter()
          .sayHello({})
          .then(
            () => 0,
            (error) => ConnectError.from(error).code,
          ),
      );
    expect(codes.filter((code) => code === Code.Unavailable)).toHaveLength(6);
    expect(codes.filter((code) => code === 0)).toHaveLength(14);
    expect((await health().check({})).status).toBe(Serving.SERVING);

    await control().setBehavior({ errorRate: 0, delayMs: 80 });
    const begun = performance.now();
    await greeter().sayHello({});
    // setTimeout may fire up to a millisecond early.
    expect(performance.now() - begun).toBeGreaterThanOrEqual(78);
  });

  test('values out of range change nothing and are named', async () => {
    await control().setBehavior({ delayMs: 5 });
    const negative = await failure(control().setBehavior({ delayMs: -1, ready: false }));
    expect(negative.code).toBe(Code.InvalidArgument);
    expect(negative.rawMessage).toBe('delay_ms is -1; allowed: 0 to 600000');
    expect((await failure(control().setBehavior({ errorRate: Number.NaN }))).rawMessage).toBe(
      'error_rate is NaN; allowed: 0 to 1',
    );
    expect((await control().getBehavior({})).behavior).toMatchObject({ ready: true, delayMs: 5, errorRate: 0 });
  });
});
