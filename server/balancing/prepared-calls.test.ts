import { describe, expect, it, onTestFinished } from 'vitest';
import { createConnectNodeTransport } from '../transport/connect-node/index.ts';
import { createHttp2Transport } from '../transport/http2/index.ts';
import type { TransportFactory } from '../transport/port.ts';
import { messageOf, nameOf, startListener, type TestListener } from '../transport/testing/listener.ts';
import { createChannel } from './channel.ts';
import type { CallResult, PreparedCalls, SentRoute } from './channel-port.ts';
import { EventLog } from './testing/events.ts';
import { ManualLookup } from './testing/manual-lookup.ts';
import { ManualWatch } from './testing/manual-watch.ts';
import { realTime } from './testing/real-time.ts';

async function listener(name: string, headers: Record<string, string> = {}): Promise<TestListener> {
  const made = await startListener(name, { headers });
  onTestFinished(() => made.crash());
  return made;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** A channel whose prepared calls are noted by slot. */
function prepared(watch: ManualWatch, transport: TransportFactory) {
  const log = new EventLog();
  const channel = createChannel({
    laneId: 'kubewatch',
    channelIndex: 0,
    target: 'greeter.lbscope:grpc',
    resolver: 'kubernetes',
    policy: 'round_robin',
    transport,
    lookup: new ManualLookup(realTime),
    sliceWatch: watch,
    events: log,
    clock: realTime,
    timers: realTime,
    random: () => 0,
  });
  onTestFinished(() => channel.close(0));
  const names: string[] = [];
  const fast: (SentRoute | undefined)[] = [];
  const results: (CallResult | undefined)[] = [];
  const sentAt: number[] = [];
  let ended = 0;
  const calls = channel.prepare?.(
    { path: '/lbscope.greeter.v1.Greeter/SayHello', message: messageOf('hello'), timeoutMs: 5_000 },
    {
      onMessage: (slot, bytes, start, end) => {
        names[slot] = nameOf(bytes.slice(start, end));
      },
      onAnswered: (slot, route) => {
        fast[slot] = route;
        ended += 1;
      },
      onResult: (slot, result) => {
        results[slot] = result;
        if (result.ok) names[slot] = nameOf(result.message);
        ended += 1;
      },
      sentAt: (slot) => sentAt[slot] as number,
    },
  ) as PreparedCalls;
  let next = 0;
  const send = (count: number): void => {
    for (let i = 0; i < count; i += 1) {
      sentAt[next] = realTime.now();
      calls.send(next, sentAt[next] as number);
      next += 1;
    }
  };
  const settled = () => until(() => ended === next);
  return { channel, log, send, settled, names, fast, results, ended: () => ended };
}

const inPicker = (log: EventLog): number => log.values('pickerUpdated').at(-1)?.addresses.length ?? 0;

describe.each([
  ['own transport', createHttp2Transport],
  ['connect-node', createConnectNodeTransport],
] as const)('prepared calls on %s', (_name, transport) => {
  it('wait for the first connection, then spread exactly evenly without a result of their own', async () => {
    const pods = await Promise.all(['a', 'b'].map((name) => listener(name, { 'lbscope-upstream-host': '10.0.0.9:1' })));
    const p = prepared(new ManualWatch(pods), transport());
    p.send(1);
    await p.settled();
    expect(p.results[0]).toMatchObject({ ok: true });
    await until(() => inPicker(p.log) === 2);
    p.send(100);
    await p.settled();
    expect(p.results.length).toBe(1);
    const later = p.names.slice(1);
    expect([later.filter((name) => name === 'a').length, later.filter((name) => name === 'b').length]).toEqual([
      50, 50,
    ]);
    expect(p.fast[1]).toMatchObject({ pick: expect.stringContaining('of 2'), attempts: 1, upstreamHost: '10.0.0.9:1' });
    // One route for all calls of one way.
    expect(new Set(p.fast.slice(1)).size).toBe(2);
    expect(p.fast[1]?.connectionId).toBe(
      p.log.of('connected').find((e) => e.address === p.fast[1]?.address)?.connectionId,
    );
  });

  it('a refused stream goes to another pod by itself; a lost connection is the outcome, with the call’s route', async () => {
    const [a, b] = await Promise.all([listener('a'), listener('b')]);
    const p = prepared(new ManualWatch([a, b]), transport());
    p.send(1);
    await p.settled();
    await until(() => inPicker(p.log) === 2);
    a.behave({ t: 'reset', code: 7 });
    for (let i = 0; i < 10; i += 1) {
      p.send(1);
      await p.settled();
    }
    const retried = p.results.filter((result) => result?.ok === true && result.route.transparentRetries > 0);
    expect(retried.length).toBeGreaterThan(0);
    expect(p.results.every((result) => result?.ok !== false)).toBe(true);
    expect(p.names.filter((name) => name === 'a').length).toBeLessThanOrEqual(1);
    a.behave({ t: 'hold' });
    b.behave({ t: 'hold' });
    const before = a.calls + b.calls;
    p.send(2);
    await until(() => a.calls + b.calls === before + 2);
    const open = p.ended();
    await b.crash();
    await until(() => p.ended() === open + 1);
    const lost = p.results.find((result) => result?.ok === false);
    expect(lost).toMatchObject({
      ok: false,
      errorClass: 'reset',
      route: { address: `127.0.0.1:${b.port}`, attempts: 1 },
    });
    expect(lost?.route.sentAt).toBeGreaterThan(0);
    a.release();
    await p.settled();
  });

  it('a channel that closes waits for them', async () => {
    const a = await listener('a');
    const p = prepared(new ManualWatch([a]), transport());
    p.send(1);
    await p.settled();
    a.behave({ t: 'hold' });
    p.send(3);
    await until(() => a.calls === 4);
    let closed = false;
    const closing = p.channel.close(5_000).then(() => {
      closed = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(closed).toBe(false);
    a.release();
    await p.settled();
    await closing;
    expect(p.names.slice(1)).toEqual(['a', 'a', 'a']);
  });
});
