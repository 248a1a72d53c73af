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

test.skipIf(process.platform !== 'linux')(
  'connect-node itself: one session to one pod, a lookup only when it connects; a crash sends it to another',
  { timeout: 60_000 },
  async () => {
    const hosts = [`${net}.1`, `${net}.2`];
    const pods = new Map([['uid-1', await spawnPod({ POD_UID: 'uid-1', LISTEN_ADDRESS: hosts[0] as string })]]);
    const port = pods.get('uid-1')?.port ?? 0;
    const other = { POD_UID: 'uid-2', LISTEN_ADDRESS: hosts[1] as string, PORT: String(port) };
    pods.set('uid-2', await spawnPod(other));
    const dns = await startTestDns({ addresses: hosts });
    const clock = createClock();
    const events: EventInit[] = [];
    const clients = new OtherClients({
      start: childProcess(new URL('./connect-node-process.ts', import.meta.url), {
        anchor: anchorOf(clock),
        dns: { host: '127.0.0.1', port: dns.port },
      }),
      lookup: new ManualLookup({ ...nodeTimers, now: clock.now }),
      clock,
      timers: nodeTimers,
      random: Math.random,
      events: { emit: (event) => void events.push(event) },
    });
    const driver = clients.open(
      {
        laneId: 'plain',
        channel: {
          target: `greeter-headless.lbscope.svc.cluster.local:${port}`,
          resolver: 'static',
          policy: 'pick_first',
        },
        client: 'connect-node',
        keepAlive: true,
      },
      { sliceWatch: new ManualWatch(), onDown: () => {} },
    );
    const answered = new Map<string, number>();
    const sums = { answered: 0, failed: 0 };
    const timer = setInterval(() => {
      for (const lane of clients.join(create(FrameSchema)).lanes) {
        sums.answered += lane.answered;
        for (const { count } of lane.failed) sums.failed += count;
        for (const pod of lane.pods) answered.set(pod.podUid, (answered.get(pod.podUid) ?? 0) + pod.answered);
      }
    }, 20);
    onTestFinished(async () => {
      clearInterval(timer);
      await clients.stop();
      for (const { child } of pods.values()) child.kill();
      await dns.close();
    });
    const of = (kind: string) => events.filter((event) => event.kind?.case === kind);

    driver.apply(settings, true);
    await until(() => sums.answered >= 100);
    expect(answered.size).toBe(1);
    expect(sums.failed).toBe(0);
    expect(of('resolved')).toHaveLength(1);
    const [connected] = of('connected');
    expect(of('connected')).toHaveLength(1);
    expect(hosts.map((host) => `${host}:${port}`)).toContain(connected?.address);
    expect(of('pickerUpdated').at(-1)?.kind?.value).toMatchObject({
      state: 'READY',
      addresses: [connected?.address],
    });

    for (const kind of ['server_stream', 'client_stream', 'bidi']) {
      const before = sums.answered;
      driver.apply({ ...settings, kind }, true);
      await until(() => sums.answered > before + 20);
    }
    expect(sums.failed).toBe(0);
    expect(of('connected')).toHaveLength(1);

    driver.apply(settings, true);
    const [first = ''] = answered.keys();
    pods.get(first)?.child.kill('SIGKILL');
    await until(() => of('disconnected').length === 1);
    await until(() => of('connected').length === 2);
    const [, again] = of('connected');
    expect(again?.address).not.toBe(connected?.address);
    expect(of('resolved')).toHaveLength(2);
    await until(() => answered.size === 2);
    await driver.stop();
  },
);
