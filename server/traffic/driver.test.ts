import { create, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { SayHelloResponseSchema } from '../../gen/lbscope/greeter/v1/greeter_pb.js';
import type { CallResult, Channel } from '../balancing/channel-port.ts';
import { FakeTime } from '../balancing/testing/fake-time.ts';
import type { EventInit } from '../events/port.ts';
import { LaneDriver, type TrafficSettings } from './driver.ts';
import { FrameClock } from './frames.ts';
import { attributionOf, routeOf } from './testing.ts';

const settings: TrafficSettings = {
  ratePerSecond: 100,
  concurrency: 0,
  connections: 1,
  kind: 'unary',
  messagesPerStream: 1,
  payloadBytes: 0,
  deadlineMs: 1_000,
  thinkTimeMs: 0,
  messageIntervalMs: 0,
};

const route = routeOf({ address: '127.0.0.1:1', connectionId: 'c', resolutionId: 'r' });

function fakeChannel(uid: string, respond?: () => Promise<CallResult>) {
  const message = toBinary(SayHelloResponseSchema, create(SayHelloResponseSchema, { pod: { uid } }));
  const calls: string[] = [];
  let closed = false;
  const channel: Channel = {
    connect() {},
    async unary({ path }) {
      calls.push(path);
      return respond ? respond() : { ok: true, message, route };
    },
    async stream({ path, requests, onMessage }) {
      let sent = 0;
      for await (const _ of requests) sent += 1;
      calls.push(`${path} ${sent}`);
      onMessage(message);
      return { ok: true, message: undefined, route };
    },
    state: 'READY',
    async close() {
      closed = true;
    },
  };
  return { channel, calls, closed: () => closed };
}

function lane(time: FakeTime, channels = [fakeChannel('a'), fakeChannel('b'), fakeChannel('c')]) {
  const events: EventInit[] = [];
  const driver = new LaneDriver({
    laneId: 'lane',
    makeChannel: (index) => (channels[index] as (typeof channels)[number]).channel,
    clock: time,
    timers: time,
    events: { emit: (event) => events.push(event) },
    attribution: attributionOf(),
  });
  return { driver, channels, events };
}

test('a rate is held exactly, and changes keep the counts', async () => {
  const time = new FakeTime();
  const { driver, channels } = lane(time);
  driver.apply(settings, true);
  await time.advance(1_000);
  const first = driver.cut();
  expect(first.answered).toBeGreaterThanOrEqual(100);
  expect(first.answered).toBeLessThanOrEqual(101);
  driver.apply({ ...settings, ratePerSecond: 10 }, true);
  await time.advance(1_000);
  const second = driver.cut();
  expect(second.answered).toBeGreaterThanOrEqual(9);
  expect(second.answered).toBeLessThanOrEqual(11);
  expect(second.askedRate).toBe(10);
  expect(channels[0]?.calls.length).toBe(first.answered + second.answered);
  await driver.stop();
});

test('calls take the connections in turn; taking connections away closes their channels', async () => {
  const time = new FakeTime();
  const { driver, channels } = lane(time);
  driver.apply({ ...settings, connections: 3 }, true);
  await time.advance(3_000);
  const counts = channels.map(({ calls }) => calls.length);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  driver.apply({ ...settings, connections: 1 }, true);
  await time.advance(10);
  expect(channels.map(({ closed }) => closed())).toEqual([false, true, true]);
  await driver.stop();
  expect(channels[0]?.closed()).toBe(true);
});

test('stopped is stopped: no call, no timer; started again it goes on', async () => {
  const time = new FakeTime();
  const { driver, channels } = lane(time);
  driver.apply(settings, true);
  await time.advance(500);
  driver.apply(settings, false);
  const calls = channels[0]?.calls.length ?? 0;
  await time.advance(5_000);
  expect(channels[0]?.calls.length).toBe(calls);
  expect(time.pending).toBe(0);
  driver.apply(settings, true);
  await time.advance(500);
  // No burst for the time it stood still.
  expect((channels[0]?.calls.length ?? 0) - calls).toBeLessThanOrEqual(51);
  expect(driver.cut().shortfall).toBe(0);
  await driver.stop();
});

test('closed loop: as many in flight as asked, never more', async () => {
  const time = new FakeTime();
  const waiting: ((result: CallResult) => void)[] = [];
  const slow = fakeChannel('a', () => new Promise((resolve) => waiting.push(resolve)));
  const { driver } = lane(time, [slow]);
  driver.apply({ ...settings, ratePerSecond: 0, concurrency: 4 }, true);
  await time.advance(100);
  expect(driver.inFlight).toBe(4);
  waiting.shift()?.({ ok: true, message: undefined, route });
  await time.advance(5);
  expect(driver.inFlight).toBe(4);
  expect(slow.calls).toHaveLength(5);
  for (const answer of waiting.splice(0)) answer({ ok: true, message: undefined, route });
  await driver.stop();
});

test('an open loop with calls in flight becomes a closed one without a stall', async () => {
  const time = new FakeTime();
  const waiting: ((result: CallResult) => void)[] = [];
  const slow = fakeChannel('a', () => new Promise((resolve) => waiting.push(resolve)));
  const { driver } = lane(time, [slow]);
  driver.apply(settings, true);
  await time.advance(100);
  const open = driver.inFlight;
  expect(open).toBeGreaterThanOrEqual(10);
  driver.apply({ ...settings, ratePerSecond: 0, concurrency: 2 }, true);
  await time.advance(100);
  expect(driver.inFlight).toBe(open);
  for (const answer of waiting.splice(0)) answer({ ok: true, message: undefined, route });
  await time.advance(10);
  expect(driver.inFlight).toBe(2);
  for (const answer of waiting.splice(0)) answer({ ok: true, message: undefined, route });
  await driver.stop();
});

test.each([
  ['server_stream', '/lbscope.greeter.v1.Greeter/StreamHellos 1'],
  ['client_stream', '/lbscope.greeter.v1.Greeter/CollectHellos 5'],
  ['bidi', '/lbscope.greeter.v1.Greeter/ChatHellos 5'],
])('%s: the pod is read from the first message', async (kind, call) => {
  const time = new FakeTime();
  const { driver, channels } = lane(time);
  driver.apply({ ...settings, kind, messagesPerStream: 5 }, true);
  await time.advance(200);
  expect(channels[0]?.calls[0]).toBe(call);
  expect(driver.cut().pods.map((pod) => pod.podUid)).toEqual(['a']);
  await driver.stop();
});

test('a rate that cannot be held is told, with what was achieved, and told again when it ends', async () => {
  const time = new FakeTime();
  let block = true;
  const stuck = fakeChannel('a', () =>
    block ? new Promise(() => {}) : Promise.resolve({ ok: true, message: undefined, route }),
  );
  const { driver, events } = lane(time, [stuck]);
  driver.apply({ ...settings, ratePerSecond: 50_000 }, true);
  for (let i = 0; i < 10; i += 1) {
    await time.advance(200);
    driver.cut();
  }
  const overload = () => events.filter((event) => event.kind?.case === 'overload').map((event) => event.kind?.value);
  expect(overload()).toMatchObject([{ asked: 50_000, over: true }]);
  block = false;
  driver.apply({ ...settings, ratePerSecond: 0.1 }, true);
  for (let i = 0; i < 20; i += 1) {
    await time.advance(200);
    driver.cut();
  }
  expect(overload()).toHaveLength(2);
  expect(overload()[1]).toMatchObject({ over: false });
});

test('frames: aligned to 200 ms, cut early where a membership changes, without gap or overlap', async () => {
  const time = new FakeTime(1_000_050);
  const frames: [number, number][] = [];
  const beat = new FrameClock(time, time, (from, to) => frames.push([from, to]));
  beat.start();
  await time.advance(400);
  await time.advance(37);
  beat.cut();
  beat.cut();
  await time.advance(300);
  beat.stop();
  expect(frames).toEqual([
    [1_000_050, 1_000_200],
    [1_000_200, 1_000_400],
    [1_000_400, 1_000_487],
    [1_000_487, 1_000_600],
  ]);
  expect(time.pending).toBe(0);
});

test('a channel that fails everything at once, or breaks its word, neither hangs the agent nor loses a count', async () => {
  const time = new FakeTime();
  const unsent: CallResult = {
    ok: false,
    errorClass: 'unavailable',
    code: 14,
    message: 'no connection',
    route: { ...route, sentAt: undefined, address: undefined, connectionId: undefined },
  };
  let rejects = false;
  const failing = fakeChannel('a', async () => {
    if (rejects) throw new Error('broken promise');
    return unsent;
  });
  const { driver } = lane(time, [failing]);
  driver.apply({ ...settings, ratePerSecond: 0, concurrency: 4 }, true);
  await time.advance(0);
  await time.advance(1_000);
  rejects = true;
  await time.advance(100);
  const frame = driver.cut();
  const failed = frame.failed.reduce((sum, { count }) => sum + count, 0);
  expect(failed + frame.inFlight).toBe(frame.issued);
  // 4 callers, 10 ms each.
  expect(frame.issued).toBeGreaterThan(400);
  expect(frame.issued).toBeLessThan(500);
  expect(frame.failed.map(({ errorClass }) => errorClass).sort()).toEqual(['protocol', 'unavailable']);
  await driver.stop();
});

test('a change while calls are overdue sends those first: none is lost', async () => {
  const time = new FakeTime();
  const { driver } = lane(time);
  driver.apply(settings, true);
  await time.advance(1_000);
  // The loop stands still for half a second: no timer runs, but time goes on.
  time.stall(500);
  driver.apply({ ...settings, ratePerSecond: 1 }, true);
  await time.advance(0);
  const { issued, shortfall } = driver.cut();
  expect(issued + shortfall).toBeGreaterThanOrEqual(150);
  expect(issued + shortfall).toBeLessThanOrEqual(152);
  await driver.stop();
});

test('a stream sends its messages at an interval, and each answer counts as it comes', async () => {
  const time = new FakeTime();
  const message = toBinary(SayHelloResponseSchema, create(SayHelloResponseSchema, { pod: { uid: 'a' } }));
  const sentAt: number[] = [];
  const a = fakeChannel('a');
  a.channel.stream = async ({ requests, onMessage }) => {
    for await (const _ of requests) {
      sentAt.push(time.now());
      onMessage(message);
    }
    return { ok: true, message: undefined, route };
  };
  const { driver } = lane(time, [a]);
  const began = time.now();
  const stream = { kind: 'bidi', messagesPerStream: 5, messageIntervalMs: 100, ratePerSecond: 0, concurrency: 1 };
  driver.apply({ ...settings, ...stream }, true);
  await time.advance(250);
  const frame = driver.cut();
  expect(sentAt.map((at) => at - began)).toEqual([0, 100, 200]);
  expect(frame).toMatchObject({ messages: 3, answered: 0, inFlight: 1 });
  expect(frame.pods.map(({ podUid, messages }) => [podUid, messages])).toEqual([['a', 3]]);
  driver.apply(settings, false);
  await time.advance(250);
  expect(driver.cut()).toMatchObject({ messages: 2, answered: 1, inFlight: 0 });
  await driver.stop();
});

test('a client stream counts what it sent once its answer came; a unary call is one message', async () => {
  const time = new FakeTime();
  const { driver } = lane(time);
  driver.apply({ ...settings, kind: 'client_stream', messagesPerStream: 7, ratePerSecond: 0, concurrency: 1 }, true);
  await time.advance(0);
  driver.apply(settings, false);
  await time.advance(1);
  const frame = driver.cut();
  expect(frame.messages).toBe(frame.answered * 7);
  expect(frame.answered).toBeGreaterThan(0);
  driver.apply(settings, true);
  await time.advance(1_000);
  const unary = driver.cut();
  expect(unary.messages).toBe(unary.answered);
  await driver.stop();
});
