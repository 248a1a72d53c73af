import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeTime } from '../balancing/testing/fake-time.ts';
import type { EventInit } from '../events/port.ts';
import { AttributionMirror } from '../traffic/attribution.ts';
import { createApi } from './http.ts';
import { type FakeApi, json, quiet, startFakeApi, status, until } from './testing/fake-api.ts';
import { pod, slice } from './testing/objects.ts';
import { Truth } from './truth.ts';

let server: FakeApi;
let time: FakeTime;
let truth: Truth;
let events: EventInit[];
let refused: Set<string>;
/** What the drivers are told. */
let attribution: AttributionMirror;

beforeEach(async () => {
  server = await startFakeApi();
  refused = new Set();
  server.on((asked) => {
    const resource = asked.path.split('/').at(-1) ?? '';
    if (refused.has(resource)) return status(403);
    if (!asked.path.endsWith('/services/greeter')) return 'default';
    return (_a, response) => json(response, 200, { spec: { selector: { app: 'greeter' } } });
  });
  server.items.set('deployments', [
    { metadata: { name: 'greeter', generation: 1 }, spec: { replicas: 2 }, status: { readyReplicas: 2 } },
  ]);
  time = new FakeTime();
  events = [];
  attribution = new AttributionMirror();
});

afterEach(async () => {
  truth.stop();
  await server.close();
});

function start(): void {
  truth = new Truth({
    api: createApi({ server: server.url, credentials: async () => ({ headers: {}, tls: {} }) }),
    namespace: 'ns',
    service: 'greeter',
    deployment: 'greeter',
    port: 50_051,
    clock: time,
    timers: time,
    random: () => 0,
    events: { emit: (event) => events.push(event) },
    onAttribution: (table) => attribution.replace(structuredClone(table)),
  });
  truth.start();
}

/** Events of these kinds as short lines. */
function told(...kinds: string[]): string[] {
  return events
    .filter((event) => kinds.length === 0 || kinds.includes(event.kind?.case ?? ''))
    .map((event) => {
      const kind = event.kind!;
      if (kind.case === 'sliceChanged') return `slice +[${kind.value.added}] -[${kind.value.removed}]`;
      if (kind.case === 'watchState') return `${kind.value.resource} ${kind.value.state}`;
      return `${kind.case} ${event.podUid ?? ''}`.trim();
    });
}

const podKinds = ['podAdded', 'podReady', 'podUnready', 'podTerminating', 'podRestarted', 'podGone'];

async function settled(watches = 3): Promise<void> {
  await until('the watches', () => server.watches.length === watches);
  await quiet(20);
}

test('what is there at the start is told like what comes later; the Service says which pods are meant', async () => {
  server.items.set('pods', [
    pod('young', { ip: '10.0.0.2', created: '2026-01-01T00:00:09Z', ready: false }),
    pod('zold', { ip: '10.0.0.1', created: '2026-01-01T00:00:01Z' }),
  ]);
  server.items.set('endpointslices', [slice('s', [{ ip: '10.0.0.1', uid: 'uid-zold' }])]);
  start();
  await settled();
  expect(server.lists('pods')[0]!.query.get('labelSelector')).toBe('app=greeter');
  expect(told(...podKinds)).toEqual(['podAdded uid-zold', 'podReady uid-zold', 'podAdded uid-young']);
  expect(told('sliceChanged')).toEqual(['slice +[10.0.0.1:50051] -[]']);
  expect(told('watchState').sort()).toEqual(
    ['deployments', 'endpointslices', 'pods'].flatMap((r) => [`${r} connecting`, `${r} synced`]),
  );
  expect(truth.replicas).toBe(2);
  expect(truth.pods().map(({ name, slot, ready }) => [name, slot, ready])).toEqual([
    ['zold', 1, true],
    ['young', 2, false],
  ]);
  expect(truth.find('young')?.uid).toBe('uid-young');
  expect(truth.find('uid-zold')?.name).toBe('zold');
});

test('a crash: restarted with reason and exit code, unready, ready again, one incarnation on', async () => {
  server.items.set('pods', [pod('a')]);
  start();
  await settled();
  events.length = 0;
  const ended = { reason: 'Error', exitCode: 137 };
  const watch = server.watchOf('pods')!;
  watch.send('MODIFIED', pod('a', { ready: false, version: '201' }));
  watch.send('MODIFIED', pod('a', { ready: false, restarts: 1, ended, version: '202' }));
  watch.send('MODIFIED', pod('a', { restarts: 1, ended, version: '203' }));
  await until('ready again', () => told('podReady').length === 1);
  expect(told(...podKinds)).toEqual(['podUnready uid-a', 'podRestarted uid-a', 'podReady uid-a']);
  const restarted = events.find((event) => event.kind?.case === 'podRestarted')!;
  expect(restarted.incarnation).toBe(1);
  expect(restarted.kind?.value).toMatchObject(ended);
});

test('a delete: terminating with its grace, then gone; the address stays the old pod’s for late calls', async () => {
  server.items.set('pods', [pod('a', { ip: '10.0.0.1' })]);
  server.items.set('endpointslices', [slice('s', [{ ip: '10.0.0.1', uid: 'uid-a' }])]);
  start();
  await settled();
  const before = time.now();
  await time.advance(100);
  const left = { ready: false, serving: true, terminating: true };
  server.watchOf('endpointslices')!.send('MODIFIED', slice('s', [{ ip: '10.0.0.1', uid: 'uid-a', conditions: left }]));
  await until('the slice', () => told('sliceChanged').length === 2);
  const leftAt = time.now();
  await time.advance(100);
  server.watchOf('pods')!.send('MODIFIED', pod('a', { deleted: true, version: '201' }));
  server.watchOf('pods')!.send('DELETED', pod('a', { deleted: true, ready: false, version: '202' }));
  await until('gone', () => told('podGone').length === 1);
  expect(told(...podKinds)).toEqual(['podAdded uid-a', 'podReady uid-a', 'podTerminating uid-a', 'podGone uid-a']);
  expect(events.find((e) => e.kind?.case === 'podTerminating')?.kind?.value).toMatchObject({ gracePeriodSeconds: 30 });
  expect(told('sliceChanged')[1]).toBe('slice +[] -[10.0.0.1:50051]');
  expect(attribution.notReadySince('uid-a')).toBe(leftAt);
  expect(attribution.podAt('10.0.0.1:50051', before)).toBe('uid-a');
  expect(attribution.podAt('10.0.0.1:50051', time.now())).toBe('uid-a');
  expect(attribution.podAt('10.9.9.9:50051', time.now())).toBeUndefined();
  expect(truth.pods()).toEqual([]);
});

test('an address that a new pod takes belongs to each in its time', async () => {
  server.items.set('pods', [pod('a', { ip: '10.0.0.1' })]);
  start();
  await settled();
  const first = time.now();
  await time.advance(1_000);
  server.watchOf('pods')!.send('DELETED', pod('a'));
  server.watchOf('pods')!.send('ADDED', pod('b', { ip: '10.0.0.1', version: '201' }));
  await until('b', () => truth.find('b') !== undefined);
  expect(attribution.podAt('10.0.0.1:50051', first)).toBe('uid-a');
  expect(attribution.podAt('10.0.0.1:50051', time.now())).toBe('uid-b');
});

test('after an outage the changes that were missed are told, and nothing twice', async () => {
  server.items.set('pods', [pod('a'), pod('b')]);
  server.items.set('endpointslices', [slice('s', [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }])]);
  start();
  await settled();
  events.length = 0;
  server.items.set('pods', [pod('b', { ready: false }), pod('c')]);
  server.items.set('endpointslices', [slice('s', [{ ip: '10.0.0.2' }, { ip: '10.0.0.3' }])]);
  for (const watch of [...server.watches]) watch.send('ERROR', { code: 410 });
  await until('all told', () => told('podReady').length === 1 && told('sliceChanged').length === 1);
  await settled();
  expect(told(...podKinds).sort()).toEqual(['podAdded uid-c', 'podGone uid-a', 'podReady uid-c', 'podUnready uid-b']);
  expect(told('sliceChanged')).toEqual(['slice +[10.0.0.3:50051] -[10.0.0.1:50051]']);
  expect(told('deploymentChanged')).toEqual([]);
});

test('one forbidden resource is told, and blinds nothing else', async () => {
  refused.add('pods');
  server.items.set('endpointslices', [slice('s', [{ ip: '10.0.0.1' }])]);
  start();
  await until('forbidden', () => told('watchState').includes('pods forbidden'));
  await settled(2);
  expect(told('sliceChanged')).toHaveLength(1);
  const { message } = events.find((e) => e.kind?.case === 'watchState' && e.kind.value.state === 'forbidden')!.kind!
    .value as { message: string };
  expect(message).toBe('not allowed to list pods in namespace ns');
});

test('without the Service the pods are awaited, told once, not once a second', async () => {
  let exists = false;
  server.on((asked) => {
    if (!asked.path.endsWith('/services/greeter')) return 'default';
    if (!exists) return status(404);
    return (_a, response) => json(response, 200, { spec: { selector: { app: 'greeter' } } });
  });
  start();
  await until('the refusal', () => told('watchState').includes('pods lost'));
  for (let n = 0; n < 5; n++) {
    await quiet(20);
    await time.advance(1_100);
  }
  expect(told('watchState').filter((line) => line === 'pods lost')).toHaveLength(1);
  exists = true;
  await quiet(20);
  await time.advance(1_100);
  await settled();
});

test('a Deployment says which age of connections its pods are started with', async () => {
  const env = [
    { name: 'GREETER_MAX_CONNECTION_AGE_MS', value: '30000' },
    { name: 'GREETER_MAX_CONNECTION_AGE_GRACE_MS', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } },
  ];
  server.items.set('deployments', [
    {
      metadata: { name: 'greeter', generation: 1 },
      spec: { replicas: 3, template: { spec: { containers: [{ env }] } } },
    },
  ]);
  start();
  await until('told', () => told('deploymentChanged').length === 1);
  const changed = events.find((event) => event.kind?.case === 'deploymentChanged')?.kind?.value;
  expect(changed).toMatchObject({ deployment: { replicas: 3, maxConnectionAgeMs: 30_000 } });
  expect(changed).not.toMatchObject({ deployment: { maxConnectionAgeGraceMs: expect.anything() } });
});
