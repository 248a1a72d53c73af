import { describe, expect, it } from 'vitest';
import type { DnsProfileName } from '../../../model/words.ts';
import { FakeTime } from '../testing/fake-time.ts';
import { ManualLookup } from '../testing/manual-lookup.ts';
import { DnsResolver } from './dns.ts';
import type { FailureCode, Next, ResolutionFailure } from './port.ts';
import { type DnsOverrides, dnsProfile } from './profiles.ts';

function bench(profile: DnsProfileName, overrides: DnsOverrides = {}, random = () => 0.5) {
  const time = new FakeTime(0);
  const lookup = new ManualLookup(time);
  const failures: ResolutionFailure[] = [];
  const nexts: Next[] = [];
  const triggers: string[] = [];
  const resolver = new DnsResolver(
    {
      host: 'x',
      port: 1,
      profile: dnsProfile(profile, overrides),
      lookup,
      clock: time,
      timers: time,
      random,
    },
    {
      onStarted: (trigger) => triggers.push(trigger),
      onResolved: () => {},
      onFailed: (failure) => failures.push(failure),
      onNext: (next) => nexts.push(next),
    },
  );
  return { time, lookup, resolver, failures, nexts, triggers };
}

const fails = (code: FailureCode) => ({ ok: false, code, message: '' }) as const;

describe('DNS re-resolution', () => {
  it.each(['grpc-go', 'grpc-js', 'grpc-java'] as const)(
    '%s asks once in 30 minutes while nothing breaks',
    async (p) => {
      const b = bench(p);
      b.resolver.start();
      await b.time.advance(1_800_000);
      expect(b.lookup.askedAt).toEqual([0]);
      expect(b.nexts.at(-1)).toMatchObject({ t: 'on_loss', note: undefined });
      expect(b.time.pending).toBe(0);
    },
  );

  it('grpc-go, pod crashed at 10 s: lookups at 30.06 and 60.06', async () => {
    const b = bench('grpc-go');
    b.lookup.tookMs = 60;
    b.resolver.start();
    await b.time.advance(1000);
    b.lookup.tookMs = 0;
    await b.time.advance(9000);
    b.resolver.request('connection lost');
    expect(b.nexts.at(-1)).toEqual({ t: 'timer', at: 30_060, why: 'at most one lookup per 30 s' });
    // The reconnect fails until the container is back.
    await b.time.advance(1000);
    b.resolver.request('connect failed');
    await b.time.advance(200_000);
    expect(b.lookup.askedAt).toEqual([0, 30_060, 60_060]);
    expect(b.triggers).toEqual(['first use', 'floor reached', 'floor reached']);
  });

  it('grpc-js counts from the start of the lookup, and requests before the mark are one', async () => {
    const b = bench('grpc-js');
    b.lookup.tookMs = 60;
    b.resolver.start();
    for (let n = 0; n < 5; n++) {
      await b.time.advance(2000);
      b.resolver.request('connect failed');
    }
    await b.time.advance(200_000);
    expect(b.lookup.askedAt).toEqual([0, 30_000]);
  });

  it('grpc-java forgets requests within 30 s of a success', async () => {
    const b = bench('grpc-java');
    b.resolver.start();
    await b.time.advance(10_000);
    b.resolver.request('connection lost');
    await b.time.advance(190_000);
    expect(b.lookup.askedAt).toEqual([0]);
    b.resolver.request('connection lost');
    expect(b.lookup.askedAt).toEqual([0, 200_000]);
  });

  it('asks at once when the answer is older than 30 s', async () => {
    for (const profile of ['grpc-go', 'grpc-js', 'grpc-java'] as const) {
      const b = bench(profile);
      b.resolver.start();
      await b.time.advance(45_000);
      b.resolver.request('connection lost');
      expect(b.lookup.askedAt).toEqual([0, 45_000]);
    }
  });

  it.each([
    ['grpc-go', 'NXDOMAIN', 'dropped'],
    ['grpc-go', 'EMPTY', 'dropped'],
    ['grpc-go', 'SERVFAIL', 'kept'],
    ['grpc-go', 'TIMEOUT', 'kept'],
    ['grpc-js', 'NXDOMAIN', 'kept'],
    ['grpc-js', 'EMPTY', 'dropped'],
    ['grpc-js', 'REFUSED', 'kept'],
    ['grpc-java', 'NXDOMAIN', 'kept'],
    ['grpc-java', 'EMPTY', 'kept'],
    ['grpc-java', 'SERVFAIL', 'kept'],
  ] as const)('%s on %s: addresses are %s', async (profile, code, effect) => {
    const b = bench(profile);
    b.lookup.outcome = fails(code);
    b.resolver.start();
    await b.time.advance(0);
    expect(b.failures).toEqual([{ code, message: '', effect }]);
  });

  it.each(['NXDOMAIN', 'EMPTY', 'SERVFAIL', 'TIMEOUT'] as const)(
    'grpc-java with pick_first on %s: its connection goes, whatever it is; retries bring addresses back',
    async (code) => {
      const b = bench('grpc-java', { policy: 'pick_first' });
      b.resolver.start();
      await b.time.advance(45_000);
      b.lookup.outcome = fails(code);
      b.resolver.request('connection lost');
      await b.time.advance(0);
      expect(b.failures).toEqual([{ code, message: '', effect: 'dropped' }]);
      b.lookup.outcome = { ok: true, addresses: ['10.0.0.1'] };
      await b.time.advance(30_000);
      expect(b.triggers.at(-1)).toBe('retry after failure');
      expect(b.failures).toHaveLength(1);
    },
  );

  it.each([
    ['grpc-go', [0, 1600, 4160, 8256]],
    ['grpc-js', [0, 1000, 2600, 5160]],
  ] as const)('%s tries a failed lookup again by itself', async (profile, at) => {
    const b = bench(profile);
    b.lookup.outcome = fails('SERVFAIL');
    b.resolver.start();
    await b.time.advance(9000);
    expect(b.lookup.askedAt.map(Math.round)).toEqual(at);
    await b.time.advance(3_600_000);
    const gaps = b.lookup.askedAt.map((asked, n) => asked - (b.lookup.askedAt[n - 1] ?? asked));
    expect(Math.max(...gaps)).toBeCloseTo(120_000);
  });

  it.each([
    ['grpc-js', [0, 1_000, 2_600, 5_160, 9_256]],
    ['grpc-go', [0, 1_900, 4_760, 9_156]],
  ] as const)('%s: what a backoff counts from, where lookups take 300 ms to fail', async (profile, expected) => {
    const b = bench(profile);
    b.lookup.tookMs = 300;
    b.lookup.outcome = fails('SERVFAIL');
    b.resolver.start();
    await b.time.advance(10_000);
    expect(b.lookup.askedAt.map(Math.round)).toEqual(expected);
  });

  it('grpc-java: the JVM keeps a failure for 10 s, so retries within that time ask nobody', async () => {
    const b = bench('grpc-java');
    b.lookup.outcome = fails('SERVFAIL');
    b.resolver.start();
    await b.time.advance(9_000);
    expect(b.lookup.askedAt).toEqual([0]);
    // Retries at 1, 2.6, 5.16 and 9.256 s fail out of the cache; the one at 15.81 s asks.
    await b.time.advance(9_000);
    expect(b.lookup.askedAt.map(Math.round)).toEqual([0, 15_810]);
    expect(b.failures).toHaveLength(2);
    b.lookup.outcome = { ok: true, addresses: ['10.0.0.1'] };
    await b.time.advance(60_000);
    expect(b.lookup.askedAt).toHaveLength(3);
    await b.time.advance(3_600_000);
    expect(b.lookup.askedAt).toHaveLength(3);
  });

  it('grpc-java: requests while a failure is kept do not put off the retry', async () => {
    const b = bench('grpc-java');
    b.lookup.outcome = fails('NXDOMAIN');
    b.resolver.start();
    for (let n = 0; n < 9; n++) {
      await b.time.advance(1_000);
      b.resolver.request('connect failed');
    }
    await b.time.advance(9_000);
    expect(b.lookup.askedAt.map(Math.round)).toEqual([0, 15_810]);
  });

  it('grpc-js: once it has had addresses, a failed lookup is tried again only if somebody asks', async () => {
    const b = bench('grpc-js');
    b.resolver.start();
    await b.time.advance(40_000);
    b.lookup.outcome = fails('NXDOMAIN');
    b.resolver.request('connection lost');
    await b.time.advance(600_000);
    expect(b.lookup.askedAt).toEqual([0, 40_000]);
    // The failure left no floor behind it; and a request during the backoff is what the next lookup comes from.
    b.resolver.request('connection lost');
    await b.time.advance(500);
    b.resolver.request('connect failed');
    await b.time.advance(600_000);
    expect(b.lookup.askedAt).toHaveLength(4);
    expect(b.failures).toHaveLength(3);
  });

  it.each([
    // Each step is 1.2 x the curve's.
    ['grpc-go', [0, 1_920, 4_992, 9_907.2]],
    ['grpc-java', [0, 1_200, 3_120, 6_192]],
    // The first has no jitter; from then on each is 1.2 x 1.6 x the one before.
    ['grpc-js', [0, 1_000, 2_920, 6_606.4]],
  ] as const)('%s: jitter adds up from step to step in grpc-js only', async (profile, expected) => {
    const b = bench(profile, {}, () => 1);
    b.lookup.outcome = fails('SERVFAIL');
    b.resolver.start();
    // grpc-java's own retries; the JVM would repeat the failure for 10 s.
    await b.time.advance(10_000);
    const retries = b.nexts.flatMap((next) => (next.t === 'timer' ? [next.at] : []));
    expect([0, ...retries].slice(0, 4).map((at) => Math.round(at * 10) / 10)).toEqual(expected);
  });

  it('polls only when asked to', async () => {
    const b = bench('poll', { pollIntervalMs: 5000 });
    b.resolver.start();
    await b.time.advance(7000);
    b.resolver.request('connection lost');
    await b.time.advance(5000);
    expect(b.lookup.askedAt).toEqual([0, 5000, 10_000]);
  });

  it('is silent once stopped', async () => {
    const b = bench('grpc-go');
    b.lookup.tookMs = 50;
    b.resolver.start();
    b.resolver.stop();
    await b.time.advance(100_000);
    b.resolver.request('connection lost');
    expect(b.lookup.askedAt).toEqual([0]);
    expect(b.time.pending).toBe(0);
  });

  it.each([
    ['grpc-go', 30_000],
    ['grpc-js', 30_000],
    ['grpc-java', undefined],
  ] as const)('%s: a floor of its own is kept and named wherever it is shown', async (profile, deferredTo) => {
    const b = bench(profile, { floorMs: 5_000 });
    b.resolver.start();
    await b.time.advance(2_000);
    expect(b.nexts.at(-1)).toMatchObject({ t: 'on_loss', note: 'at most one lookup per 5 s, shortened from 30 s' });
    b.resolver.request('connection lost');
    if (deferredTo !== undefined) {
      expect(b.nexts.at(-1)).toEqual({
        t: 'timer',
        at: 5_000,
        why: 'at most one lookup per 5 s, shortened from 30 s',
      });
    }
    await b.time.advance(10_000);
    expect(b.lookup.askedAt).toEqual(deferredTo === undefined ? [0] : [0, 5_000]);
    b.resolver.request('connection lost');
    expect(b.lookup.askedAt).toHaveLength(deferredTo === undefined ? 2 : 3);
  });

  it('grpc-java with networkaddress.cache.ttl: negative keeps the first answer for good, 0 asks each time', async () => {
    const never = bench('grpc-java', { floorMs: Number.POSITIVE_INFINITY });
    never.lookup.outcome = fails('SERVFAIL');
    never.resolver.start();
    await never.time.advance(500);
    never.lookup.outcome = { ok: true, addresses: ['10.0.0.1'] };
    await never.time.advance(20_000);
    expect(never.lookup.askedAt.map(Math.round)).toEqual([0, 15_810]);
    expect(never.nexts.at(-1)).toEqual({ t: 'never', why: 'the first answer is kept for good, in place of 30 s' });
    await never.time.advance(3_600_000);
    never.resolver.request('connection lost');
    await never.time.advance(3_600_000);
    expect(never.lookup.askedAt).toHaveLength(2);
    const always = bench('grpc-java', { floorMs: 0 });
    always.resolver.start();
    for (let n = 0; n < 3; n++) {
      await always.time.advance(1);
      always.resolver.request('connection lost');
    }
    expect(always.lookup.askedAt).toHaveLength(4);
    expect(always.nexts.find(({ t }) => t === 'on_loss')).toMatchObject({
      note: 'no least time between lookups, shortened from 30 s',
    });
  });

  it('grpc-java says that an early request is forgotten', async () => {
    const b = bench('grpc-java');
    b.resolver.start();
    await b.time.advance(0);
    expect(b.nexts.at(-1)).toEqual({ t: 'on_loss', onceOlderThanMs: 30_000, note: undefined });
  });
});
