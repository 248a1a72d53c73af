import { expect, test } from 'vitest';
import type { Address } from '../transport/port.ts';
import { createResolver } from './spec.ts';
import { FakeTime } from './testing/fake-time.ts';
import { ManualLookup } from './testing/manual-lookup.ts';

test.each(['127.0.0.7', '[::1]'])('dns: %s is taken as it is, and nobody is asked', (host) => {
  const time = new FakeTime(0);
  const lookup = new ManualLookup(time);
  const resolved: Address[][] = [];
  const resolver = createResolver(
    { target: `${host}:50051`, resolver: 'dns', policy: 'round_robin', profile: 'grpc-js' },
    { lookup, sliceWatch: undefined, clock: time, timers: time, random: Math.random },
    { onStarted() {}, onNext() {}, onFailed() {}, onResolved: (addresses) => void resolved.push([...addresses]) },
  );
  resolver.start();
  resolver.request('connection lost');
  expect(resolved).toEqual([[{ host: host.replace(/[[\]]/g, ''), port: 50051 }]]);
  expect(lookup.askedAt).toEqual([]);
  resolver.stop();
});
