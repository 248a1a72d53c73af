import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeTime } from '../balancing/testing/fake-time.ts';
import { createApi } from './http.ts';
import { createSliceWatch, SliceSet } from './slices.ts';
import { type FakeApi, quiet, startFakeApi, status, until } from './testing/fake-api.ts';
import { slice } from './testing/objects.ts';

function joined(...slices: unknown[]): string[] {
  const set = new SliceSet();
  set.replace(slices as never);
  return set.endpoints().map(({ ip, ready, serving, terminating }) => {
    const words = [ready && 'ready', serving && 'serving', terminating && 'terminating'].filter(Boolean);
    return `${ip} ${words.join(' ')}`.trim();
  });
}

test('nil ready is ready, nil serving follows it, nil terminating is not (KEP-1672)', () => {
  const nil = { ready: null, serving: null, terminating: null };
  expect(joined(slice('a', [{ ip: '10.0.0.1' }, { ip: '10.0.0.2', conditions: nil }]))).toEqual([
    '10.0.0.1 ready serving',
    '10.0.0.2 ready serving',
  ]);
  expect(joined(slice('a', [{ ip: '10.0.0.1', conditions: { ready: false } }]))).toEqual(['10.0.0.1']);
});

test('many slices are one set; an address in two of them counts once, the ready entry wins', () => {
  const leaving = { ready: false, serving: true, terminating: true };
  const one = slice('a', [{ ip: '10.0.0.1', conditions: leaving }, { ip: '10.0.0.3' }]);
  const two = slice('b', [{ ip: '10.0.0.1' }, { ip: '10.0.0.10' }]);
  const expected = ['10.0.0.1 ready serving', '10.0.0.3 ready serving', '10.0.0.10 ready serving'];
  expect(joined(one, two)).toEqual(expected);
  expect(joined(two, one)).toEqual(expected);
});

test('endpoints: null, no ports, and other address families', () => {
  expect(joined(slice('a', null))).toEqual([]);
  expect(joined({ metadata: { name: 'a' }, endpoints: [{ addresses: null }, null] })).toEqual([]);
  expect(joined(slice('a', [{ ip: 'fd00::1' }], { addressType: 'IPv6' }))).toEqual([]);
});

let server: FakeApi;
beforeEach(async () => {
  server = await startFakeApi();
});
afterEach(() => server.close());

test('the port of kube-watch lanes: ready endpoints after each list and event, slice deletion, forbidden', async () => {
  const time = new FakeTime();
  const connect = () => createApi({ server: server.url, credentials: async () => ({ headers: {}, tls: {} }) });
  const told: string[][] = [];
  const states: string[] = [];
  server.items.set('endpointslices', [slice('a', [{ ip: '10.0.0.1' }])]);
  const watch = createSliceWatch({ connect, timers: time, random: () => 0 }).watch(
    { namespace: 'ns', name: 'greeter' },
    'grpc',
    {
      onEndpoints: (addresses) => told.push(addresses.map(({ host, port }) => `${host}:${port}`)),
      onState: (state) => states.push(state),
    },
  );
  await until('the watch', () => server.watches.length === 1);
  expect(server.asked[0]!.path).toBe('/apis/discovery.k8s.io/v1/namespaces/ns/endpointslices');
  expect(server.asked[0]!.query.get('labelSelector')).toBe('kubernetes.io/service-name=greeter');
  const second = slice('b', [{ ip: '10.0.0.2' }, { ip: '10.0.0.3', conditions: { ready: false } }], {
    version: '201',
  });
  server.watches[0]!.send('ADDED', second);
  server.watches[0]!.send('MODIFIED', slice('a', [{ ip: '10.0.0.1', conditions: { ready: false } }]));
  server.watches[0]!.send('DELETED', second);
  await until('four answers', () => told.length === 4);
  expect(told).toEqual([['10.0.0.1:50051'], ['10.0.0.1:50051', '10.0.0.2:50051'], ['10.0.0.2:50051'], []]);
  expect(states).toEqual(['connecting', 'synced']);
  server.on(() => status(403));
  server.watches[0]!.cut();
  await until('lost', () => states.at(-1) === 'lost');
  await quiet(20);
  await time.advance(2_000);
  await until('forbidden', () => states.at(-1) === 'forbidden');
  expect(told).toHaveLength(4);
  watch.stop();
  await quiet();
  expect(time.pending).toBe(0);
});
