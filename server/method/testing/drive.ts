import { setTimeout as sleep } from 'node:timers/promises';
import type { Frame, Method } from '../../../gen/lbscope/events/v1/events_pb.js';
import { createNodeLookup } from '../../balancing/resolver/node-lookup.ts';
import { ManualWatch } from '../../balancing/testing/manual-watch.ts';
import { channelMaker } from '../../driver/channels.ts';
import { sameThread } from '../../driver/same-thread.ts';
import { Drivers } from '../../driver/upper.ts';
import { createClock, nodeTimers } from '../../events/clock.ts';
import type { TrafficSettings } from '../../traffic/driver.ts';
import { findMethod } from '../find-method.ts';
import { whenFound } from '../when-found.ts';

const settings: TrafficSettings = {
  ratePerSecond: 100,
  concurrency: 0,
  connections: 1,
  kind: 'unary',
  messagesPerStream: 1,
  payloadBytes: 0,
  deadlineMs: 5_000,
  thinkTimeMs: 0,
  messageIntervalMs: 0,
};

/**
 * For tests: a lane over a name with these two addresses, until so many answers came. The truth knows the first as the pod
 * a-by-name of UID uid-a, the second not at all.
 */
export async function drive(method: Method, hosts: readonly [string, string], port: number, answers: number) {
  const clock = createClock();
  const seen = { counts: new Map<string, number>(), answered: 0, failed: 0, down: [] as (string | undefined)[] };
  const drivers = new Drivers({
    start: sameThread({
      clock,
      timers: nodeTimers,
      makeChannel: channelMaker({ transport: 'lbscope', clock, timers: nodeTimers, random: Math.random }),
    }),
    onFrame: (frame: Frame) => {
      for (const lane of frame.lanes) {
        seen.answered += lane.answered;
        for (const { count } of lane.failed) seen.failed += count;
        for (const pod of lane.pods) {
          if (pod.answered > 0) seen.counts.set(pod.podUid, (seen.counts.get(pod.podUid) ?? 0) + pod.answered);
        }
      }
    },
    lookup: { lookup: async () => ({ ok: true, addresses: [...hosts] }) },
    clock,
    timers: nodeTimers,
    random: Math.random,
    events: { emit: () => {} },
  });
  drivers.attribute({
    addresses: [[hosts[0], [['uid-a', 0]]]],
    notReadySince: [],
    pods: [['uid-a', 'a-by-name', 0]],
  });
  const parts = { lookup: createNodeLookup(), sliceWatch: new ManualWatch(), timers: nodeTimers, tls: undefined };
  const driver = whenFound({
    path: method.path,
    find: () => findMethod({ target: `${hosts[0]}:${port}`, resolver: 'static' }, method, parts),
    open: (call) =>
      drivers.open(
        {
          laneId: 'own',
          channel: { target: `own.test:${port}`, resolver: 'dns', policy: 'round_robin' },
          client: '',
          keepAlive: true,
          method: call,
        },
        { sliceWatch: new ManualWatch(), onDown: () => {} },
      ),
    onDown: (reason) => void seen.down.push(reason),
    timers: nodeTimers,
  });
  driver.apply(settings, true);
  while (seen.answered < answers) {
    const why = seen.down[1];
    if (why !== undefined) throw new Error(why);
    await sleep(10);
  }
  await driver.stop();
  await drivers.stop();
  return seen;
}
