import { describe, expect, it } from 'vitest';
import { addresses, PolicyBench } from '../testing/mock-subchannel.ts';
import { PickFirst } from './pick-first.ts';

function bench(...hosts: string[]) {
  const made = new PolicyBench();
  made.policy = new PickFirst(made.helper);
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
});
