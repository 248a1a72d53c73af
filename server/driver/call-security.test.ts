import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createChannel } from '../balancing/channel.ts';
import type { Channel } from '../balancing/channel-port.ts';
import { createClock, nodeTimers } from '../events/clock.ts';
import { parseCallTokens, requireTokens } from '../pod/call-tokens.ts';
import { type Pod, startPod } from '../pod/pod.ts';
import { encodeCall } from '../traffic/requests.ts';
import { createConnectNodeTransport } from '../transport/connect-node/index.ts';
import { createHttp2Transport } from '../transport/http2/index.ts';
import { selfSigned } from '../transport/testing/certificate.ts';
import { callToken } from './call-token.ts';

const name = 'greeter.lbscope.svc.cluster.local';
const good = 'good-token-good-token';
const helloOnly = 'hello-token-hello-token';
const dir = mkdtempSync(join(tmpdir(), 'call-'));
const tokenFile = join(dir, 'token');
let certificate = selfSigned(name);
let tokens = `${good} *\n${helloOnly} SayHello\n`;
let pod: Pod;
let channel: Channel | undefined;
let now = 0;

async function start(): Promise<void> {
  pod = await startPod({
    identity: { uid: 'u', name: 'p', ip: '127.0.0.1', node: 'n', version: 'v', incarnation: 0, startedAtMs: 0 },
    listenAddress: '127.0.0.1',
    port: 0,
    controlPort: 0,
    healthPort: 0,
    tls: () => certificate,
    authorize: requireTokens(() => parseCallTokens(tokens)),
    drainLimitMs: 5_000,
    random: Math.random,
    exit: () => {},
  });
}
beforeEach(async () => {
  certificate = selfSigned(name);
  tokens = `${good} *\n${helloOnly} SayHello\n`;
  now = 0;
  await start();
});
afterEach(async () => {
  await channel?.close(0);
  channel = undefined;
  pod.stop();
  rmSync(tokenFile, { force: true });
});

function open(options: { ca?: string; transport?: 'lbscope' | 'connect-node' } = {}): Channel {
  const headers = callToken(tokenFile);
  channel = createChannel({
    laneId: 'lane',
    channelIndex: 0,
    target: `127.0.0.1:${pod.port}`,
    resolver: 'static',
    policy: 'pick_first',
    tls: { serverName: name, ca: options.ca ?? certificate.cert },
    callHeaders: () => headers(now),
    transport: options.transport === 'connect-node' ? createConnectNodeTransport() : createHttp2Transport(),
    events: { emit() {} },
    clock: createClock(),
    timers: nodeTimers,
    random: Math.random,
    lookup: { server: '', lookup: () => Promise.reject(new Error('not asked')) } as never,
    sliceWatch: undefined,
  });
  return channel;
}

const shape = { payloadBytes: 0, messages: 2, intervalMs: 0 };
const kinds = ['unary', 'server_stream', 'client_stream', 'bidi'] as const;

async function outcome(on: Channel, kind: (typeof kinds)[number]): Promise<string> {
  const call = encodeCall(kind, shape, nodeTimers);
  const result =
    call.kind === 'unary'
      ? await on.unary({ path: call.path, message: call.message, timeoutMs: 5_000 })
      : await on.stream({ path: call.path, requests: call.requests, onMessage() {}, timeoutMs: 5_000 });
  return result.ok ? 'ok' : result.errorClass;
}

/** The path that nearly all calls of a lane take. */
function fast(on: Channel): Promise<string> {
  const call = encodeCall('unary', shape, nodeTimers);
  if (call.kind !== 'unary') throw new Error('not unary');
  return new Promise((done) => {
    prepared ??= on.prepare?.(
      { path: call.path, message: call.message, timeoutMs: 5_000 },
      {
        onMessage() {},
        onAnswered: () => settle('ok'),
        onResult: (_, result) => settle(result.ok ? 'ok' : result.errorClass),
        sentAt: () => performance.now(),
      },
    );
    settle = done;
    prepared?.send(0, createClock().now());
  });
}
let prepared: ReturnType<NonNullable<Channel['prepare']>>;
let settle: (outcome: string) => void = () => {};
beforeEach(() => {
  prepared = undefined;
});

describe.each(['lbscope', 'connect-node'] as const)('%s over TLS', (transport) => {
  test.each(kinds)('%s: with the token answered, without one or with a wrong one unauthenticated', async (kind) => {
    writeFileSync(tokenFile, `${good}\n`);
    expect(await outcome(open({ transport }), kind)).toBe('ok');
    await channel?.close(0);
    rmSync(tokenFile);
    expect(await outcome(open({ transport }), kind)).toBe('unauthenticated');
    await channel?.close(0);
    writeFileSync(tokenFile, 'wrong-token-wrong-token');
    expect(await outcome(open({ transport }), kind)).toBe('unauthenticated');
    await channel?.close(0);
    writeFileSync(tokenFile, helloOnly);
    expect(await outcome(open({ transport }), kind)).toBe(kind === 'unary' ? 'ok' : 'permission_denied');
  });
});

test('the fast path shows the token, and a rotated one on the same connection', async () => {
  writeFileSync(tokenFile, good);
  const on = open();
  expect(await outcome(on, 'unary')).toBe('ok');
  expect(await fast(on)).toBe('ok');
  tokens = `${'new-token-new-token-new'} *\n`;
  expect(await fast(on)).toBe('unauthenticated');
  writeFileSync(tokenFile, 'new-token-new-token-new');
  now += 5_000;
  expect(await fast(on)).toBe('ok');
  rmSync(tokenFile);
  now += 5_000;
  expect(await fast(on)).toBe('ok');
});

test('a certificate that nobody vouches for is not called; a rotated one is, by who trusts it', async () => {
  writeFileSync(tokenFile, good);
  const stranger = selfSigned(name);
  expect(await outcome(open({ ca: stranger.cert }), 'unary')).toBe('unavailable');
  await channel?.close(0);
  certificate = stranger;
  expect(await outcome(open(), 'unary')).toBe('ok');
});

test('a drain over TLS lets calls finish; probes go on without TLS and token', async () => {
  writeFileSync(tokenFile, good);
  const on = open();
  expect(await outcome(on, 'unary')).toBe('ok');
  const call = encodeCall('bidi', { ...shape, messages: 4, intervalMs: 50 }, nodeTimers);
  if (call.kind !== 'stream') throw new Error('not a stream');
  let began: () => void = () => {};
  const first = new Promise<void>((done) => {
    began = done;
  });
  let answers = 0;
  const running = on.stream({
    path: call.path,
    requests: call.requests,
    timeoutMs: 10_000,
    onMessage() {
      answers++;
      began();
    },
  });
  await first;
  const drained = pod.drain();
  expect(await running).toMatchObject({ ok: true });
  expect(answers).toBe(4);
  expect(await drained).toEqual({ finished: true });
});
