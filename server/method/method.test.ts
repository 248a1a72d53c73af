import { setTimeout as sleep } from 'node:timers/promises';
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { expect, onTestFinished, test } from 'vitest';
import { file_grpc_health_v1_health } from '../../gen/grpc/health/v1/health_pb.js';
import { type Method, MethodSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { createNodeLookup } from '../balancing/resolver/node-lookup.ts';
import { ManualWatch } from '../balancing/testing/manual-watch.ts';
import { nodeTimers } from '../events/clock.ts';
import { findMethod } from './find-method.ts';
import { drive } from './testing/drive.ts';
import { startHealthOnly, startOrders } from './testing/foreign-server.ts';
import { startOwnService } from './testing/own-service.ts';
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
  expect(await reason({ path: '/a.B/C' }, silent)).toContain('neither grpc.reflection.v1 nor v1alpha');
});

const net = `127.${100 + (process.pid % 100)}.${1 + Math.floor(Math.random() * 250)}`;
const hosts: [string, string] = [`${net}.1`, `${net}.2`];

test.skipIf(process.platform !== 'linux').each([
  ['header:served-by', (_port: number) => ['uid-a', 'b-by-name']],
  ['trailer:served-by-trailer', (_port: number) => ['uid-a', 'b-by-name']],
  ['address', (port: number) => ['uid-a', `${hosts[1]}:${port}`]],
  ['none', () => ['']],
])('answered by %s: pods by what the truth knows, others under their own name', async (answeredBy, rows) => {
  const { server } = await serve('v1', 'a-by-name', hosts[0]);
  await serve('v1', 'b-by-name', hosts[1], server.port);
  const seen = await drive(methodOf({ answeredBy }), hosts, server.port, 60);
  expect(seen.down).toEqual([`asking what ${health} is`, undefined]);
  expect(new Set(seen.counts.keys())).toEqual(new Set(rows(server.port)));
  expect([...seen.counts.values()].reduce((a, b) => a + b)).toBe(seen.answered);
});

const onLinux = test.skipIf(process.platform !== 'linux');

onLinux('a server of @grpc/grpc-js with @grpc/reflection: its answers name pods by a field', async () => {
  const first = await startOrders('a-by-name', hosts[0]);
  const second = await startOrders('b-by-name', hosts[1], first.port);
  onTestFinished(() => [first, second].forEach((server) => void server.close()));
  const method = methodOf({
    path: '/shop.orders.v2.Orders/Get',
    requestJson: '{"number": "17", "asOf": "2026-01-02T03:04:05Z"}',
    answeredBy: 'field:meta.server.host_name',
  });
  const seen = await drive(method, hosts, first.port, 60);
  expect(new Set(seen.counts.keys())).toEqual(new Set(['uid-a', 'b-by-name']));
  expect(String((second.requests[0] as { number: unknown }).number)).toBe('17');
  expect(String((second.requests[0] as { asOf: { seconds: unknown } }).asOf.seconds)).toBe('1767323045');
});

onLinux('a server with nothing but health: no reflection is asked for, and the dialled address says who', async () => {
  const first = await startHealthOnly(hosts[0]);
  const second = await startHealthOnly(hosts[1], first.port);
  onTestFinished(() => [first, second].forEach((server) => void server.close()));
  const seen = await drive(methodOf({ answeredBy: 'address' }), hosts, first.port, 60);
  expect(new Set(seen.counts.keys())).toEqual(new Set(['uid-a', `${hosts[1]}:${first.port}`]));
  expect(seen.failed).toBe(0);
  // A method that it lacks is no answer of anybody's.
  const found = await findMethod(
    { target: `${hosts[0]}:${first.port}`, resolver: 'static' },
    methodOf({ path: '/shop.orders.v2.Orders/Get' }),
    parts,
  );
  expect(found).toMatchObject({ ok: false, again: true, reason: expect.stringContaining('reflection') });
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
