import { setTimeout as sleep } from 'node:timers/promises';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { expect, onTestFinished, test } from 'vitest';
import { file_grpc_health_v1_health } from '../../gen/grpc/health/v1/health_pb.js';
import { type Frame, type Method, MethodSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { createNodeLookup } from '../balancing/resolver/node-lookup.ts';
import { ManualWatch } from '../balancing/testing/manual-watch.ts';
import { channelMaker } from '../driver/channels.ts';
import { sameThread } from '../driver/same-thread.ts';
import { Drivers } from '../driver/upper.ts';
import { createClock, nodeTimers } from '../events/clock.ts';
import type { TrafficSettings } from '../traffic/driver.ts';
import { findMethod } from './find-method.ts';
import { startOwnService } from './testing.ts';
import { whenFound } from './when-found.ts';

const health = '/grpc.health.v1.Health/Check';
const lookup = createNodeLookup();
const parts = { lookup, sliceWatch: new ManualWatch(), timers: nodeTimers, tls: undefined };
const methodOf = (part: MessageInitShape<typeof MethodSchema>): Method =>
  create(MethodSchema, { path: health, ...part });

async function serve(reflection: 'v1' | 'v1alpha' | 'none', name = 'pod-a', host = '127.0.0.1', port = 0) {
  const server = await startOwnService(name, host, port, reflection);
  onTestFinished(() => void server.close());
  const find = (method: MessageInitShape<typeof MethodSchema>) =>
    findMethod({ target: `${host}:${server.port}`, resolver: 'static' }, methodOf(method), parts);
  return { server, find };
}

test.each(['v1', 'v1alpha'] as const)(
  'a method is found by reflection %s, imports asked for one by one',
  async (kind) => {
    const { server, find } = await serve(kind);
    const found = await find({
      path: '/lbscope.greeter.v1.Greeter/SayHello',
      requestJson: '{"name":"x"}',
      answeredBy: 'field:pod.name',
    });
    // SayHelloRequest.name is field 1; HelloReply.pod is field 1, PodIdentity.name field 2.
    expect(found).toMatchObject({ ok: true, call: { message: new Uint8Array([0x0a, 1, 120]) } });
    expect(found).toMatchObject({ call: { answeredBy: { t: 'field', numbers: [1, 2] } } });
    expect(server.asked).toBeGreaterThan(0);
  },
);

test('descriptors say it without asking anybody', async () => {
  const { server, find } = await serve('none');
  const set = create(FileDescriptorSetSchema, { file: [file_grpc_health_v1_health.proto] });
  const descriptors = toBinary(FileDescriptorSetSchema, set);
  expect(await find({ descriptors, requestJson: '{"service":"a"}' })).toEqual({
    ok: true,
    call: { path: health, message: new Uint8Array([0x0a, 1, 97]), answeredBy: { t: 'none' } },
  });
  expect(server.asked).toBe(0);
});

test('what is wrong names the field, its value and what is allowed', async () => {
  const { find } = await serve('v1');
  const { find: silent } = await serve('none');
  const reason = async (method: MessageInitShape<typeof MethodSchema>, by = find) => {
    const found = await by(method);
    return found.ok ? 'ok' : found.reason;
  };
  expect(await reason({ path: '/grpc.health.v1.Health/Chek' })).toBe(
    'lane.method.path is "/grpc.health.v1.Health/Chek": allowed is a method of grpc.health.v1.Health: Check, Watch',
  );
  expect(await reason({ path: '/grpc.health.v1.Health/Watch' })).toContain('this one is server streaming');
  expect(await reason({ path: '/a.B/C' })).toContain('knows no service a.B');
  expect(await reason({ requestJson: '{"servce":"a"}' })).toMatch(/^lane\.method\.requestJson does not fit .*servce/);
  expect(await reason({ answeredBy: 'field:statsu' })).toContain(
    'a field of grpc.health.v1.HealthCheckResponse: status',
  );
  expect(await reason({ answeredBy: 'field:status' })).toContain('ends in a string');
  expect(await reason({ descriptors: new Uint8Array([1, 2, 3]) })).toContain('lane.method.descriptors');
  expect(await reason({}, silent)).toContain('neither grpc.reflection.v1 nor v1alpha');
});

const settings: TrafficSettings = {
  ratePerSecond: 200,
  concurrency: 0,
  connections: 1,
  kind: 'unary',
  messagesPerStream: 1,
  payloadBytes: 0,
  deadlineMs: 5_000,
  thinkTimeMs: 0,
  messageIntervalMs: 0,
};

test.skipIf(process.platform !== 'linux').each([
  ['header:served-by', (hosts: string[], _port: number) => ['uid-a', 'b-by-name', ...hosts.slice(2)]],
  ['trailer:served-by-trailer', (hosts: string[], _port: number) => ['uid-a', 'b-by-name', ...hosts.slice(2)]],
  ['address', (hosts: string[], port: number) => ['uid-a', `${hosts[1]}:${port}`]],
  ['none', () => ['']],
])('answered by %s: pods by what the truth knows, others under their own name', async (answeredBy, rows) => {
  const net = `127.${100 + (process.pid % 100)}.${1 + Math.floor(Math.random() * 250)}`;
  const hosts = [`${net}.1`, `${net}.2`];
  const first = await serve('v1', 'a-by-name', hosts[0]);
  await serve('v1', 'b-by-name', hosts[1], first.server.port);
  const { port } = first.server;
  const clock = createClock();
  const counts = new Map<string, number>();
  let answered = 0;
  const drivers = new Drivers({
    start: sameThread({
      clock,
      timers: nodeTimers,
      makeChannel: channelMaker({ transport: 'lbscope', clock, timers: nodeTimers, random: Math.random }),
    }),
    onFrame: (frame: Frame) => {
      for (const lane of frame.lanes) {
        answered += lane.answered;
        for (const pod of lane.pods)
          if (pod.answered > 0) counts.set(pod.podUid, (counts.get(pod.podUid) ?? 0) + pod.answered);
      }
    },
    lookup: { lookup: async () => ({ ok: true, addresses: hosts }) },
    clock,
    timers: nodeTimers,
    random: Math.random,
    events: { emit: () => {} },
  });
  onTestFinished(() => drivers.stop());
  drivers.attribute({
    addresses: [[hosts[0] as string, [['uid-a', 0]]]],
    notReadySince: [],
    pods: [['uid-a', 'a-by-name', 0]],
  });
  const down: (string | undefined)[] = [];
  const target = `own.test:${port}`;
  const listener = { sliceWatch: new ManualWatch(), onDown: () => {} };
  const driver = whenFound({
    path: health,
    find: () => findMethod({ target: `${hosts[0]}:${port}`, resolver: 'static' }, methodOf({ answeredBy }), parts),
    open: (method) =>
      drivers.open(
        {
          laneId: 'own',
          channel: { target, resolver: 'dns', policy: 'round_robin' },
          client: '',
          keepAlive: true,
          method,
        },
        listener,
      ),
    onDown: (reason) => void down.push(reason),
    timers: nodeTimers,
  });
  driver.apply(settings, true);
  while (answered < 200) await sleep(10);
  await driver.stop();
  expect(down).toEqual([`asking what ${health} is`, undefined]);
  expect(new Set(counts.keys())).toEqual(new Set(rows(hosts, port)));
  expect([...counts.values()].reduce((a, b) => a + b)).toBe(answered);
});

test('a server that is not there yet is asked again; a lane that ends meanwhile asks no more', async () => {
  let due: (() => void) | undefined;
  let asks = 0;
  const down: (string | undefined)[] = [];
  const driver = whenFound({
    path: health,
    find: async () => {
      asks += 1;
      return { ok: false, reason: 'not there', again: true };
    },
    open: () => {
      throw new Error('nothing to open');
    },
    onDown: (reason) => void down.push(reason),
    timers: {
      ...nodeTimers,
      setTimeout: (run: () => void) => {
        due = run;
        return { cancel: () => (due = undefined) };
      },
    },
  });
  await sleep(0);
  expect(down.at(-1)).toBe('not there');
  due?.();
  await sleep(0);
  expect(asks).toBe(2);
  await driver.stop();
  expect(due).toBeUndefined();
});
