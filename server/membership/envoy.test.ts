import { expect, test } from 'vitest';
import type { EventInit } from '../events/port.ts';
import { EnvoyMembership } from './envoy.ts';
import { type Lookups, parseClusters, parseStats, type Reading } from './envoy-status.ts';

/** Runs the reader on a clock of its own; `reading` is what Envoy would answer now. */
function setUp(first: Reading) {
  let now = 1_000_000;
  let pending: { at: number; run: () => void; cancelled: boolean }[] = [];
  const events: EventInit[] = [];
  const states: string[] = [];
  const world = {
    reading: first,
    reads: [] as number[],
    events,
    states,
    hurry: (ms: number) => membership.hurry(ms),
    stop: () => membership.stop(),
    of: (kind: string) => events.filter((event) => event.kind?.case === kind),
    async advance(ms: number) {
      const end = now + ms;
      for (;;) {
        // The reader's promises settle between two timers.
        await new Promise(setImmediate);
        pending = pending.filter((timer) => !timer.cancelled);
        const next = pending.sort((a, b) => a.at - b.at)[0];
        if (next === undefined || next.at > end) break;
        pending.shift();
        now = next.at;
        next.run();
      }
      now = end;
    },
  };
  const membership = new EnvoyMembership({
    laneId: 'envoy',
    address: async () => ({ host: '127.0.0.1', port: 9902 }),
    status: {
      async read() {
        world.reads.push(now);
        return world.reading;
      },
      close() {},
    },
    events: { emit: (event) => events.push(event) },
    clock: { now: () => now },
    timers: {
      setTimeout(run, ms) {
        const timer = { at: now + ms, run, cancelled: false };
        pending.push(timer);
        return {
          cancel: () => {
            timer.cancelled = true;
          },
        };
      },
    },
    onState: (state, reason) => states.push(`${state} ${reason}`.trim()),
  });
  membership.start();
  return world;
}

const lookups = (success: number, failure = 0): Lookups => ({ attempt: success + failure, success, failure, empty: 0 });
const read = (hosts: string[], counters: Lookups, by: 'dns' | 'push' = 'dns'): Reading => ({
  kind: 'read',
  hosts,
  lookups: counters,
  by,
});

test('each lookup of Envoy is a resolution, changed or not, and the next one is computed from it', async () => {
  const world = setUp(read(['10.0.0.1:1'], lookups(1)));
  await world.advance(0);
  expect(world.of('resolved').map((event) => event.kind?.value)).toMatchObject([
    { addresses: ['10.0.0.1:1'], source: 'envoy', trigger: 'first use', changed: true },
  ]);

  world.reading = read(['10.0.0.1:1'], lookups(2));
  await world.advance(1_000);
  expect(world.of('resolved')).toHaveLength(2);
  expect(world.of('resolved')[1]?.kind?.value).toMatchObject({ changed: false, trigger: 'timer' });
  const seen = world.reads.at(-1) as number;
  const due = world.of('nextTrigger').at(-1)?.kind?.value as {
    kind: string;
    at: { seconds: bigint; nanos: number };
    reason: string;
  };
  expect(due.kind).toBe('timer');
  expect(Number(due.at.seconds) * 1_000 + due.at.nanos / 1e6).toBeCloseTo(seen + 5_000, 0);
  expect(due.reason).toContain('computed');

  // Nothing happens: nothing is told.
  const before = world.events.length;
  await world.advance(3_000);
  expect(world.events).toHaveLength(before);
  world.stop();
});

test('it looks each second, each 100 ms when hurried and around the instant a lookup is due', async () => {
  const world = setUp(read(['10.0.0.1:1'], lookups(1)));
  await world.advance(3_000);
  const gaps = () => world.reads.slice(1).map((at, i) => at - (world.reads[i] as number));
  expect(gaps()).toEqual([1_000, 1_000, 1_000]);
  world.hurry(1_000);
  world.reads.length = 0;
  await world.advance(900);
  expect(new Set(gaps())).toEqual(new Set([100]));
  world.reading = read(['10.0.0.1:1'], lookups(2));
  await world.advance(1_000);
  const lookupAt = world.reads.at(-1) as number;
  world.reads.length = 0;
  await world.advance(6_000);
  const close = world.reads.filter((at) => at > lookupAt + 4_900);
  expect(close.length).toBeGreaterThan(5);
  world.stop();
  world.reads.length = 0;
  await world.advance(60_000);
  expect(world.reads).toEqual([]);
});

test('a failed lookup is told with what became of the hosts; an Envoy that restarted counts anew', async () => {
  const world = setUp(read(['10.0.0.1:1'], lookups(5)));
  await world.advance(0);
  world.reading = read(['10.0.0.1:1'], lookups(5, 1));
  await world.advance(1_000);
  expect(world.of('resolutionFailed').map((event) => event.kind?.value)).toMatchObject([
    { source: 'envoy', effect: 'kept' },
  ]);

  world.reading = read(['10.0.0.1:1'], lookups(1));
  await world.advance(10_000);
  expect(world.of('resolutionFailed')).toHaveLength(1);
  world.stop();
});

test('an Envoy that is gone is a state, not an event of its belief', async () => {
  const world = setUp({ kind: 'unreachable', reason: 'connection refused' });
  await world.advance(2_000);
  expect(world.states.at(-1)).toBe('unreachable connection refused');
  expect(world.events).toEqual([]);
  world.reading = read([], lookups(1));
  await world.advance(1_000);
  expect(world.states.at(-1)).toBe('ok');
  expect(world.of('resolved')[0]?.kind?.value).toMatchObject({ addresses: [] });
  world.stop();
});

test('hosts that Envoy does not use are left out, and what is not Envoy is not read', () => {
  const host = (address: string, health: object) => ({
    address: { socket_address: { address, port_value: 50051 } },
    health_status: { eds_health_status: 'HEALTHY', ...health },
  });
  const statuses = [
    { name: 'admin', host_statuses: [host('127.0.0.1', {})] },
    {
      name: 'greeter',
      host_statuses: [
        host('10.0.0.10', {}),
        host('10.0.0.9', {}),
        host('10.0.0.3', { failed_active_health_check: true }),
        host('10.0.0.4', { failed_outlier_check: true }),
      ],
    },
  ];
  expect(parseClusters(JSON.stringify({ cluster_statuses: statuses }))).toEqual({
    name: 'greeter',
    hosts: ['10.0.0.9:50051', '10.0.0.10:50051'],
    by: 'dns',
  });
  for (const wrong of ['', '{}', '[]', '<html>', '{"cluster_statuses":[]}'])
    expect(parseClusters(wrong)).toBeUndefined();
  expect(parseStats('{"stats":[{"name":"cluster.greeter.update_success","value":3}]}')).toMatchObject({ success: 3 });
  expect(parseStats('nonsense')).toBeUndefined();
});

test('an Envoy that is told by an ADS server: each change is a push, and no lookup is computed', async () => {
  const world = setUp(read(['10.0.0.1:1'], lookups(1), 'push'));
  await world.advance(0);
  world.reading = read(['10.0.0.1:1', '10.0.0.2:1'], lookups(2), 'push');
  await world.advance(1_100);
  expect(world.of('resolved').at(-1)?.kind?.value).toMatchObject({ trigger: 'watch', changed: true });
  expect(world.of('nextTrigger').at(-1)?.kind?.value).toMatchObject({ kind: 'push' });
  const clusters = ['ads', 'admin', 'greeter'].map((name) => ({ name, host_statuses: [] }));
  expect(parseClusters(JSON.stringify({ cluster_statuses: clusters }))).toEqual({
    name: 'greeter',
    hosts: [],
    by: 'push',
  });
});
