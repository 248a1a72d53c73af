import { describe, expect, it, onTestFinished } from 'vitest';
import { createConnectNodeTransport } from '../transport/connect-node/index.ts';
import {
  messageOf,
  nameOf,
  startListener,
  type TestListener,
  type TestListenerOptions,
} from '../transport/testing/listener.ts';
import { createChannel, type WholeChannelOptions } from './channel.ts';
import type { CallResult, Channel } from './channel-port.ts';
import { EventLog } from './testing/events.ts';
import { ManualLookup } from './testing/manual-lookup.ts';
import { ManualWatch } from './testing/manual-watch.ts';
import { realTime } from './testing/real-time.ts';

const path = '/lbscope.greeter.v1.Greeter/SayHello';

async function listener(name: string, options?: TestListenerOptions): Promise<TestListener> {
  const made = await startListener(name, options);
  onTestFinished(() => made.crash());
  return made;
}

function channel(watch: ManualWatch, options: Partial<WholeChannelOptions> = {}) {
  const log = new EventLog();
  const made = createChannel({
    laneId: 'kubewatch',
    channelIndex: 0,
    target: 'greeter.lbscope:grpc',
    resolver: 'kubernetes',
    policy: 'round_robin',
    transport: createConnectNodeTransport(),
    lookup: new ManualLookup(realTime),
    sliceWatch: watch,
    events: log,
    clock: realTime,
    timers: realTime,
    random: () => 0,
    ...options,
  });
  onTestFinished(() => made.close(0));
  return { channel: made, log };
}

const call = (to: Channel, waitForReady = false, timeoutMs = 5000): Promise<CallResult> =>
  to.unary({ path, message: messageOf('hello'), timeoutMs, waitForReady });

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

async function counts(to: Channel, calls: number): Promise<Record<string, number>> {
  const result: Record<string, number> = {};
  for (let n = 0; n < calls; n++) {
    const outcome = await call(to);
    const name = outcome.ok ? nameOf(outcome.message) : outcome.errorClass;
    result[name] = (result[name] ?? 0) + 1;
  }
  return result;
}

const inPicker = (log: EventLog): number => log.values('pickerUpdated').at(-1)?.addresses.length ?? 0;

describe('channel on real sockets', () => {
  it('queues the first call, then spreads exactly evenly', async () => {
    const pods = await Promise.all(['a', 'b', 'c'].map((name) => listener(name)));
    const { channel: c, log } = channel(new ManualWatch(pods));
    expect(c.state).toBe('IDLE');
    const first = await call(c);
    expect(first.ok).toBe(true);
    expect(c.state).toBe('READY');
    await until(() => inPicker(log) === 3);
    expect(await counts(c, 300)).toEqual({ a: 100, b: 100, c: 100 });
  });

  it('tells the route of a call', async () => {
    const pod = await listener('a', { headers: { 'lbscope-upstream-host': '10.0.0.9:50051' } });
    const { channel: c, log } = channel(new ManualWatch([pod]));
    const { route } = await call(c);
    expect(route).toMatchObject({
      address: `127.0.0.1:${pod.port}`,
      pick: 'round_robin 1 of 1',
      attempts: 1,
      transparentRetries: 0,
      upstreamHost: '10.0.0.9:50051',
    });
    expect(route.connectionId).toBe(log.of('connected')[0]?.connectionId);
    expect(route.resolutionId).toBe(log.of('resolved')[0]?.resolutionId);
    expect(route.sentAt).toBeGreaterThanOrEqual(route.connectedAt as number);
  });

  it('tells in order what happened', async () => {
    const pod = await listener('a');
    const { channel: c, log } = channel(new ManualWatch([pod]));
    await call(c);
    const kinds = log.kinds().filter((kind) => kind !== 'subchannelState');
    expect(kinds).toEqual(['pickerUpdated', 'resolved', 'connecting', 'connected', 'pickerUpdated']);
    expect(log.values('pickerUpdated').map((value) => value.state)).toEqual(['CONNECTING', 'READY']);
    // No event per call.
    const before = log.events.length;
    await counts(c, 50);
    expect(log.events.length).toBe(before);
  });

  it('a new address takes its share, a removed one keeps its call in flight', async () => {
    const [a, b] = await Promise.all([listener('a'), listener('b')]);
    const watch = new ManualWatch([a]);
    const { channel: c, log } = channel(watch);
    await call(c);
    a.behave({ t: 'hold' });
    const held = call(c);
    await until(() => a.calls === 2);
    watch.endpoints([a, b]);
    await until(() => inPicker(log) === 2);
    watch.endpoints([b]);
    expect(await counts(c, 20)).toEqual({ b: 20 });
    expect(log.values('disconnected')).toEqual([]);
    a.release();
    expect(await held).toMatchObject({ ok: true });
    await until(() => log.values('disconnected').length === 1);
    expect(log.values('disconnected')[0]).toMatchObject({ reason: 'removed from list', calls: 2, inFlight: 0 });
  });

  it('GOAWAY: calls in flight finish, none is lost, and the connection is replaced', async () => {
    const pod = await listener('a');
    const { channel: c, log } = channel(new ManualWatch([pod]));
    await call(c);
    pod.behave({ t: 'hold' });
    const held = call(c);
    await until(() => pod.calls === 2);
    pod.behave({ t: 'answer' });
    pod.drain();
    await until(() => log.of('goawayReceived').length > 0);
    expect(await counts(c, 10)).toEqual({ a: 10 });
    pod.release();
    expect(await held).toMatchObject({ ok: true });
    expect(pod.connections).toBe(2);
    expect(log.values('goawayReceived')[0]).toMatchObject({ code: 0, inFlight: 1 });
    await until(() => log.values('disconnected').length === 1);
    expect(log.values('disconnected')[0].reason).toBe('goaway');
  });

  it('a crash costs the calls in flight on that pod; the others take the rest, and it returns', async () => {
    const [a, b] = await Promise.all([listener('a'), listener('b')]);
    const { channel: c, log } = channel(new ManualWatch([a, b]));
    await call(c);
    await until(() => inPicker(log) === 2);
    a.behave({ t: 'hold' });
    b.behave({ t: 'hold' });
    const held = [call(c), call(c)];
    await until(() => a.calls + b.calls >= 3);
    b.behave({ t: 'answer' });
    await a.crash();
    b.release();
    const outcomes = await Promise.all(held);
    const lost = outcomes.filter((outcome) => !outcome.ok);
    expect(lost).toMatchObject([
      { errorClass: 'reset', route: { address: `127.0.0.1:${a.port}`, transparentRetries: 0 } },
    ]);
    await until(() => inPicker(log) === 1);
    // Still listed, not used: the ghost costs nothing after the break.
    expect(await counts(c, 50)).toEqual({ b: 50 });
    expect(log.values('connectFailed')[0]).toMatchObject({ errorClass: 'refused', attempt: 1 });
    a.behave({ t: 'answer' });
    await a.restart();
    await until(() => inPicker(log) === 2);
    expect(await counts(c, 20)).toEqual({ a: 10, b: 10 });
  });

  it('nobody listens: fails at once in TRANSIENT_FAILURE, unless the call waits for ready', async () => {
    const pod = await listener('a');
    await pod.crash();
    const { channel: c } = channel(new ManualWatch([pod]));
    expect(await call(c)).toMatchObject({
      ok: false,
      errorClass: 'refused',
      code: 14,
      route: { address: undefined, attempts: 0 },
    });
    expect(c.state).toBe('TRANSIENT_FAILURE');
    expect(await call(c, true, 30)).toMatchObject({ ok: false, errorClass: 'deadline', code: 4 });
    const waiting = call(c, true);
    await pod.restart();
    expect(await waiting).toMatchObject({ ok: true });
  });

  it('an empty list is no_endpoints, and the next list heals it', async () => {
    const pod = await listener('a');
    const watch = new ManualWatch([]);
    const { channel: c, log } = channel(watch);
    expect(await call(c)).toMatchObject({ ok: false, errorClass: 'no_endpoints', code: 14 });
    watch.endpoints([pod]);
    await until(() => inPicker(log) === 1);
    expect(await call(c)).toMatchObject({ ok: true });
    watch.endpoints([]);
    expect(await call(c)).toMatchObject({ ok: false, errorClass: 'no_endpoints' });
  });

  it('a lost watch keeps the addresses and says so', async () => {
    const pod = await listener('a');
    const watch = new ManualWatch([pod]);
    const { channel: c, log } = channel(watch);
    await call(c);
    watch.state('lost', 'gone');
    expect(await call(c)).toMatchObject({ ok: true });
    expect(log.values('resolutionFailed')[0]).toMatchObject({ code: 'UNREACHABLE', effect: 'kept', trigger: 'watch' });
    expect(log.values('nextTrigger').at(-1)).toMatchObject({ kind: 'push' });
  });

  it('what no server worked on is sent again without counting as an error: refused streams once', async () => {
    const [a, b] = await Promise.all([listener('a'), listener('b')]);
    const { channel: c, log } = channel(new ManualWatch([a, b]));
    await call(c);
    await until(() => inPicker(log) === 2);
    a.behave({ t: 'reset', code: 7 });
    // One after the other: of two turns in a row one is a's, and its second attempt is b's turn.
    const outcomes = [await call(c), await call(c)];
    expect(outcomes.map((outcome) => outcome.ok)).toEqual([true, true]);
    expect(Math.max(...outcomes.map((outcome) => outcome.route.transparentRetries))).toBe(1);
    b.behave({ t: 'reset', code: 7 });
    expect(await call(c)).toMatchObject({
      ok: false,
      errorClass: 'unavailable',
      route: { attempts: 2, transparentRetries: 1 },
    });
  });

  it('a call above the last stream id of GOAWAY goes to another connection', async () => {
    const pod = await listener('a');
    const { channel: c } = channel(new ManualWatch([pod]));
    await call(c);
    pod.behave({ t: 'hold' });
    const held = call(c);
    await until(() => pod.calls === 2);
    pod.behave({ t: 'answer' });
    pod.goaway(0, 1);
    expect(await held).toMatchObject({ ok: true, route: { attempts: 2, transparentRetries: 1 } });
    expect(pod.connections).toBe(2);
  });

  it('a status from the server is never retried', async () => {
    const pod = await listener('a');
    pod.behave({ t: 'status', code: 14, message: 'no' });
    const { channel: c } = channel(new ManualWatch([pod]));
    expect(await call(c)).toMatchObject({
      ok: false,
      errorClass: 'unavailable',
      message: 'no',
      route: { attempts: 1 },
    });
    expect(pod.calls).toBe(1);
  });

  it('pick_first stays on one pod, and after its end the next call starts anew', async () => {
    const [a, b] = await Promise.all([listener('a'), listener('b')]);
    const { channel: c, log } = channel(new ManualWatch([a, b]), { policy: 'pick_first' });
    expect(await counts(c, 50)).toEqual({ a: 50 });
    expect(b.connections).toBe(0);
    await a.crash();
    await until(() => c.state === 'IDLE');
    expect(await counts(c, 10)).toEqual({ b: 10 });
    expect(log.values('disconnected')[0].reason).toBe('reset');
  });

  it('pick_first goes past an address that nobody listens at', async () => {
    const [dead, alive] = await Promise.all([listener('dead'), listener('alive')]);
    await dead.crash();
    const { channel: c, log } = channel(new ManualWatch([dead, alive]), { policy: 'pick_first' });
    expect(await counts(c, 5)).toEqual({ alive: 5 });
    expect(log.values('connectFailed')).toHaveLength(1);
  });

  it('least_request goes round a pod that holds its calls', async () => {
    const pods = await Promise.all(['a', 'b'].map((name) => listener(name)));
    const [a] = pods as [TestListener, TestListener];
    let draws = 0;
    // One of each for every pick.
    const random = () => (draws++ % 2) / 2;
    const { channel: c, log } = channel(new ManualWatch(pods), { policy: 'least_request', random });
    await call(c);
    await until(() => inPicker(log) === 2);
    a.behave({ t: 'hold' });
    const held = call(c);
    await until(() => a.calls >= 1 && a.connections === 1);
    expect(await counts(c, 40)).toEqual({ b: 40 });
    a.release();
    expect(await held).toMatchObject({ ok: true });
    a.behave({ t: 'answer' });
    const { a: again = 0 } = await counts(c, 40);
    expect(again).toBe(40);
  });

  it('random spreads by chance and loses a crashed pod at once', async () => {
    const [a, b] = await Promise.all([listener('a'), listener('b')]);
    let seed = 7;
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const { channel: c, log } = channel(new ManualWatch([a, b]), { policy: 'random', random });
    await call(c);
    await until(() => inPicker(log) === 2);
    const spread = await counts(c, 400);
    // Standard deviation 10.
    expect(Math.abs((spread.a ?? 0) - 200)).toBeLessThan(50);
    await b.crash();
    await until(() => inPicker(log) === 1);
    expect(await counts(c, 20)).toEqual({ a: 20 });
    await b.restart();
    await until(() => inPicker(log) === 2);
    expect(Object.keys(await counts(c, 40)).sort()).toEqual(['a', 'b']);
  });

  it('streams stay where they began, whatever the list says', async () => {
    const [a, b] = await Promise.all([listener('a'), listener('b')]);
    a.behave({ t: 'echo' });
    const watch = new ManualWatch([a]);
    const { channel: c, log } = channel(watch);
    const got: string[] = [];
    let more = () => {};
    async function* requests() {
      yield messageOf('one');
      await new Promise<void>((resolve) => {
        more = resolve;
      });
      yield messageOf('two');
    }
    const stream = c.stream({ path, requests: requests(), onMessage: (m) => got.push(nameOf(m)), timeoutMs: 5000 });
    await until(() => got.length === 1);
    watch.endpoints([b]);
    await until(() => log.values('pickerUpdated').at(-1)?.addresses[0] === `127.0.0.1:${b.port}`);
    more();
    expect(await stream).toMatchObject({ ok: true });
    expect(got).toEqual(['a', 'a']);
  });

  it('closes gracefully, and cuts what is left after the grace', async () => {
    const pod = await listener('a');
    const { channel: c } = channel(new ManualWatch([pod]));
    await call(c);
    pod.behave({ t: 'hold' });
    const held = call(c);
    await until(() => pod.calls === 2);
    const closing = c.close(5000);
    expect(await call(c)).toMatchObject({ ok: false, errorClass: 'unavailable', message: 'the channel is closed' });
    pod.release();
    expect(await held).toMatchObject({ ok: true });
    await closing;

    const other = channel(new ManualWatch([pod])).channel;
    const cut = call(other);
    await until(() => pod.calls === 3);
    await other.close(1);
    expect(await cut).toMatchObject({ ok: false, errorClass: 'reset' });
  });
});
