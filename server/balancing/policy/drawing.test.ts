import { describe, expect, it } from 'vitest';
import type { MockSubchannel } from '../testing/mock-subchannel.ts';
import { addresses, PolicyBench } from '../testing/mock-subchannel.ts';
import { LeastRequest } from './least-request.ts';
import type { Policy } from './port.ts';
import { RandomPolicy } from './random.ts';

function bench(make: (b: PolicyBench) => Policy<MockSubchannel>, ...hosts: string[]) {
  const b = new PolicyBench();
  b.policy = make(b);
  b.policy.onAddresses(addresses(...hosts));
  return b;
}

const policies = {
  least_request: (b: PolicyBench) => new LeastRequest(b.helper, 2),
  random: (b: PolicyBench) => new RandomPolicy(b.helper),
};

describe.each(Object.entries(policies))('%s', (name, make) => {
  it('aggregates as round_robin does: READY if one is, else CONNECTING, else TRANSIENT_FAILURE', () => {
    const b = bench(make, 'a', 'b');
    expect(b.policy.name).toBe(name);
    expect(b.created.map((child) => child.state)).toEqual(['CONNECTING', 'CONNECTING']);
    b.at('a:1').become('TRANSIENT_FAILURE');
    b.at('b:1').become('READY');
    b.at('b:1').become('IDLE');
    b.at('b:1').become('TRANSIENT_FAILURE');
    b.at('a:1').become('IDLE');
    b.at('a:1').become('READY');
    expect(b.published).toEqual(['CONNECTING', 'READY b:1', 'CONNECTING', 'TRANSIENT_FAILURE', 'READY a:1']);
    expect(b.picker?.pick()).toMatchObject({ t: 'complete', how: expect.stringContaining(`${name}, 1 of 1`) });
  });

  it('picks READY children only', () => {
    const b = bench(make, 'a', 'b', 'c');
    for (const key of ['a:1', 'b:1', 'c:1']) b.at(key).become('READY');
    b.at('b:1').become('IDLE');
    b.draws = Array.from({ length: 200 }, (_, n) => (n % 100) / 100);
    expect(new Set(b.picks(100))).toEqual(new Set(['a:1', 'c:1']));
  });
});

describe('least_request (gRFC A48)', () => {
  const ready = (choices: number) => {
    const b = bench((made) => new LeastRequest(made.helper, choices), 'a', 'b', 'c', 'd');
    for (const child of b.created) child.become('READY');
    return b;
  };

  it('takes the one with fewer calls in flight of those drawn, and the first drawn among equals', () => {
    const b = ready(2);
    b.at('a:1').inFlight = 3;
    b.at('b:1').inFlight = 1;
    b.draws = [0, 0.25, 0.25, 0, 0, 0, 0.75, 0.5];
    expect(b.picks(4)).toEqual(['b:1', 'b:1', 'a:1', 'd:1']);
    expect(b.draws).toEqual([]);
  });

  it('draws as many as it is told, 2 to 10', () => {
    const b = ready(3);
    b.at('a:1').inFlight = 2;
    b.at('b:1').inFlight = 1;
    b.draws = [0, 0.25, 0.5];
    expect(b.picks(1)).toEqual(['c:1']);
    const fewest = ready(1);
    fewest.draws = [0, 0.25];
    fewest.at('a:1').inFlight = 1;
    expect(fewest.picks(1)).toEqual(['b:1']);
  });

  it('sees the calls in flight of this moment, not those of when the picker was made', () => {
    const b = ready(2);
    b.draws = [0, 0.25, 0, 0.25];
    expect(b.picks(1)).toEqual(['a:1']);
    b.at('a:1').inFlight = 1;
    expect(b.picks(1)).toEqual(['b:1']);
  });
});

describe('random', () => {
  it('each draw decides for itself', () => {
    const b = bench(policies.random, 'a', 'b');
    for (const child of b.created) child.become('READY');
    b.draws = [0.1, 0.9, 0.9, 0.2];
    expect(b.picks(4)).toEqual(['a:1', 'b:1', 'b:1', 'a:1']);
  });
});
