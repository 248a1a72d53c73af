import { describe, expect, it, onTestFinished } from 'vitest';
import { createConnectNodeTransport } from '../transport/connect-node/index.ts';
import { createHttp2Transport } from '../transport/http2/index.ts';
import { messageOf, nameOf, startListener, type TestListener } from '../transport/testing/listener.ts';
import { createChannel, type WholeChannelOptions } from './channel.ts';
import type { Channel } from './channel-port.ts';
import type { RetrySpec } from './retry.ts';
import { EventLog } from './testing/events.ts';
import { ManualLookup } from './testing/manual-lookup.ts';
import { ManualWatch } from './testing/manual-watch.ts';
import { realTime } from './testing/real-time.ts';

const path = '/lbscope.greeter.v1.Greeter/SayHello';
const retry: RetrySpec = { maxAttempts: 3, initialBackoffMs: 1, maxBackoffMs: 5, backoffMultiplier: 2, codes: [14] };

async function listener(name: string): Promise<TestListener> {
  const made = await startListener(name);
  onTestFinished(() => made.crash());
  return made;
}

const transports = { lbscope: createHttp2Transport, 'connect-node': createConnectNodeTransport };

describe.each(Object.entries(transports))('retry policy on real sockets, transport %s', (_name, transport) => {
  function channel(pods: readonly TestListener[], options: Partial<WholeChannelOptions> = {}): Channel {
    const made = createChannel({
      laneId: 'kubewatch',
      channelIndex: 0,
      target: 'greeter.lbscope:grpc',
      resolver: 'kubernetes',
      policy: 'round_robin',
      transport: transport(),
      lookup: new ManualLookup(realTime),
      sliceWatch: new ManualWatch(pods),
      events: new EventLog(),
      clock: realTime,
      timers: realTime,
      random: () => 0.5,
      retry,
      ...options,
    });
    onTestFinished(() => made.close(0));
    return made;
  }
  const call = (to: Channel, timeoutMs = 5_000) => to.unary({ path, message: messageOf('hello'), timeoutMs });

  it('tries a status again that the policy names, and tells the server', async () => {
    const pod = await listener('a');
    const c = channel([pod]);
    pod.behave({ t: 'status', code: 14, message: 'no', times: 2 });
    const result = await call(c);
    expect(result).toMatchObject({ ok: true, route: { attempts: 3, policyRetries: 2, transparentRetries: 0 } });
    expect(nameOf(result.ok ? result.message : undefined)).toBe('a');
    expect(pod.lastHeaders['grpc-previous-rpc-attempts']).toBe('2');
  });

  it('gives up after maxAttempts with the last failure, and at once for other codes', async () => {
    const pod = await listener('a');
    const c = channel([pod]);
    pod.behave({ t: 'status', code: 14, message: 'no' });
    expect(await call(c)).toMatchObject({ ok: false, code: 14, message: 'no', route: { attempts: 3 } });
    pod.behave({ t: 'status', code: 13, message: 'broken' });
    expect(await call(c)).toMatchObject({ ok: false, code: 13, route: { attempts: 1, policyRetries: 0 } });
  });

  it('a call is committed once response headers came', async () => {
    const pod = await listener('a');
    const c = channel([pod]);
    pod.behave({ t: 'status', code: 14, message: 'late', late: true });
    expect(await call(c)).toMatchObject({ ok: false, message: 'late', route: { attempts: 1, policyRetries: 0 } });
  });

  it('obeys pushback', async () => {
    const pod = await listener('a');
    const c = channel([pod]);
    const trailers = (ms: string) => ({ 'grpc-retry-pushback-ms': ms });
    pod.behave({ t: 'status', code: 14, message: 'no', trailers: trailers('-1') });
    expect(await call(c)).toMatchObject({ ok: false, route: { attempts: 1 } });
    pod.behave({ t: 'status', code: 14, message: 'no', trailers: trailers('2'), times: 1 });
    expect(await call(c)).toMatchObject({ ok: true, route: { attempts: 2 } });
    // Longer than the call may take: its deadline ends it.
    pod.behave({ t: 'status', code: 14, message: 'no', trailers: trailers('60000') });
    expect(await call(c, 1_500)).toMatchObject({
      ok: false,
      errorClass: 'deadline',
      message: expect.stringContaining('no'),
    });
  });

  it('the next attempt picks anew, and a reset is tried again only by policy', async () => {
    const [a, b] = await Promise.all([listener('a'), listener('b')]);
    const c = channel([a, b]);
    await call(c);
    while (a.connections + b.connections < 2) await new Promise((resolve) => setTimeout(resolve, 2));
    a.behave({ t: 'status', code: 14, message: 'no' });
    const outcomes = [await call(c), await call(c), await call(c), await call(c)];
    expect(outcomes.map((outcome) => outcome.ok)).toEqual([true, true, true, true]);
    expect(outcomes.some((outcome) => (outcome.route.policyRetries ?? 0) > 0)).toBe(true);
  });

  it('the budget ends retries for all calls of the channel', async () => {
    const pod = await listener('a');
    const c = channel([pod], { retry: { ...retry, budget: { tokens: 4, ratio: 1 } } });
    pod.behave({ t: 'status', code: 14, message: 'no' });
    const attempts: number[] = [];
    for (let n = 0; n < 3; n++) attempts.push((await call(c)).route.attempts);
    // 4 tokens: the first failure leaves 3, the second 2, which is half.
    expect(attempts).toEqual([2, 1, 1]);
  });

  it('a pick in TRANSIENT_FAILURE is tried again by policy', async () => {
    const pod = await listener('a');
    await pod.crash();
    const c = channel([pod], { retry: { ...retry, initialBackoffMs: 2_000, maxBackoffMs: 2_000 } });
    const first = call(c, 10_000);
    while (c.state !== 'TRANSIENT_FAILURE') await new Promise((resolve) => setTimeout(resolve, 2));
    await pod.restart();
    expect(await first).toMatchObject({ ok: true, route: { policyRetries: 1, attempts: 1 } });
  });
});
