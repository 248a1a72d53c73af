import { setTimeout as sleep } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { expect, onTestFinished, test } from 'vitest';
import { FrameSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { ManualLookup } from '../balancing/testing/manual-lookup.ts';
import { ManualWatch } from '../balancing/testing/manual-watch.ts';
import { anchorOf, createClock, nodeTimers } from '../events/clock.ts';
import type { EventInit } from '../events/port.ts';
import { spawnPod } from '../pod/testing.ts';
import { startTestDns } from '../process/testing/test-dns.ts';
import type { TrafficSettings } from '../traffic/driver.ts';
import { childProcess } from './child-process.ts';
import { OtherClients } from './other-clients.ts';
import type { Thread } from './upper.ts';

const settings: TrafficSettings = {
  ratePerSecond: 100,
  concurrency: 0,
  connections: 1,
  kind: 'unary',
  messagesPerStream: 3,
  payloadBytes: 0,
  deadlineMs: 5_000,
  thinkTimeMs: 0,
  messageIntervalMs: 0,
};
const net = `127.${100 + (process.pid % 100)}.${1 + Math.floor(Math.random() * 250)}`;

async function until(check: () => boolean): Promise<void> {
  while (!check()) await sleep(10);
}

async function world(policy: 'round_robin' | 'pick_first') {
  const hosts = [`${net}.1`, `${net}.2`];
  const first = await spawnPod({ POD_UID: 'uid-1', LISTEN_ADDRESS: hosts[0] as string });
  const second = await spawnPod({
    POD_UID: 'uid-2',
    LISTEN_ADDRESS: hosts[1] as string,
    PORT: String(first.port),
  });
  const dns = await startTestDns({ addresses: hosts });
  const clock = createClock();
  const events: EventInit[] = [];
  const threads: Thread[] = [];
  const start = childProcess(new URL('./grpc-js-process.ts', import.meta.url), {
    anchor: anchorOf(clock),
    dns: { host: '127.0.0.1', port: dns.port },
  });
  const others = new OtherClients({
    start: (listener) => {
      const thread = start(listener);
      threads.push(thread);
      return thread;
    },
    lookup: new ManualLookup({ ...nodeTimers, now: clock.now }),
    clock,
    timers: nodeTimers,
    random: Math.random,
    events: { emit: (event) => void events.push(event) },
  });
  const down: (string | undefined)[] = [];
  const driver = others.open(
    {
      laneId: 'real',
      channel: { target: `greeter-headless.lbscope.svc.cluster.local:${first.port}`, resolver: 'dns', policy },
      client: 'grpc-js',
      keepAlive: true,
    },
    { sliceWatch: new ManualWatch(), onDown: (reason) => void down.push(reason) },
  );
  const pods = new Map<string, number>();
  const sums = { issued: 0, answered: 0, failed: 0 };
  const collect = (): void => {
    const frame = others.join(create(FrameSchema));
    for (const lane of frame.lanes) {
      sums.issued += lane.issued;
      sums.answered += lane.answered;
      for (const { count } of lane.failed) sums.failed += count;
      for (const pod of lane.pods) pods.set(pod.podUid, (pods.get(pod.podUid) ?? 0) + pod.answered);
    }
  };
  const timer = setInterval(collect, 20);
  onTestFinished(async () => {
    clearInterval(timer);
    await others.stop();
    first.child.kill();
    second.child.kill();
    await dns.close();
  });
  const of = (kind: string) => events.filter((event) => event.kind?.case === kind);
  return { driver, others, events, of, threads, down, pods, sums, first, second };
}

test.skipIf(process.platform !== 'linux')(
  'grpc-js itself: even over its DNS answer; its lookups, questions and connections are seen',
  { timeout: 60_000 },
  async () => {
    const { driver, of, pods, sums, second } = await world('round_robin');
    driver.apply(settings, true);
    await until(() => of('connected').length === 2);
    // What it queued while one pod was all it had is over by now.
    const from = sums.answered;
    await until(() => sums.answered >= from + 50);
    pods.clear();
    await until(() => (pods.get('uid-1') ?? 0) + (pods.get('uid-2') ?? 0) >= 100);
    const [one = 0, two = 0] = [pods.get('uid-1'), pods.get('uid-2')];
    // Counted as they are answered: one of the two may be held up for a moment.
    expect(Math.abs(one - two)).toBeLessThanOrEqual(20);
    expect(sums.failed).toBe(0);
    expect(of('resolved')[0]?.kind?.value).toMatchObject({ source: 'dns', trigger: 'first use', changed: true });
    const types = new Set(of('dnsQuery').map((event) => (event.kind?.value as { type?: string } | undefined)?.type));
    expect(types).toEqual(new Set(['A', 'AAAA', 'TXT']));
    expect(of('pickerUpdated').at(-1)?.kind?.value).toMatchObject({ state: 'READY', policy: 'round_robin' });

    // A stream of each kind passes as well.
    for (const kind of ['server_stream', 'client_stream', 'bidi']) {
      const before = sums.answered;
      driver.apply({ ...settings, kind }, true);
      await until(() => sums.answered > before + 20);
    }
    expect(sums.failed).toBe(0);

    // One pod dies: its connection is seen to go, and the other takes over.
    second.child.kill('SIGKILL');
    await until(() => of('disconnected').length === 1);
    const before = pods.get('uid-1') ?? 0;
    await until(() => (pods.get('uid-1') ?? 0) > before + 50);
    await driver.stop();
  },
);

test.skipIf(process.platform !== 'linux')(
  'with pick_first it stays on one pod; a process that dies is started again, and the lane says so meanwhile',
  { timeout: 60_000 },
  async () => {
    const { driver, threads, down, pods, sums } = await world('pick_first');
    driver.apply(settings, true);
    await until(() => sums.answered >= 100);
    expect(pods.size).toBe(1);
    // What no upper side sends: the fault is real.
    threads[0]?.post({ t: 'open' } as never);
    await until(() => down.length === 2);
    expect(down[0]).toContain('started again');
    expect(down[1]).toBeUndefined();
    const before = sums.answered;
    await until(() => sums.answered > before + 50);
    expect(threads).toHaveLength(2);
  },
);
