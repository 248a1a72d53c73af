import { createServer, type Server } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import type { EventInit } from '../events/port.ts';
import { EnvoyMembership } from './envoy.ts';
import {
  createEnvoyStatus,
  type EnvoyStatus,
  type Lookups,
  parseClusters,
  parseStats,
  type Reading,
} from './envoy-status.ts';

const host = (address: string, health = {}) => ({
  address: { socket_address: { address, port_value: 50_051 } },
  health_status: { eds_health_status: 'HEALTHY', ...health },
});
const clusters = (...hosts: unknown[]) =>
  JSON.stringify({
    cluster_statuses: [
      { name: 'admin', host_statuses: [host('127.0.0.1')] },
      { name: 'greeter', host_statuses: hosts },
    ],
  });

test('hosts are those of the cluster that carries calls, sorted as numbers, without those kept out', () => {
  expect(
    parseClusters(clusters(host('127.0.0.10'), host('127.0.0.9'), host('127.0.0.8', { failed_outlier_check: true }))),
  ).toEqual({
    name: 'greeter',
    hosts: ['127.0.0.9:50051', '127.0.0.10:50051'],
  });
  expect(parseClusters(clusters())).toEqual({ name: 'greeter', hosts: [] });
  expect(parseClusters('<html>')).toBeUndefined();
  expect(parseClusters('{"cluster_statuses":7}')).toBeUndefined();
});

test('counters are read by their names', () => {
  const text = JSON.stringify({
    stats: [
      { name: 'cluster.greeter.update_success', value: 7 },
      { name: 'cluster.greeter.update_empty', value: 2 },
      { name: 'cluster.greeter.update_no_rebuild', value: 5 },
    ],
  });
  expect(parseStats(text)).toEqual({ attempt: 0, success: 7, failure: 0, empty: 2 });
});

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

test('a status listener over HTTP: hosts and counters; not an Envoy, and nobody there, are told apart', async () => {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://x');
    if (pathname === '/clusters') response.end(clusters(host('127.0.0.9')));
    else if (pathname === '/stats')
      response.end(JSON.stringify({ stats: [{ name: 'cluster.greeter.update_success', value: 3 }] }));
    else response.writeHead(404).end();
  });
  servers.push(server);
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  );
  const status = createEnvoyStatus();
  expect(await status.read('127.0.0.1', port)).toEqual({
    kind: 'read',
    hosts: ['127.0.0.9:50051'],
    lookups: { attempt: 0, success: 3, failure: 0, empty: 0 },
  });
  server.removeAllListeners('request');
  server.on('request', (_, response) => response.end('hello'));
  expect(await status.read('127.0.0.1', port)).toEqual({
    kind: 'unreachable',
    reason: 'what answers there is not an Envoy',
  });
  status.close();
  await new Promise((resolve) => {
    server.closeAllConnections();
    server.close(resolve);
  });
  const again = createEnvoyStatus();
  expect(await again.read('127.0.0.1', port)).toEqual({ kind: 'unreachable', reason: 'connection refused' });
  again.close();
});

/** An Envoy whose readings are set by hand, and time that is moved by hand. */
function follow() {
  let now = 1_000_000;
  let due: { at: number; run: () => void }[] = [];
  let reading: Reading = { kind: 'unreachable', reason: 'connection refused' };
  const reads: number[] = [];
  const events: EventInit[] = [];
  const states: string[] = [];
  const status: EnvoyStatus = {
    read: async () => {
      reads.push(now);
      return reading;
    },
    close() {},
  };
  const membership = new EnvoyMembership({
    laneId: 'envoy',
    status,
    address: async () => ({ host: '127.0.0.1', port: 1 }),
    events: { emit: (event) => events.push(event) },
    clock: { now: () => now },
    timers: {
      setTimeout(run, ms) {
        const entry = { at: now + ms, run };
        due.push(entry);
        return {
          cancel() {
            due = due.filter((each) => each !== entry);
          },
        };
      },
    },
    onState: (state) => states.push(state),
  });
  const settle = async () => {
    for (let i = 0; i < 10; i += 1) await Promise.resolve();
  };
  return {
    membership,
    events,
    states,
    reads,
    settle,
    pending: () => due.length,
    set: (hosts: string[], lookups: Partial<Lookups>) => {
      reading = { kind: 'read', hosts, lookups: { attempt: 0, success: 0, failure: 0, empty: 0, ...lookups } };
    },
    gone: () => {
      reading = { kind: 'unreachable', reason: 'connection refused' };
    },
    async move(ms: number) {
      const end = now + ms;
      for (;;) {
        const next = due.filter((each) => each.at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        due = due.filter((each) => each !== next);
        now = Math.max(now, next.at);
        next.run();
        await settle();
      }
      now = end;
    },
  };
}

const resolved = (events: EventInit[]) =>
  events.flatMap((event) => (event.kind?.case === 'resolved' ? [event.kind.value] : []));

test("each of Envoy's own lookups is one resolution, each poll is not", async () => {
  const envoy = follow();
  envoy.set(['a:1', 'b:1'], { attempt: 1, success: 1 });
  envoy.membership.start();
  await envoy.settle();
  await envoy.move(4_000);
  expect(resolved(envoy.events)).toMatchObject([{ addresses: ['a:1', 'b:1'], source: 'envoy', changed: true }]);
  envoy.set(['a:1', 'b:1'], { attempt: 2, success: 2 });
  await envoy.move(2_000);
  envoy.set(['a:1', 'b:1', 'c:1'], { attempt: 3, success: 3 });
  await envoy.move(6_000);
  expect(resolved(envoy.events).map((each) => [each.addresses?.length, each.changed])).toEqual([
    [2, true],
    [2, false],
    [3, true],
  ]);
  const ids = envoy.events.filter((event) => event.kind?.case === 'resolved').map((event) => event.resolutionId);
  expect(new Set(ids).size).toBe(3);
  envoy.membership.stop();
  expect(envoy.pending()).toBe(0);
});

test('it looks closely when the next lookup is due, and while something changes', async () => {
  const envoy = follow();
  envoy.set(['a:1'], { attempt: 1, success: 1 });
  envoy.membership.start();
  await envoy.settle();
  envoy.set(['a:1'], { attempt: 2, success: 2 });
  await envoy.move(1_000);
  const seen = envoy.reads.at(-1) ?? 0;
  await envoy.move(6_000);
  const near = envoy.reads.filter((at) => at >= seen + 4_800 && at <= seen + 5_600);
  expect(near.length).toBeGreaterThanOrEqual(6);
  expect(envoy.reads.filter((at) => at > seen && at < seen + 4_500).length).toBeLessThanOrEqual(5);
  const before = envoy.reads.length;
  envoy.membership.hurry(2_000);
  await envoy.move(2_000);
  expect(envoy.reads.length - before).toBeGreaterThanOrEqual(19);
  envoy.membership.stop();
});

test('failed and empty lookups are told with what they did; a restarted Envoy counts anew', async () => {
  const envoy = follow();
  envoy.set(['a:1'], { attempt: 5, success: 5 });
  envoy.membership.start();
  await envoy.settle();
  envoy.set(['a:1'], { attempt: 6, success: 5, failure: 1 });
  await envoy.move(1_000);
  const failures = () =>
    envoy.events.flatMap((event) => (event.kind?.case === 'resolutionFailed' ? [event.kind.value] : []));
  expect(failures()).toMatchObject([{ effect: 'kept', source: 'envoy' }]);
  envoy.set([], { attempt: 7, success: 6, failure: 1, empty: 1 });
  await envoy.move(1_000);
  expect(resolved(envoy.events).at(-1)).toMatchObject({ addresses: [], changed: true });
  envoy.gone();
  await envoy.move(1_500);
  expect(envoy.states.at(-1)).toBe('unreachable');
  const told = resolved(envoy.events).length;
  envoy.set(['a:1'], { attempt: 1, success: 1 });
  await envoy.move(1_500);
  expect(envoy.states.at(-1)).toBe('ok');
  expect(resolved(envoy.events).length).toBe(told + 1);
  expect(failures()).toHaveLength(1);
  envoy.membership.stop();
});
