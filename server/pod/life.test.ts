import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { afterEach, expect, test } from 'vitest';
import { Greeter } from '../../gen/lbscope/greeter/v1/greeter_pb.js';
import { PodControlService } from '../../gen/lbscope/pod/v1/control_pb.js';
import { frame } from './grpc/framing.ts';
import { frameClient, frameType, hpack, type PodProcess, spawnPod, until } from './testing.ts';

const clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const run of clean.splice(0).reverse()) await run();
});

async function start(env: Record<string, string> = {}): Promise<PodProcess> {
  const pod = await spawnPod(env);
  clean.push(() => pod.child.kill('SIGKILL'));
  return pod;
}
const greeter = (pod: PodProcess) =>
  createClient(Greeter, createGrpcTransport({ baseUrl: `http://127.0.0.1:${pod.port}` }));
const control = (pod: PodProcess) =>
  createClient(PodControlService, createGrpcTransport({ baseUrl: `http://127.0.0.1:${pod.controlPort}` }));

/** A client whose connection stands: what it sends before it hears a GOAWAY is taken, however late the pod reads it. */
async function connected(pod: PodProcess) {
  const client = greeter(pod);
  await client.sayHello({});
  return client;
}

const requestHeaders = hpack({
  ':method': 'POST',
  ':scheme': 'http',
  ':path': '/lbscope.greeter.v1.Greeter/SayHello',
  ':authority': 'greeter',
  'content-type': 'application/grpc',
});

/** A connection with a call that the pod has, and will answer in ten minutes. */
async function heldUp(pod: PodProcess) {
  await control(pod).setBehavior({ delayMs: 600_000 });
  const client = await frameClient(pod.port);
  clean.push(() => client.socket.destroy());
  client.send(frameType.headers, 0x4, 1, requestHeaders);
  client.send(frameType.data, 0x1, 1, frame(new Uint8Array()));
  // Frames are read in their order: once this comes back, the call before it has arrived.
  client.send(frameType.ping, 0, 0, Buffer.alloc(8));
  await until(() => client.frames.some((seen) => seen.type === frameType.ping && seen.flags === 1), 'PING');
  return client;
}

/** The PING that follows the first GOAWAY, perhaps in a packet of its own. */
async function pingFrom({ frames }: Awaited<ReturnType<typeof frameClient>>) {
  const isPing = (seen: { type: number; flags: number }) => seen.type === frameType.ping && seen.flags === 0;
  await until(() => frames.some(isPing), 'PING');
  return frames.find(isPing)!;
}

test('a drain sends two GOAWAYs, and takes calls until the PING between them comes back', async () => {
  const pod = await start();
  await control(pod).setBehavior({ delayMs: 150 });
  const client = await frameClient(pod.port);
  clean.push(() => client.socket.destroy());
  const call = (streamId: number) => {
    client.send(frameType.headers, 0x4, streamId, requestHeaders);
    client.send(frameType.data, 0x1, streamId, frame(new Uint8Array()));
  };
  const goaways = () =>
    client.frames.filter((seen) => seen.type === frameType.goaway).map((seen) => seen.payload.readUInt32BE(0));
  const answered = () =>
    client.frames.filter((seen) => seen.type === frameType.headers && seen.flags & 1).map((seen) => seen.streamId);
  await until(() => client.frames.some((seen) => seen.type === frameType.settings), 'SETTINGS');
  client.send(frameType.settings, 1, 0);
  call(1);
  await until(
    () => client.frames.some((seen) => seen.type === frameType.settings && seen.flags === 1),
    'SETTINGS acknowledged',
  );
  pod.child.kill('SIGTERM');
  await until(() => goaways().length === 1, 'first GOAWAY');
  expect(goaways()).toEqual([2 ** 31 - 1]);
  const ping = await pingFrom(client);
  // This call crossed the GOAWAY: it must be answered all the same.
  call(3);
  client.send(frameType.ping, 1, 0, ping.payload);
  await until(() => client.ended() !== undefined, 'end of the connection');
  // Node repeats the last one when it closes the connection.
  expect([...new Set(goaways())]).toEqual([2 ** 31 - 1, 3]);
  expect(answered().sort()).toEqual([1, 3]);
  expect(client.ended()).toBe('FIN');
  expect(await pod.exit).toEqual({ code: 0, signal: null });
});

test('a drain loses no call in flight and takes no new connection', async () => {
  const pod = await start();
  const client = await connected(pod);
  await control(pod).setBehavior({ delayMs: 300 });
  const calls = Array.from({ length: 50 }, () => client.sayHello({ name: 'in flight' }));
  const stream = (async () => {
    const seen = [];
    for await (const answer of client.streamHellos({ count: 3 })) seen.push(answer);
    return seen.length;
  })();
  await new Promise((done) => setTimeout(done, 100));
  pod.child.kill('SIGTERM');
  await until(
    () =>
      new Promise((done) => {
        const probe = connectSocket(pod.port, '127.0.0.1');
        probe.on('error', (error: NodeJS.ErrnoException) => done(error.code === 'ECONNREFUSED'));
        probe.on('connect', () => {
          probe.destroy();
          done(false);
        });
      }),
    'refusal of new connections',
  );
  expect((await Promise.all(calls)).every((answer) => answer.message === 'Hello, in flight')).toBe(true);
  expect(await stream).toBe(3);
  expect(await pod.exit).toEqual({ code: 0, signal: null });
});

test('a connection that is too old is told to go with two GOAWAYs, its calls finish, and others are let be', async () => {
  const pod = await start({ GREETER_MAX_CONNECTION_AGE_MS: '400' });
  await control(pod).setBehavior({ delayMs: 150 });
  const client = await frameClient(pod.port);
  clean.push(() => client.socket.destroy());
  const call = (streamId: number) => {
    client.send(frameType.headers, 0x4, streamId, requestHeaders);
    client.send(frameType.data, 0x1, streamId, frame(new Uint8Array()));
  };
  const goaways = () => client.frames.filter((seen) => seen.type === frameType.goaway);
  await until(() => client.frames.some((seen) => seen.type === frameType.settings), 'SETTINGS');
  client.send(frameType.settings, 1, 0);
  await until(() => goaways().length === 1, 'first GOAWAY');
  expect(goaways()[0]?.payload.readUInt32BE(0)).toBe(2 ** 31 - 1);
  expect(goaways()[0]?.payload.subarray(8).toString()).toBe('max_age');
  const ping = await pingFrom(client);
  // This call crossed the GOAWAY.
  call(1);
  client.send(frameType.ping, 1, 0, ping.payload);
  await until(() => client.ended() !== undefined, 'end of the connection');
  expect(goaways().at(-1)?.payload.readUInt32BE(0)).toBe(1);
  expect(client.frames.some((seen) => seen.type === frameType.headers && seen.streamId === 1)).toBe(true);
  expect(client.ended()).toBe('FIN');
  // The pod itself goes on.
  expect((await greeter(pod).sayHello({ name: 'after' })).message).toBe('Hello, after');
});

test('the age is settable while running, also for connections there are; the grace cuts what does not end', async () => {
  const pod = await start();
  const client = await frameClient(pod.port);
  clean.push(() => client.socket.destroy());
  await until(() => client.frames.some((seen) => seen.type === frameType.settings), 'SETTINGS');
  client.send(frameType.settings, 1, 0);
  const told = await control(pod).setBehavior({ delayMs: 600_000 });
  expect(told.behavior).toMatchObject({ maxConnectionAgeMs: -1, maxConnectionAgeGraceMs: -1 });
  client.send(frameType.headers, 0x4, 1, requestHeaders);
  client.send(frameType.data, 0x1, 1, frame(new Uint8Array()));
  await control(pod).setBehavior({ maxConnectionAgeMs: 100, maxConnectionAgeGraceMs: 200 });
  await until(() => client.frames.some((seen) => seen.type === frameType.goaway), 'GOAWAY');
  await until(() => client.ended() !== undefined, 'the cut');
  // The call never had its answer.
  expect(client.frames.some((seen) => seen.type === frameType.headers)).toBe(false);
  for (const wrong of [{ maxConnectionAgeMs: 99 }, { maxConnectionAgeMs: -2 }, { maxConnectionAgeGraceMs: -0.5 }]) {
    await expect(control(pod).setBehavior(wrong)).rejects.toThrow(/max_connection_age.* is -?[\d.]+; allowed: -1/);
  }
  expect((await control(pod).setBehavior({ maxConnectionAgeMs: -1 })).behavior).toMatchObject({
    maxConnectionAgeMs: -1,
    maxConnectionAgeGraceMs: 200,
  });
});

test('the hard limit ends a drain', async () => {
  const pod = await start({ GREETER_DRAIN_LIMIT_MS: '100' });
  const client = await heldUp(pod);
  pod.child.kill('SIGTERM');
  expect(await pod.exit).toEqual({ code: 0, signal: null });
  await until(() => client.ended() !== undefined, 'end of the connection');
  expect(client.frames.filter((seen) => seen.type === frameType.headers)).toEqual([]);
});

test('a second SIGTERM ends at once', async () => {
  const pod = await start();
  const client = await heldUp(pod);
  pod.child.kill('SIGTERM');
  await until(() => client.frames.some((seen) => seen.type === frameType.goaway), 'GOAWAY');
  expect(pod.child.exitCode).toBeNull();
  pod.child.kill('SIGTERM');
  expect((await pod.exit).code).toBe(1);
});

test('a crash resets every connection, without GOAWAY or FIN, and is counted by the next start', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'lbscope-pod-'));
  clean.push(() => rm(stateDir, { recursive: true, force: true }));
  const pod = await start({ STATE_DIR: stateDir });
  expect(pod.incarnation).toBe(0);
  const client = await frameClient(pod.port);
  clean.push(() => client.socket.destroy());
  await until(() => client.frames.some((seen) => seen.type === frameType.settings), 'SETTINGS');
  await expect(control(pod).crash({})).rejects.toBeInstanceOf(ConnectError);
  await until(() => client.ended() !== undefined, 'end of the connection');
  expect(client.ended()).toBe('ECONNRESET');
  expect(client.frames.some((seen) => seen.type === frameType.goaway)).toBe(false);
  expect((await pod.exit).code).toBe(137);

  expect((await start({ STATE_DIR: stateDir })).incarnation).toBe(1);
  expect((await start({ STATE_DIR: stateDir })).incarnation).toBe(2);
  // Another pod on the same folder begins anew.
  const other = await start({ STATE_DIR: stateDir, POD_UID: 'uid-2' });
  expect(other.incarnation).toBe(0);
  expect((await greeter(other).sayHello({})).pod?.uid).toBe('uid-2');
});

test('faults of the environment are listed at once', async () => {
  await expect(spawnPod({ POD_NAME: '', PORT: '70000', GREETER_DRAIN_LIMIT_MS: 'x' })).rejects.toThrow(
    /POD_NAME is missing.*PORT is .*70000.*GREETER_DRAIN_LIMIT_MS/s,
  );
});

test('a supervised pod ends when its stdin closes', async () => {
  const pod = await start({ LBSCOPE_SUPERVISED: '1' });
  pod.child.stdin?.end();
  expect(await pod.exit).toEqual({ code: 0, signal: null });
  const alone = await start();
  alone.child.stdin?.end();
  await greeter(alone).sayHello({});
  alone.child.kill('SIGTERM');
  await once(alone.child, 'exit');
});
