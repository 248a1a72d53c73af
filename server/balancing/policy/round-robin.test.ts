import { describe, expect, it } from 'vitest';
import { addresses, PolicyBench } from '../testing/mock-subchannel.ts';
import { RoundRobin } from './round-robin.ts';

function bench(...hosts: string[]) {
  const made = new PolicyBench();
  made.policy = new RoundRobin(made.helper);
  made.policy.onAddresses(addresses(...hosts));
  return made;
}

describe('round_robin', () => {
  it('connects to all at once and picks READY children in turn', () => {
    const b = bench('a', 'b', 'c');
    expect(b.created.map((child) => child.state)).toEqual(['CONNECTING', 'CONNECTING', 'CONNECTING']);
    for (const key of ['b:1', 'a:1', 'c:1']) b.at(key).become('READY');
    expect(b.published).toEqual(['CONNECTING', 'READY b:1', 'READY a:1 b:1', 'READY a:1 b:1 c:1']);
    const counts = Map.groupBy(b.picks(300), (key) => key);
    expect([...counts.values()].map((picks) => picks.length)).toEqual([100, 100, 100]);
    expect(b.requests).toEqual([]);
  });

  it('a lost child leaves the picker, asks for addresses and reconnects at once', () => {
    const b = bench('a', 'b');
    b.at('a:1').become('READY');
    b.at('b:1').become('READY');
    b.at('a:1').become('IDLE');
    expect(b.requests).toEqual(['connection lost']);
    expect(b.at('a:1').state).toBe('CONNECTING');
    expect(b.picks(4)).toEqual(['b:1', 'b:1', 'b:1', 'b:1']);
    b.at('a:1').become('TRANSIENT_FAILURE');
    expect(b.requests).toEqual(['connection lost', 'connect failed']);
    // A ghost costs nothing after the break: all picks still succeed.
    expect(new Set(b.picks(10))).toEqual(new Set(['b:1']));
    b.at('a:1').become('IDLE');
    expect(b.at('a:1').state).toBe('CONNECTING');
  });

  it('is failed only when all children are, and stays so until one is READY', () => {
    const b = bench('a', 'b');
    b.at('a:1').become('TRANSIENT_FAILURE');
    expect(b.published.at(-1)).toBe('CONNECTING');
    b.at('b:1').become('TRANSIENT_FAILURE');
    expect(b.picker?.pick()).toEqual({ t: 'fail', errorClass: 'refused', message: 'b:1: refused' });
    b.at('a:1').become('IDLE');
    expect(b.at('a:1').state).toBe('CONNECTING');
    expect(b.published.at(-1)).toBe('TRANSIENT_FAILURE');
    b.at('a:1').become('READY');
    expect(b.published).toEqual(['CONNECTING', 'TRANSIENT_FAILURE', 'READY a:1']);
  });

  it('keeps children, order and turn when the list is shuffled or grows', () => {
    const b = bench('a', 'b', 'c');
    for (const key of ['a:1', 'b:1', 'c:1']) b.at(key).become('READY');
    b.picks(3);
    const [first] = b.picks(1);
    b.policy.onAddresses(addresses('d', 'c', 'b', 'a', 'a'));
    expect(b.created.map((child) => child.key)).toEqual(['a:1', 'b:1', 'c:1', 'd:1']);
    b.at('d:1').become('READY');
    expect(b.published.at(-1)).toBe('READY a:1 b:1 c:1 d:1');
    expect(first).not.toBe(b.picks(1)[0]);
  });

  it('a removed child is out of the picker before it shuts down', () => {
    const b = bench('a', 'b');
    for (const key of ['a:1', 'b:1']) b.at(key).become('READY');
    b.policy.onAddresses(addresses('b'));
    expect(b.at('a:1').state).toBe('SHUTDOWN');
    expect(b.published.at(-1)).toBe('READY b:1');
    expect(b.requests).toEqual([]);
  });

  it('grpc-js asks on any report of a child other than READY while the whole is READY', () => {
    const b = new PolicyBench();
    b.policy = new RoundRobin(b.helper, { whileConnecting: true });
    b.policy.onAddresses(addresses('a', 'b'));
    expect(b.requests).toEqual([]);
    for (const key of ['a:1', 'b:1']) b.at(key).become('READY');
    b.at('a:1').become('IDLE');
    expect(b.requests).toEqual(['connection lost', 'connecting']);
    b.policy.onAddresses(addresses('a', 'b', 'c'));
    expect(b.requests).toEqual(['connection lost', 'connecting', 'connecting']);
    // Not while the whole is something else.
    b.at('b:1').become('TRANSIENT_FAILURE');
    b.at('b:1').become('IDLE');
    expect(b.requests.slice(3)).toEqual(['connect failed']);
  });
});
