import { createServer } from 'node:net';
import { fromBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SayHelloResponseSchema } from '../../../gen/lbscope/greeter/v1/greeter_pb.js';
import type { Told } from '../../balancing/resolution.ts';
import { EventLog } from '../../balancing/testing/events.ts';
import { realTime } from '../../balancing/testing/real-time.ts';
import type { Pod } from '../../pod/pod.ts';
import { testPod } from '../../pod/testing.ts';
import { encodeCall } from '../../traffic/requests.ts';
import { JsonChannel } from './channel.ts';

const hello = encodeCall('unary', { payloadBytes: 10, messages: 1, intervalMs: 0 }, realTime) as {
  path: string;
  message: Uint8Array;
};
let pods: Pod[] = [];
let channels: JsonChannel[] = [];
let log: EventLog;

beforeEach(() => {
  log = new EventLog();
});
afterEach(async () => {
  await Promise.all(channels.map((channel) => channel.close(0)));
  for (const pod of pods) pod.stop();
  pods = [];
  channels = [];
});

async function pod(): Promise<number> {
  const started = await testPod();
  pods.push(started);
  return started.jsonPort as number;
}

function channelTo(
  port: number | undefined,
  keepAlive: boolean,
): { channel: JsonChannel; tell: (told: Told) => void; asked: string[] } {
  const asked: string[] = [];
  let tell: (told: Told) => void = () => {};
  const channel = new JsonChannel({
    laneId: 'rest',
    channelIndex: 0,
    target: 'greeter.lbscope:8080',
    keepAlive,
    events: log,
    clock: realTime,
    timers: realTime,
    resolution(onTold) {
      tell = onTold;
      return {
        start() {
          if (port === undefined) return;
          onTold({ t: 'addresses', addresses: [{ host: '127.0.0.1', port }], of: { id: 'r1', at: 5 } });
        },
        request: (trigger) => void asked.push(trigger),
        stop() {},
        healthy() {},
      };
    },
  });
  channels.push(channel);
  return { channel, tell: (told) => tell(told), asked };
}

const call = (channel: JsonChannel, timeoutMs = 5_000) => channel.unary({ ...hello, timeoutMs });

test('keep-alive: one connection carries call after call, and calls at once take connections of their own', async () => {
  const { channel } = channelTo(await pod(), true);
  const ids = new Set<string | undefined>();
  for (let i = 0; i < 10; i++) {
    const result = await call(channel);
    if (!result.ok || result.message === undefined) throw new Error('not answered');
    expect(fromBinary(SayHelloResponseSchema, result.message)).toMatchObject({
      sequence: i + 1,
      message: 'Hello, lbscope',
    });
    expect(result.route).toMatchObject({ resolutionId: 'r1', resolvedAt: 5, attempts: 1 });
    ids.add(result.route.connectionId);
  }
  expect(ids.size).toBe(1);
  expect(log.of('connected')).toHaveLength(1);
  const many = await Promise.all(Array.from({ length: 5 }, () => call(channel)));
  expect(new Set(many.map(({ route }) => route.connectionId)).size).toBe(5);
  expect(log.of('connected')).toHaveLength(5);
});

test('without keep-alive each call has a connection of its own, and they are no events', async () => {
  const { channel } = channelTo(await pod(), false);
  const results = [];
  for (let i = 0; i < 5; i++) results.push(await call(channel));
  expect(results.every(({ ok }) => ok)).toBe(true);
  expect(new Set(results.map(({ route }) => route.connectionId)).size).toBe(5);
  expect(log.kinds()).toEqual(['pickerUpdated']);
});

test('refused: the class says so, and the name is asked again', async () => {
  const port = await pod();
  pods[0]?.stop();
  const { channel, asked } = channelTo(port, true);
  expect(await call(channel)).toMatchObject({ ok: false, errorClass: 'refused', code: 14 });
  expect(asked).toEqual(['connect failed']);
  await expect.poll(() => log.values('connectFailed')).toMatchObject([{ errorClass: 'refused' }]);
});

test('a pod that was told to fail answers with its reason; a pod that closes in the middle counts as reset', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (data) => {
      if (String(data).includes('connect-timeout-ms: 4')) socket.resetAndDestroy();
      else socket.end('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 7\r\n\r\nno host');
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { channel } = channelTo((server.address() as { port: number }).port, true);
  expect(await call(channel)).toMatchObject({ ok: false, errorClass: 'unavailable', code: 14, message: 'HTTP 503' });
  expect(await call(channel, 4_321)).toMatchObject({ ok: false, errorClass: 'reset', code: 14 });
  server.close();
});

test('a silent peer: deadline, and the connection is given up', async () => {
  const server = createServer((socket) => socket.on('error', () => {}));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { channel } = channelTo((server.address() as { port: number }).port, true);
  // Long enough that it is connected by then, also on a machine that is held up.
  expect(await call(channel, 1_000)).toMatchObject({ ok: false, errorClass: 'deadline', code: 4 });
  await expect.poll(() => log.of('disconnected').length, { timeout: 15_000 }).toBe(1);
  server.close();
});

test('waits for its address until the deadline, fails at once when the name has none, goes on when it has', async () => {
  const { channel, tell } = channelTo(undefined, true);
  expect(await call(channel, 30)).toMatchObject({ ok: false, errorClass: 'deadline' });
  tell({ t: 'failed', message: 'NXDOMAIN', of: undefined });
  expect(await call(channel)).toMatchObject({
    ok: false,
    errorClass: 'no_endpoints',
    message: 'no endpoints: NXDOMAIN',
  });
  expect(channel.state).toBe('TRANSIENT_FAILURE');
  tell({ t: 'addresses', addresses: [{ host: '127.0.0.1', port: await pod() }], of: { id: 'r2', at: 6 } });
  expect(await call(channel)).toMatchObject({ ok: true, route: { resolutionId: 'r2' } });
  expect(channel.state).toBe('READY');
});

test('streams and unknown methods are refused with a reason', async () => {
  const { channel } = channelTo(await pod(), true);
  expect(await channel.stream()).toMatchObject({ ok: false, code: 12, message: expect.stringContaining('unary') });
  const other = await channel.unary({ ...hello, path: '/a.B/C', timeoutMs: 100 });
  expect(other).toMatchObject({ ok: false, code: 12, message: expect.stringContaining('/a.B/C') });
});

test('close waits for the call in flight, then refuses', async () => {
  const { channel } = channelTo(await pod(), true);
  const running = call(channel);
  const closed = channel.close(5_000);
  expect(await running).toMatchObject({ ok: true });
  await closed;
  expect(await call(channel)).toMatchObject({ ok: false, errorClass: 'unavailable' });
  expect(channel.state).toBe('SHUTDOWN');
});
