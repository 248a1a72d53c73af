import { describe, expect, it } from 'vitest';
import { addresses, PolicyBench } from '../testing/mock-subchannel.ts';
import { inHappyOrder, shuffled } from './order.ts';
import { PickFirst, type PickFirstOptions } from './pick-first.ts';

function bench(...hosts: string[]) {
  return benchWith({}, ...hosts);
}

function benchWith(options: PickFirstOptions, ...hosts: string[]) {
  const made = new PolicyBench();
  made.policy = new PickFirst(made.helper, options);
  made.policy.onAddresses(addresses(...hosts));
  return made;
}

describe('pick_first', () => {
  it('takes the first address that connects, and no other', () => {
    const b = bench('a', 'b', 'c');
    expect(b.created.map((child) => child.key)).toEqual(['a:1']);
    b.at('a:1').become('TRANSIENT_FAILURE');
    b.at('b:1').become('READY');
    expect(b.published).toEqual(['CONNECTING', 'READY b:1']);
    expect(b.picks(3)).toEqual(['b:1', 'b:1', 'b:1']);
    expect(b.at('a:1').state).toBe('SHUTDOWN');
    expect(b.created).toHaveLength(2);
  });

  it('goes IDLE on loss, asks for addresses, and the next call starts from the first again', () => {
    const b = bench('a', 'b');
    b.at('a:1').become('TRANSIENT_FAILURE');
    b.at('b:1').become('READY');
    b.at('b:1').become('IDLE');
    expect(b.published).toEqual(['CONNECTING', 'READY b:1', 'IDLE']);
    expect(b.requests).toEqual(['connection lost']);
    expect(b.created).toHaveLength(2);
    expect(b.picker?.pick()).toEqual({ t: 'queue' });
    expect(b.at('a:1').state).toBe('CONNECTING');
    expect(b.created.map((child) => child.key)).toEqual(['a:1', 'b:1', 'a:1']);
  });

  it('fails calls once every address failed, tries each when its backoff ends, and is failed until READY', () => {
    const b = bench('a', 'b');
    b.at('a:1').become('TRANSIENT_FAILURE');
    expect(b.published).toEqual(['CONNECTING']);
    b.at('b:1').become('TRANSIENT_FAILURE');
    expect(b.requests).toEqual(['connect failed']);
    expect(b.picker?.pick()).toMatchObject({ t: 'fail', errorClass: 'refused' });
    b.at('a:1').become('IDLE');
    expect(b.at('a:1').state).toBe('CONNECTING');
    expect(b.published.at(-1)).toBe('TRANSIENT_FAILURE');
    b.at('a:1').become('READY');
    expect(b.published).toEqual(['CONNECTING', 'TRANSIENT_FAILURE', 'READY a:1']);
    expect(b.at('b:1').state).toBe('SHUTDOWN');
  });

  it('stays on its pod when the list changes around it, and leaves when the pod is not listed', () => {
    const b = bench('a');
    b.at('a:1').become('READY');
    b.policy.onAddresses(addresses('b', 'a'));
    expect(b.picks(1)).toEqual(['a:1']);
    b.policy.onAddresses(addresses('b'));
    expect(b.at('a:1').state).toBe('SHUTDOWN');
    b.at('b:1').become('READY');
    expect(b.published).toEqual(['CONNECTING', 'READY a:1', 'CONNECTING', 'READY b:1']);
  });

  it('shuffles each list before it is used, where asked to (gRFC A62)', () => {
    const made = new PolicyBench();
    made.policy = new PickFirst(made.helper, { shuffle: true });
    made.draws = [0, 0.99];
    made.policy.onAddresses(addresses('a', 'b', 'c'));
    expect(made.created.map((child) => child.key)).toEqual(['c:1']);
    made.at('c:1').become('TRANSIENT_FAILURE');
    expect(made.created.map((child) => child.key)).toEqual(['c:1', 'b:1']);
  });

  it('an address that does not answer within 250 ms gets a rival, and the first to connect wins (gRFC A61)', async () => {
    const b = bench('a', 'b', 'c');
    await b.time.advance(249);
    expect(b.created).toHaveLength(1);
    await b.time.advance(1);
    expect(b.created.map((child) => child.key)).toEqual(['a:1', 'b:1']);
    await b.time.advance(250);
    expect(b.created).toHaveLength(3);
    b.at('b:1').become('READY');
    expect(b.published).toEqual(['CONNECTING', 'READY b:1']);
    expect([b.at('a:1').state, b.at('c:1').state]).toEqual(['SHUTDOWN', 'SHUTDOWN']);
    expect(b.time.pending).toBe(0);
  });

  it('a failed attempt starts the next at once; the pass is over when all have failed, the slow first one too', async () => {
    const b = bench('a', 'b', 'c');
    await b.time.advance(250);
    b.at('b:1').become('TRANSIENT_FAILURE');
    expect(b.created).toHaveLength(3);
    b.at('c:1').become('TRANSIENT_FAILURE');
    expect(b.published).toEqual(['CONNECTING']);
    b.at('a:1').become('TRANSIENT_FAILURE');
    expect(b.published).toEqual(['CONNECTING', 'TRANSIENT_FAILURE']);
    expect(b.requests).toEqual(['connect failed']);
    expect(b.time.pending).toBe(0);
  });

  it('asks as its client does: grpc-js with the next call, grpc-go after each failed attempt', () => {
    const js = benchWith({ asks: 'with the next call' }, 'a', 'b');
    js.at('a:1').become('READY');
    js.at('a:1').become('IDLE');
    expect(js.requests).toEqual([]);
    js.picker?.pick();
    expect(js.requests).toEqual(['next call']);
    // The old list is connected to meanwhile.
    expect(js.at('a:1').state).toBe('CONNECTING');
    const go = benchWith({ asksPerAttempt: true }, 'a', 'b');
    go.at('a:1').become('TRANSIENT_FAILURE');
    expect(go.requests).toEqual(['connect failed']);
    go.at('b:1').become('TRANSIENT_FAILURE');
    expect(go.requests).toEqual(['connect failed', 'connect failed']);
  });

  it('a new list while connecting starts anew, and leaves no timer behind', async () => {
    const b = bench('a', 'b');
    b.policy.onAddresses(addresses('c'));
    expect(b.at('a:1').state).toBe('SHUTDOWN');
    expect(b.time.pending).toBe(0);
    await b.time.advance(1_000);
    expect(b.created.map((child) => child.key)).toEqual(['a:1', 'c:1']);
  });
});

describe('the order of addresses', () => {
  it('families take turns, beginning with the first (RFC 8305)', () => {
    const hosts = (list: readonly { host: string }[]) => list.map(({ host }) => host);
    const list = addresses('::1', '::2', '10.0.0.1', '::3', '10.0.0.2');
    expect(hosts(inHappyOrder(list))).toEqual(['::1', '10.0.0.1', '::2', '10.0.0.2', '::3']);
    expect(hosts(inHappyOrder(addresses('b', 'a')))).toEqual(['b', 'a']);
    expect(inHappyOrder([])).toEqual([]);
  });

  it('every order is as likely as every other', () => {
    let seed = 1;
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const seen = new Map<string, number>();
    for (let n = 0; n < 6_000; n++) {
      const order = shuffled(addresses('a', 'b', 'c'), random)
        .map(({ host }) => host)
        .join('');
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    // Standard deviation of each count is about 29.
    for (const count of seen.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});
