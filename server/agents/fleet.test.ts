import { create } from '@bufbuild/protobuf';
import { expect, onTestFinished, test } from 'vitest';
import { type Frame, LaneSpecSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { createClock, nodeTimers } from '../events/clock.ts';
import type { EventInit, EventSink } from '../events/port.ts';
import { frameOf } from '../events/testing.ts';
import type { AttributionTable } from '../traffic/attribution.ts';
import type { TrafficSettings } from '../traffic/driver.ts';
import { dialWorkers } from './dial.ts';
import { Fleet } from './fleet.ts';
import type { Engine, LaneDriver, LaneListener } from './port.ts';
import type { Load } from './share.ts';
import { startWorker, type Worker } from './worker.ts';

/** Makes no calls: remembers what it was asked for. */
class AskedEngine implements Engine {
  readonly lanes = new Map<string, Load>();
  readonly listeners = new Map<string, LaneListener>();
  table: AttributionTable | undefined;
  stopped = false;
  events: EventSink | undefined;
  onFrame: ((frame: Frame) => void) | undefined;

  open({ id }: { id: string }, listener: LaneListener): LaneDriver {
    this.listeners.set(id, listener);
    return {
      apply: (settings, running) => void this.lanes.set(id, { settings, running }),
      stop: async () => void this.lanes.delete(id),
    };
  }
  attribute(table: AttributionTable): void {
    this.table = table;
  }
  cut(): void {}
  async edge(): Promise<number> {
    return 1;
  }
  newRun(begin: () => void): void {
    begin();
  }
  async stop(): Promise<void> {
    this.stopped = true;
  }
  part(id: string) {
    const load = this.lanes.get(id);
    return load?.running ? load.settings.part : undefined;
  }
}

const traffic: TrafficSettings = {
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
const spec = create(LaneSpecSchema, { id: 'clusterip', target: '127.0.0.1:9', resolver: 'static' });
const loopback = { host: '127.0.0.1' };
const soon = <T>(of: () => T) => expect.poll(of, { timeout: 15_000 });

async function workerAt(port = 0, token?: string): Promise<{ worker: Worker; engines: AskedEngine[] }> {
  const engines: AskedEngine[] = [];
  const worker = await startWorker({
    name: 'agent-x',
    version: '1',
    timers: nodeTimers,
    ...loopback,
    port,
    token: token === undefined ? undefined : () => token,
    onSession: () => {},
    makeEngine: ({ events, onFrame }) => {
      const engine = new AskedEngine();
      Object.assign(engine, { events, onFrame });
      engines.push(engine);
      return engine;
    },
  });
  onTestFinished(() => worker.close());
  return { worker, engines };
}

function fleetOf(ports: readonly number[], token?: string, version = '1') {
  const events: EventInit[] = [];
  const frames: Frame[] = [];
  const engine = new AskedEngine();
  const clock = createClock();
  const fleet = new Fleet(engine, {
    version,
    dial: dialWorkers(token === undefined ? undefined : () => token),
    clock,
    timers: nodeTimers,
    events: { emit: (event) => events.push(event) },
    onFrame: (frame) => frames.push(frame),
  });
  onTestFinished(() => fleet.stop());
  fleet.setPeers(ports.map((port) => ({ ...loopback, port })));
  const states = () => events.flatMap(({ kind }) => (kind?.case === 'agentChanged' ? [kind.value.agent?.state] : []));
  const reasons = () => events.flatMap(({ kind }) => (kind?.case === 'agentChanged' ? [kind.value.agent?.reason] : []));
  return { fleet, engine, events, frames, states, reasons, clock };
}

test('the load is dealt out over all who work; a lost worker’s part goes to the others, and comes back with it', async () => {
  const [a, b] = [await workerAt(), await workerAt()];
  const { fleet, engine } = fleetOf([a.worker.port, b.worker.port]);
  const lane = fleet.open(spec, { onForbidden: () => {}, onDown: () => {} });
  lane.apply(traffic, true);
  await soon(() => [engine, a.engines.at(-1), b.engines.at(-1)].map((each) => each?.part('clusterip')?.of)).toEqual([
    3, 3, 3,
  ]);
  const indexes = [engine, a.engines.at(-1), b.engines.at(-1)].map((each) => each?.part('clusterip')?.index);
  expect(indexes.sort()).toEqual([0, 1, 2]);
  expect(a.engines.at(-1)?.lanes.get('clusterip')?.settings).toMatchObject({ ratePerSecond: 100, connections: 1 });

  // Five callers over three agents: none is left out, none added.
  lane.apply({ ...traffic, ratePerSecond: 0, concurrency: 5 }, true);
  const callers = () =>
    [engine, a.engines.at(-1), b.engines.at(-1)]
      .map((each) => each?.lanes.get('clusterip')?.settings.concurrency)
      .sort();
  await soon(callers).toEqual([1, 2, 2]);
  // One caller: two agents have nobody who calls.
  lane.apply({ ...traffic, ratePerSecond: 0, concurrency: 1 }, true);
  await soon(
    () => [engine, a.engines.at(-1), b.engines.at(-1)].filter((each) => each?.lanes.get('clusterip')?.running).length,
  ).toBe(1);

  lane.apply(traffic, true);
  await a.worker.close();
  await soon(() => [engine, b.engines.at(-1)].map((each) => each?.part('clusterip')?.of)).toEqual([2, 2]);
  expect(a.engines.at(-1)?.stopped).toBe(true);
  const again = await workerAt(a.worker.port);
  await soon(() => [engine, again.engines.at(-1), b.engines.at(-1)].map((each) => each?.part('clusterip')?.of)).toEqual(
    [3, 3, 3],
  );

  await lane.stop();
  await soon(() => b.engines.at(-1)?.lanes.size).toBe(0);
  // Nobody asks any more: nothing is driven.
  await fleet.stop();
  await soon(() => [again.engines.at(-1)?.stopped, b.engines.at(-1)?.stopped]).toEqual([true, true]);
}, 60_000);

test('events and frames come up as the worker’s own, on one clock', async () => {
  const { worker, engines } = await workerAt();
  const { fleet, events, frames, clock } = fleetOf([worker.port]);
  const table: AttributionTable = {
    addresses: [['10.0.0.1', [['uid-1', 5]]]],
    notReadySince: [['uid-2', 7]],
    pods: [['uid-1', 'greeter-a', 2]],
  };
  fleet.attribute(table);
  await soon(() => engines.at(-1)?.table).toEqual(table);
  const id = `127.0.0.1:${worker.port}`;
  const before = clock.now();
  engines.at(-1)?.events?.emit({
    laneId: 'clusterip',
    connectionId: 'c1',
    resolutionId: 'r1',
    kind: { case: 'connected', value: { tookMs: 1 } },
  });
  const seen = () => events.find(({ kind }) => kind?.case === 'connected');
  await soon(seen).toMatchObject({ agent: id, connectionId: `${id}/c1`, resolutionId: `${id}/r1` });
  // The clocks meet to a part of a round trip on one machine; half a second is far from that, and far from an hour.
  expect(Math.abs((seen()?.at ?? 0) - before)).toBeLessThan(500);

  const to = Math.floor(clock.now() / 200) * 200;
  engines.at(-1)?.onFrame?.(frameOf(to - 200, to, 3, 'clusterip'));
  fleet.own(frameOf(to - 200, to, 5, 'clusterip'));
  await soon(() => frames[0]?.lanes[0]?.answered).toBe(8);
  await fleet.edge();
});

test('a lane that one worker can’t run is told as that worker’s trouble', async () => {
  const { worker, engines } = await workerAt();
  const { fleet, events } = fleetOf([worker.port]);
  fleet.open(spec, { onForbidden: () => {}, onDown: () => {} }).apply(traffic, true);
  await soon(() => engines.at(-1)?.listeners.size).toBe(1);
  engines.at(-1)?.listeners.get('clusterip')?.onForbidden('endpointslices is forbidden');
  await soon(() => events.find(({ kind }) => kind?.case === 'laneState')).toMatchObject({
    laneId: 'clusterip',
    agent: `127.0.0.1:${worker.port}`,
    kind: { value: { state: 'unavailable', code: 'forbidden', reason: 'endpointslices is forbidden' } },
  });
});

test('a worker takes no work without its token, of another version, or while it works for another agent', async () => {
  const right = 'a-token-of-some-length';
  const { worker, engines } = await workerAt(0, right);
  for (const token of [undefined, 'another-token-of-that-length']) {
    const wrong = fleetOf([worker.port], token);
    await soon(wrong.reasons).toContain('the token in Authorization is not the right one');
    await wrong.fleet.stop();
  }
  expect(engines).toEqual([]);
  const first = fleetOf([worker.port], right);
  await soon(first.states).toContain('working');
  const second = fleetOf([worker.port], right);
  await soon(second.reasons).toContain('it works for another agent; that one must end first');
  const other = await workerAt();
  const newer = fleetOf([other.worker.port], undefined, '2');
  await soon(newer.reasons).toContain('it is of version 1, this agent of 2');
});

test('whoever is no longer among the peers works until its session ends, and is then gone', async () => {
  const { worker } = await workerAt();
  const { fleet, events, states } = fleetOf([worker.port]);
  await soon(states).toContain('working');
  fleet.setPeers([]);
  expect(states()).not.toContain('lost');
  await worker.close();
  const removed = () => events.some(({ kind }) => kind?.case === 'agentChanged' && kind.value.removed);
  await soon(removed).toBe(true);
});
