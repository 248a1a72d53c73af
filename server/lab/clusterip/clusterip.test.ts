import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDialMap } from '../addresses.ts';
import { createStore } from '../apiserver/store.ts';
import { systemClock } from '../clock.ts';
import type { Json, Store } from '../store-port.ts';
import { KubeProxy } from './kube-proxy.ts';
import { usableBackends } from './rules.ts';

const vip = '127.76.255.1';
let port: number;
let store: Store;
let proxy: KubeProxy;
const open: { close(): void }[] = [];

/** A pod that says its name and then echoes. */
async function pod(ip: string, listenPort: number): Promise<{ server: Server; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.write(ip);
    socket.on('data', (chunk) => socket.write(chunk));
    socket.on('end', () => socket.end('bye'));
  });
  await new Promise<void>((resolve) => server.listen(listenPort, ip, resolve));
  open.push({
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  });
  return { server, sockets };
}

function dial(): Promise<{ socket: Socket; said: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: vip, port, allowHalfOpen: true });
    open.push({ close: () => socket.destroy() });
    socket.once('error', reject);
    socket.once('data', (chunk) => {
      socket.removeListener('error', reject);
      socket.on('error', () => {});
      resolve({ socket, said: String(chunk) });
    });
  });
}

function endpoints(list: Json[]): void {
  const slice = { addressType: 'IPv4', endpoints: list, ports: [{ name: 'grpc', port, protocol: 'TCP' }] };
  if (store.get('EndpointSlice', 'lbscope', 'greeter-1')) {
    store.modify('EndpointSlice', 'lbscope', 'greeter-1', (copy) => ({ ...copy, ...slice }));
    return;
  }
  store.create({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'greeter-1', namespace: 'lbscope', labels: { 'kubernetes.io/service-name': 'greeter' } },
    ...slice,
  });
}

const ready = (ip: string) => ({ addresses: [ip], conditions: { ready: true, serving: true, terminating: false } });

async function listening(wanted: boolean): Promise<void> {
  await expect.poll(() => proxy.state().ports[0]?.listening, { timeout: 3_000, interval: 5 }).toBe(wanted);
}

const backends = (count: number) =>
  expect.poll(() => proxy.state().ports[0]?.backends.length, { timeout: 3_000, interval: 5 }).toBe(count);

function start(random: () => number = Math.random, proxySyncMs = 0, spec: Json = {}): void {
  store.create({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'greeter', namespace: 'lbscope' },
    spec: { clusterIP: vip, ports: [{ name: 'grpc', port, targetPort: 'grpc', protocol: 'TCP' }], ...spec },
  });
  proxy = new KubeProxy({
    store,
    clock: systemClock,
    delays: { proxySyncMs },
    random,
    dialMap: createDialMap('own'),
    addresses: 'own',
    onFault: (message) => expect.unreachable(message),
  });
  proxy.start();
}

beforeEach(async () => {
  store = createStore({ clock: systemClock, random: Math.random });
  port = await new Promise((resolve) => {
    const probe = createServer().listen(0, vip, () => {
      const found = (probe.address() as { port: number }).port;
      probe.close(() => resolve(found));
    });
  });
});
afterEach(() => {
  proxy.stop();
  for (const one of open.splice(0)) one.close();
});

describe('connections', () => {
  test('a backend is drawn at random for each connection', async () => {
    for (const host of [1, 2, 3]) await pod(`127.76.1.${host}`, port);
    endpoints([1, 2, 3].map((host) => ready(`127.76.1.${host}`)));
    let seed = 42;
    start(() => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    });
    await listening(true);
    const counts = new Map<string, number>();
    for (let count = 0; count < 300; count++) {
      const { socket, said } = await dial();
      socket.destroy();
      counts.set(said, (counts.get(said) ?? 0) + 1);
    }
    expect(counts.size).toBe(3);
    // Chi-square with 2 degrees of freedom: above 18.4 once in 10,000; the seed makes it the same each time.
    const chi = [...counts.values()].reduce((sum, seen) => sum + (seen - 100) ** 2 / 100, 0);
    expect(chi).toBeLessThan(18.4);
    // Random, not round robin: exact thirds would be a different machine.
    expect(chi).toBeGreaterThan(0);
  });

  test('removing an endpoint cuts nothing; new connections go elsewhere', async () => {
    await pod('127.76.1.1', port);
    await pod('127.76.1.2', port);
    endpoints([ready('127.76.1.1')]);
    start();
    await listening(true);
    const { socket } = await dial();
    endpoints([ready('127.76.1.2')]);
    await expect.poll(async () => (await dial()).said).toBe('127.76.1.2');
    const echo = new Promise((resolve) => socket.once('data', (chunk) => resolve(String(chunk))));
    socket.write('still here');
    expect(await echo).toBe('still here');
  });

  test('without a usable endpoint connections are refused, and taken again when there is one', async () => {
    await pod('127.76.1.1', port);
    endpoints([]);
    start();
    await expect(dial()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    endpoints([ready('127.76.1.1')]);
    await listening(true);
    const { socket } = await dial();
    endpoints([]);
    await listening(false);
    await expect(dial()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const echo = new Promise((resolve) => socket.once('data', (chunk) => resolve(String(chunk))));
    socket.write('old flow');
    expect(await echo).toBe('old flow');
  });

  test('a pod that is gone but still listed resets the connection at once', async () => {
    endpoints([ready('127.76.1.9')]);
    start();
    await listening(true);
    await expect(dial()).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('a reset is passed on as a reset, a half-close as a half-close', async () => {
    const { sockets } = await pod('127.76.1.1', port);
    endpoints([ready('127.76.1.1')]);
    start();
    await listening(true);
    const first = await dial();
    const error = new Promise((resolve) =>
      first.socket.once('error', (fault: NodeJS.ErrnoException) => resolve(fault.code)),
    );
    for (const socket of sockets) socket.resetAndDestroy();
    expect(await error).toBe('ECONNRESET');

    const second = await dial();
    const rest = new Promise((resolve) => {
      let text = '';
      second.socket.on('data', (chunk) => {
        text += String(chunk);
      });
      second.socket.on('end', () => resolve(text));
    });
    second.socket.end('last words ');
    expect(await rest).toBe('last words bye');
    await expect.poll(() => proxy.state().ports[0]?.flows).toBe(0);
  });

  test('session affinity keeps a client on its pod while that is usable', async () => {
    for (const host of [1, 2, 3]) await pod(`127.76.1.${host}`, port);
    endpoints([1, 2, 3].map((host) => ready(`127.76.1.${host}`)));
    start(Math.random, 0, { sessionAffinity: 'ClientIP' });
    await listening(true);
    const { said } = await dial();
    for (let count = 0; count < 20; count++) expect((await dial()).said).toBe(said);
    endpoints(
      [1, 2, 3]
        .map((host) => `127.76.1.${host}`)
        .filter((ip) => ip !== said)
        .map(ready),
    );
    await backends(2);
    expect((await dial()).said).not.toBe(said);
  });
});

describe('syncs', () => {
  test('the first change is applied at once, the next not before the gap is over', async () => {
    let now = 0;
    const timers: { at: number; action: () => void }[] = [];
    const clock = {
      now: () => now,
      monotonic: () => now,
      after: (delayMs: number, action: () => void) => {
        timers.push({ at: now + delayMs, action });
        return () => {};
      },
    };
    endpoints([]);
    proxy = new KubeProxy({
      store,
      clock,
      delays: { proxySyncMs: 1_000 },
      random: Math.random,
      dialMap: createDialMap('own'),
      addresses: 'own',
      onFault: () => {},
    });
    proxy.start();
    await Promise.resolve();
    expect(proxy.state().syncs).toBe(1);
    now = 300;
    endpoints([ready('127.76.1.1')]);
    endpoints([ready('127.76.1.2')]);
    await Promise.resolve();
    expect(proxy.state().syncs).toBe(1);
    expect(timers.map(({ at }) => at)).toEqual([1_000]);
    now = 1_000;
    timers[0]!.action();
    expect(proxy.state().syncs).toBe(2);
    now = 5_000;
    endpoints([ready('127.76.1.3')]);
    await Promise.resolve();
    expect(proxy.state().syncs).toBe(3);
  });
});

describe('usable endpoints', () => {
  const slice = (list: Json[]): Json => ({ addressType: 'IPv4', endpoints: list, ports: [{ name: 'grpc', port: 1 }] });
  const one = (ip: string, conditions: Json) => ({ addresses: [ip], conditions });

  test('serving while terminating only when none is ready (KEP-1669)', () => {
    const leaving = one('b', { ready: false, serving: true, terminating: true });
    const failing = one('c', { ready: false, serving: false, terminating: true });
    const unready = one('d', { ready: false, serving: false, terminating: false });
    expect(usableBackends([slice([one('a', {}), leaving, failing])], 'grpc').map(({ ip }) => ip)).toEqual(['a']);
    expect(usableBackends([slice([leaving, failing, unready])], 'grpc').map(({ ip }) => ip)).toEqual(['b']);
    expect(usableBackends([slice([failing, unready])], 'grpc')).toEqual([]);
  });

  test('slices join, duplicates count once, other ports not at all, null endpoints are none', () => {
    const slices = [slice([one('a', {})]), slice([one('a', {}), one('b', {})]), { ...slice([]), endpoints: null }];
    expect(usableBackends(slices, 'grpc').map(({ ip }) => ip)).toEqual(['a', 'b']);
    expect(usableBackends(slices, 'status')).toEqual([]);
  });
});
