import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeTime } from '../balancing/testing/fake-time.ts';
import { createApi } from './http.ts';
import { createKuberesolverWatch } from './kuberesolver.ts';
import { type FakeApi, quiet, startFakeApi, status, until } from './testing/fake-api.ts';
import { slice } from './testing/objects.ts';

let server: FakeApi;
beforeEach(async () => {
  server = await startFakeApi();
});
afterEach(() => server.close());

function start(port: number | string = 'grpc') {
  const time = new FakeTime(0);
  const connect = () => createApi({ server: server.url, credentials: async () => ({ headers: {}, tls: {} }) });
  const told: string[] = [];
  const states: string[] = [];
  const watch = createKuberesolverWatch({ connect, timers: time }).watch({ namespace: 'ns', name: 'greeter' }, port, {
    onEndpoints: (addresses) => told.push(addresses.map(({ host }) => host).join(' ')),
    onState: (state, message) => states.push(message === '' ? state : `${state}: ${message}`),
  });
  return { time, told, states, watch };
}

const ready = (ip: string) => ({ ip, conditions: { ready: true } });

test('only the slice that changed last counts; empty ones and ERROR are ignored; a deleted one comes back', async () => {
  const { told, states, watch } = start();
  await until('the watch', () => server.watches.length === 1);
  const [open] = server.watches;
  expect(server.lists('endpointslices')).toEqual([]);
  expect(open?.asked.query.get('resourceVersion')).toBeNull();
  expect(open?.asked.query.get('labelSelector')).toBe('kubernetes.io/service-name=greeter');
  open?.send('ADDED', slice('a', [ready('10.0.0.1'), ready('10.0.0.2')]));
  open?.send('ADDED', slice('b', [ready('10.0.0.3'), { ip: '10.0.0.4', conditions: { ready: null } }]));
  open?.send('MODIFIED', slice('a', [{ ip: '10.0.0.1', conditions: { ready: false } }]));
  open?.send('MODIFIED', slice('b', null));
  open?.send('ERROR', { kind: 'Status', code: 410, reason: 'Expired' });
  open?.send('DELETED', slice('a', [ready('10.0.0.1')]));
  await until('three lists', () => told.length === 3);
  await quiet(20);
  expect(told).toEqual(['10.0.0.1 10.0.0.2', '10.0.0.3', '10.0.0.1']);
  expect(states).toEqual(['connecting', 'synced']);
  watch.stop();
});

test('reconnects after 1, 2, 4, 8, 16 s and round again, however the watch went', async () => {
  const { time, states, watch } = start();
  const waits: number[] = [];
  for (let n = 0; n < 7; n++) {
    await until('a watch', () => server.watches.length === 1 && states.at(-1) === 'synced');
    server.watches[0]?.end();
    await until('its end', () => states.at(-1)?.startsWith('lost') === true && server.watches.length === 0);
    waits.push(Number(/in (\d+) s$/.exec(states.at(-1) ?? '')?.[1]));
    const asked = server.asked.length;
    await time.advance((waits.at(-1) ?? 0) * 1_000 - 1);
    await quiet(5);
    expect(server.asked.length).toBe(asked);
    await time.advance(1);
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 1, 2]);
  watch.stop();
});

test('lists every 30 min, and the last slice of the list remains; a refusal is told', async () => {
  const { time, told, states, watch } = start(50051);
  await until('the watch', () => server.watches.length === 1);
  server.items.set('endpointslices', [slice('a', [ready('10.0.0.1')]), slice('b', [ready('10.0.0.2')])]);
  await time.advance(1_799_999);
  await quiet(10);
  expect(server.lists('endpointslices')).toHaveLength(0);
  await time.advance(1);
  await until('the list', () => told.length === 2);
  expect(told).toEqual(['10.0.0.1', '10.0.0.2']);
  server.on(() => status(403));
  server.watches[0]?.cut();
  await until('lost', () => states.at(-1)?.startsWith('lost') === true);
  await time.advance(1_000);
  await until('forbidden', () => states.at(-1)?.startsWith('forbidden') === true);
  expect(states.at(-1)).toBe('forbidden: not allowed to watch endpointslices in namespace ns');
  watch.stop();
});
