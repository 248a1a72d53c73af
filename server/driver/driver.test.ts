import { create, toBinary } from '@bufbuild/protobuf';
import { expect, onTestFinished, test } from 'vitest';
import { type Frame, FrameSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { SayHelloResponseSchema } from '../../gen/lbscope/greeter/v1/greeter_pb.js';
import { bucketOf, Merged } from '../../model/histogram.ts';
import { toMs } from '../../model/time.ts';
import type { CallResult, Channel } from '../balancing/channel-port.ts';
import type { ResolutionLink } from '../balancing/resolution.ts';
import { FakeTime } from '../balancing/testing/fake-time.ts';
import { ManualLookup } from '../balancing/testing/manual-lookup.ts';
import { ManualWatch } from '../balancing/testing/manual-watch.ts';
import { anchorOf, createClock, nodeTimers } from '../events/clock.ts';
import type { EventInit, Timers } from '../events/port.ts';
import { spawnPod } from '../pod/testing.ts';
import type { TrafficSettings } from '../traffic/driver.ts';
import { routeOf } from '../traffic/testing.ts';
import { channelMaker } from './channels.ts';
import type { LanePlan } from './messages.ts';
import { sameThread } from './same-thread.ts';
import type { Hang } from './testing/hanging-worker.ts';
import { Drivers, type Thread, type ThreadListener } from './upper.ts';
import { workerThread } from './worker-thread.ts';

const settings: TrafficSettings = {
  ratePerSecond: 500,
  concurrency: 0,
  connections: 1,
  kind: 'unary',
  messagesPerStream: 1,
  payloadBytes: 0,
  deadlineMs: 5_000,
  thinkTimeMs: 0,
  messageIntervalMs: 0,
};

const planOf = (port: number, laneId = 'lane'): LanePlan => ({
  laneId,
  channel: { target: `127.0.0.1:${port}`, resolver: 'static', policy: 'pick_first' },
  client: '',
  keepAlive: true,
});

/** What came up, in order. */
class Seen {
  readonly frames: Frame[] = [];
  readonly events: EventInit[] = [];
  readonly order: string[] = [];
  readonly down: (string | undefined)[] = [];

  readonly onFrame = (frame: Frame): void => {
    this.frames.push(frame);
    this.order.push('frame');
  };

  readonly sink = {
    emit: (event: EventInit): void => {
      this.events.push(event);
      this.order.push(event.kind?.case ?? '');
    },
  };

  of(kind: string): EventInit[] {
    return this.events.filter((event) => event.kind?.case === kind);
  }

  /** All lanes' counts since the start. */
  get sums() {
    const sums = { issued: 0, answered: 0, failed: 0, shortfall: 0, pods: 0, inFlight: 0 };
    for (const lane of this.frames.flatMap((frame) => frame.lanes)) {
      sums.issued += lane.issued;
      sums.answered += lane.answered;
      sums.shortfall += lane.shortfall;
      for (const { count } of lane.failed) sums.failed += count;
      for (const pod of lane.pods) {
        sums.pods += pod.answered + pod.failed.reduce((sum, { count }) => sum + count, 0);
      }
      sums.inFlight = lane.inFlight;
    }
    return sums;
  }

  get late(): Merged {
    const late = new Merged();
    for (const lane of this.frames.flatMap((frame) => frame.lanes)) late.add(lane.scheduleError);
    return late;
  }
}

const clock = createClock();
const worker = workerThread(new URL('./worker.ts', import.meta.url), {
  anchor: anchorOf(clock),
  transport: 'lbscope',
  pacing: 'timer',
});
const main = sameThread({
  clock,
  timers: nodeTimers,
  makeChannel: channelMaker({ transport: 'lbscope', clock, timers: nodeTimers, random: Math.random }),
});

/** Drivers in real time; `threads` are all that were started, the newest last. */
function real(start: (listener: ThreadListener) => Thread, timers: Timers = nodeTimers) {
  const seen = new Seen();
  const threads: Thread[] = [];
  const drivers = new Drivers({
    start: (listener) => {
      const thread = start(listener);
      threads.push(thread);
      return thread;
    },
    onFrame: seen.onFrame,
    events: seen.sink,
    lookup: new ManualLookup({ ...nodeTimers, now: clock.now }),
    clock,
    timers,
    random: Math.random,
  });
  onTestFinished(() => drivers.stop());
  const listener = { sliceWatch: new ManualWatch(), onDown: (reason?: string) => void seen.down.push(reason) };
  return { seen, drivers, threads, listener };
}

async function pod(): Promise<number> {
  const made = await spawnPod({ POD_UID: 'uid-a' });
  onTestFinished(() => void made.child.kill());
  return made.port;
}

async function until(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test.each([
  ['worker', worker],
  ['main', main],
])('%s: calls flow, are counted once, and frames follow each other on one clock', async (_name, start) => {
  const { seen, drivers, listener } = real(start);
  const driver = drivers.open(planOf(await pod()), listener);
  const begun = clock.now();
  driver.apply(settings, true);
  await until(() => seen.sums.answered > 200);
  driver.apply(settings, false);
  await until(() => seen.frames.at(-1)?.lanes[0]?.inFlight === 0 && seen.frames.at(-1)?.lanes[0]?.issued === 0);
  const { issued, answered, failed, pods } = seen.sums;
  // On a machine that is held up some miss their deadline; each is counted once all the same.
  expect([answered + failed, pods]).toEqual([issued, issued]);
  expect(seen.frames.flatMap((frame) => frame.lanes[0]?.pods ?? []).every((each) => each.podUid === 'uid-a')).toBe(
    true,
  );
  for (const [index, frame] of seen.frames.entries()) {
    expect(toMs(frame.to)).toBeGreaterThan(toMs(frame.from));
    if (index > 0) expect(frame.from).toEqual(seen.frames[index - 1]?.to);
  }
  // One clock above and below: what happened there lies between what is read here.
  const first = seen.of('firstAnswer')[0];
  expect(first?.at).toBeGreaterThan(begun);
  expect(first?.at).toBeLessThan(clock.now());
  const kinds = seen.order.filter((kind) => ['resolved', 'connecting', 'connected', 'firstAnswer'].includes(kind));
  expect(kinds).toEqual(['resolved', 'connecting', 'connected', 'firstAnswer']);
  const closed = driver.stop();
  await closed;
  expect(seen.of('disconnected')).toHaveLength(1);
});

test('a thread that dies is replaced: what it had counted is kept, what was in flight is lost, the lane goes on', async () => {
  const { seen, drivers, threads, listener } = real(worker);
  const driver = drivers.open(planOf(await pod()), listener);
  driver.apply(settings, true);
  await until(() => seen.sums.answered > 100);
  // What no upper side sends: the fault is real.
  threads[0]?.post({ t: 'open' } as never);
  await until(() => seen.down.length > 0);
  const { issued, answered, failed, pods, inFlight } = seen.sums;
  expect(inFlight).toBe(0);
  expect(issued).toBe(answered + failed);
  expect(pods).toBe(issued);
  expect(seen.of('disconnected').length).toBe(seen.of('connected').length);
  const bursts = seen.of('lossBurst').map((event) => event.kind?.value as { count: number });
  expect(bursts.reduce((sum, { count }) => sum + count, 0)).toBe(failed);
  expect(seen.of('agentState')[0]?.kind?.value).toMatchObject({ state: 'driver_restarting' });
  await until(() => seen.sums.answered > answered + 100);
  expect(threads).toHaveLength(2);
  expect(seen.down.at(-1)).toBeUndefined();
  expect(seen.of('agentState').at(-1)?.kind?.value).toMatchObject({ state: 'ready' });
  for (const [index, frame] of seen.frames.entries()) {
    if (index > 0) expect(toMs(frame.from)).toBeGreaterThanOrEqual(toMs(seen.frames[index - 1]?.to));
  }
});

test('settings that change while no thread runs are those the next one begins with', async () => {
  const { seen, drivers, threads, listener } = real(worker);
  const driver = drivers.open(planOf(await pod()), listener);
  driver.apply(settings, true);
  await until(() => seen.sums.answered > 10);
  threads[0]?.post({ t: 'open' } as never);
  await until(() => seen.down.length > 0);
  driver.apply({ ...settings, ratePerSecond: 50 }, true);
  const late = drivers.open(planOf(await pod(), 'late'), listener);
  late.apply({ ...settings, ratePerSecond: 70 }, true);
  await until(() => seen.frames.at(-1)?.lanes.length === 2 && seen.frames.at(-1)?.lanes[1]?.answered !== 0);
  expect(seen.frames.at(-1)?.lanes.map(({ laneId, askedRate }) => [laneId, askedRate])).toEqual([
    ['lane', 50],
    ['late', 70],
  ]);
});

test('a thread that hangs and does not die is shown as standing still, then replaced as one that died', async () => {
  const time = new FakeTime();
  const hanging = workerThread(new URL('./testing/hanging-worker.ts', import.meta.url), {
    anchor: anchorOf(clock),
    transport: 'lbscope',
    pacing: 'timer',
  });
  const { seen, drivers, threads, listener } = real(hanging, time);
  drivers.open(planOf(await pod()), listener).apply(settings, true);
  await until(() => seen.sums.answered > 100);
  const first = threads[0] as Thread;
  // As long as it moves between two looks, it is left alone.
  for (let look = 0; look < 15; look += 1) {
    const before = first.progress?.();
    await until(() => first.progress?.() !== before);
    await time.advance(1_000);
  }
  expect([seen.down, threads.length]).toEqual([[], 1]);
  const hang: Hang = { t: 'hang', begun: new Int32Array(new SharedArrayBuffer(4)) };
  first.post(hang as never);
  await until(() => hang.begun[0] === 1);
  // Not a step further than to its end, which comes in real time: the next one starts 100 ms later.
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (seen.down.length === 2) break;
    await time.advance(90);
  }
  expect(seen.down).toEqual([
    'the thread that makes the calls has stood still for 3 s',
    'the thread that makes the calls stood still and is started again',
  ]);
  expect(seen.of('agentState').map((event) => event.kind?.value)).toMatchObject([
    { state: 'driver_stalled', reason: 'the thread that makes the calls has stood still for 3 s' },
    { state: 'driver_restarting', reason: 'the thread that makes the calls has stood still for 10 s' },
  ]);
  const { issued, answered, failed, inFlight } = seen.sums;
  expect([answered + failed, inFlight]).toEqual([issued, 0]);
  await time.advance(1_000);
  await until(() => seen.sums.answered > answered + 100);
  expect([seen.down.at(-1), threads.length]).toEqual([undefined, 2]);
});

test('a main thread that is held up shifts the schedule of its own calls, and not of those in a worker', async () => {
  const port = await pod();
  const sides = [real(worker), real(main)] as const;
  for (const { drivers, listener } of sides) drivers.open(planOf(port), listener).apply(settings, true);
  await until(() => sides.every(({ seen }) => seen.sums.answered > 100));
  const before = sides.map(({ seen }) => seen.late.counts.slice());
  // Nothing else runs on this thread for 800 ms: what falls due in the first 600 of them goes out more than 200 ms late.
  for (let i = 0; i < 3; i += 1) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 800);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  const [inWorker, inMain] = sides.map(({ seen }, side) =>
    seen.late.counts.reduce((sum, count, bucket) => {
      return bucket < bucketOf(200_000) ? sum : sum + count - (before[side]?.[bucket] ?? 0);
    }, 0),
  ) as [number, number];
  expect(inMain).toBeGreaterThan(3 * 0.5 * 500);
  // The machine may hold up both.
  expect(inWorker * 2).toBeLessThan(inMain);
});

// ---- in injected time, each message cloned as between threads

function fake() {
  const time = new FakeTime(1_000_050);
  const seen = new Seen();
  const pickers: { link: ResolutionLink; addresses: (list: string[]) => void }[] = [];
  const waiting: ((result: CallResult) => void)[] = [];
  const quiet: (() => void)[] = [];
  const message = toBinary(SayHelloResponseSchema, create(SayHelloResponseSchema, { pod: { uid: 'a' } }));
  const start = sameThread({
    clock: time,
    timers: time,
    makeChannel: (plan, channel, { resolution, events }): Channel => {
      const publish = (addresses: string[]): void => {
        const value = { addresses, policy: 'round_robin', state: 'READY', channel };
        events.emit({ laneId: plan.laneId, kind: { case: 'pickerUpdated', value } });
      };
      const link = resolution((told) => told.t === 'addresses' && publish(told.addresses.map(({ host }) => host)));
      pickers.push({ link, addresses: publish });
      return {
        connect: () => link.start(),
        unary: () => new Promise((resolve) => waiting.push(resolve)),
        stream: () => Promise.reject(new Error('not in this test')),
        state: 'READY',
        close: async () => {
          link.stop();
          while (waiting.length > 0) await new Promise<void>((resolve) => quiet.push(resolve));
        },
      };
    },
  });
  const watch = new ManualWatch();
  const drivers = new Drivers({
    start: (listener) => {
      const thread = start({ ...listener, onMessage: (up) => listener.onMessage(structuredClone(up)) });
      return { ...thread, post: (down) => thread.post(structuredClone(down)) };
    },
    onFrame: seen.onFrame,
    events: seen.sink,
    lookup: new ManualLookup(time),
    clock: time,
    timers: time,
    random: () => 0,
  });
  const driver = drivers.open(
    {
      ...planOf(1, 'kubewatch'),
      channel: { target: 'greeter.ns:50051', resolver: 'kubernetes', policy: 'round_robin' },
    },
    { sliceWatch: watch, onDown() {} },
  );
  const answer = (): void => {
    for (const resolve of waiting.splice(0)) resolve({ ok: true, message, route: routeOf({ sentAt: time.now() }) });
    for (const resolve of quiet.splice(0)) resolve();
  };
  return { time, seen, drivers, driver, watch, pickers, answer };
}

test('edges are exact: a picker that changes ends the frame at that instant, and the event comes before it', async () => {
  const { time, seen, driver, watch } = fake();
  driver.apply({ ...settings, ratePerSecond: 100 }, true);
  await time.advance(10);
  watch.endpoints([{ host: '10.0.0.1', port: 1 }]);
  await time.advance(340);
  seen.order.length = 0;
  watch.endpoints([
    { host: '10.0.0.1', port: 1 },
    { host: '10.0.0.2', port: 1 },
  ]);
  await time.advance(0);
  const changedAt = 1_000_400;
  expect(seen.of('pickerUpdated').at(-1)?.at).toBe(changedAt);
  expect(seen.order).toEqual(['resolved', 'pickerUpdated']);
  await time.advance(37);
  watch.endpoints([{ host: '10.0.0.2', port: 1 }]);
  await time.advance(163);
  const edges = seen.frames.map((frame) => toMs(frame.to));
  expect(edges).toEqual([1_000_060, 1_000_200, 1_000_400, 1_000_437, 1_000_600]);
  expect(seen.order).toEqual(['resolved', 'pickerUpdated', 'resolved', 'pickerUpdated', 'frame', 'frame']);
});

test('a new run begins between what was counted before and what comes after', async () => {
  const { time, seen, drivers, driver, answer } = fake();
  driver.apply({ ...settings, ratePerSecond: 100 }, true);
  await time.advance(71);
  answer();
  await time.advance(1);
  drivers.newRun(() => seen.order.push('new run'));
  await time.advance(1);
  expect(seen.sums.answered).toBeGreaterThanOrEqual(7);
  expect(seen.order.slice(seen.order.lastIndexOf('frame'))).toEqual(['frame', 'new run']);
  await time.advance(100);
  answer();
  await time.advance(100);
  // Once in each run.
  expect(seen.of('firstAnswer')).toHaveLength(2);
});

test.each([true, false])(
  'calls in flight when a driver closes are counted where its lane goes on: %s',
  async (goesOn) => {
    const { time, seen, drivers, driver, watch, answer } = fake();
    driver.apply({ ...settings, ratePerSecond: 100 }, true);
    await time.advance(201);
    const stopped = driver.stop(goesOn);
    const next = drivers.open(planOf(1, 'kubewatch'), { sliceWatch: watch, onDown() {} });
    await time.advance(200);
    answer();
    await time.advance(1);
    await stopped;
    expect(seen.sums).toMatchObject({ issued: 21, answered: goesOn ? 21 : 0, failed: 0 });
    // Its part of the frames has ended with it.
    await time.advance(400);
    expect(seen.frames.at(-1)?.lanes).toHaveLength(1);
    void next.stop();
  },
);

test('what a process had in flight when it told of it last is lost when it dies', async () => {
  const time = new FakeTime(1_000_050);
  const seen = new Seen();
  let listener: ThreadListener | undefined;
  const drivers = new Drivers({
    start: (given) => {
      listener = given;
      return { apart: true, post() {}, end: async () => {} };
    },
    onFrame: seen.onFrame,
    events: seen.sink,
    lookup: new ManualLookup(time),
    clock: time,
    timers: time,
    random: () => 0,
  });
  drivers.open(planOf(1, 'real'), { sliceWatch: new ManualWatch(), onDown() {} });
  drivers.open(planOf(1, 'other'), { sliceWatch: new ManualWatch(), onDown() {} });
  const lanes = [
    { laneId: 'real', issued: 10, answered: 7, inFlight: 3 },
    { laneId: 'other', issued: 5, answered: 5, inFlight: 0 },
  ];
  listener?.onMessage({ t: 'frame', frame: create(FrameSchema, { lanes }), drivers: [1, 2] });
  listener?.onEnd('its process ended with SIGKILL');
  expect(seen.sums).toMatchObject({ issued: 15, answered: 12, failed: 3, inFlight: 0 });
  expect(seen.of('lossBurst').map((event) => [event.laneId, event.kind?.value])).toMatchObject([
    ['real', { errorClass: 'reset', count: 3 }],
  ]);
  await drivers.stop();
});

test('a new run that was asked for begins although the driver is stopped before it answers', async () => {
  const { drivers } = real(() => ({ post() {}, end: async () => {} }));
  const begun: string[] = [];
  drivers.newRun(() => begun.push('new run'));
  expect(begun).toEqual([]);
  await drivers.stop();
  expect(begun).toEqual(['new run']);
});

test('late words of a resolver that was stopped are not heard, and a faulty plan is its maker’s fault', async () => {
  const { time, seen, drivers, driver, watch, pickers } = fake();
  driver.apply(settings, true);
  await time.advance(1);
  watch.endpoints([{ host: '10.0.0.1', port: 1 }]);
  await time.advance(1);
  const told = seen.of('pickerUpdated').length;
  pickers[0]?.link.stop();
  pickers[0]?.link.start();
  await time.advance(1);
  // The watch repeats what it knows to the new round only.
  expect(seen.of('pickerUpdated').length).toBe(told + 1);
  const plan: LanePlan = { ...planOf(1), channel: { target: 'nonsense', resolver: 'static', policy: 'pick_first' } };
  expect(() => drivers.open(plan, { sliceWatch: watch, onDown() {} })).toThrow('host:port');
});

test('what ended is gone: no timer, no event, no frame', async () => {
  const { time, seen, drivers, driver, answer } = fake();
  driver.apply(settings, true);
  await time.advance(50);
  answer();
  const stopped = driver.stop();
  await time.advance(1);
  await stopped;
  await drivers.stop();
  await time.advance(10);
  const { length } = seen.order;
  await time.advance(5_000);
  expect(seen.order).toHaveLength(length);
  expect(time.pending).toBe(0);
});
