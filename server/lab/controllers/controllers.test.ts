import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadManifests } from '../apiserver/load.ts';
import { createStore, type LabStore } from '../apiserver/store.ts';
import type { Json, KubeObject } from '../store-port.ts';
import { startControllers } from './controllers.ts';
import { rankForDeletion } from './replicaset.ts';
import { deployment, seeded } from './testing.ts';

/** Time stands still and nothing plays kubelet: each state is written by the test and looked at. */
let store: LabStore;
let stop: () => void;
const clock = { ms: 1_700_000_000_000, now: () => clock.ms };
const context = { clock, random: seeded(3), allocateClusterIP: () => '127.1.255.1' };

/** Controllers work in microtasks; a macrotask later all of them are done. */
const settle = async () => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
};

beforeEach(async () => {
  clock.ms = 1_700_000_000_000;
  store = createStore({ clock, random: seeded(5) });
  for (const name of ['node-1', 'node-2'])
    store.create({ apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: {}, status: {} });
  const timers = { setTimeout: () => ({ cancel: () => {} }) };
  const running = startControllers({ store, clock, timers });
  stop = () => running.stop();
  load({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
});
afterEach(() => stop());

function load(...objects: Json[]): void {
  expect(loadManifests(store, objects, context).refused).toEqual([]);
}

const pods = (label?: string) =>
  store.list('Pod', 'shop').filter((pod) => label === undefined || pod.metadata.labels?.app === label);
const sets = () => store.list('ReplicaSet', 'shop');
const slices = () => store.list('EndpointSlice', 'shop');
const endpoints = (): Json[] => slices().flatMap((slice) => slice.endpoints ?? []);

let address = 0;
function run(pod: KubeObject, ready: boolean): void {
  const lastTransitionTime = new Date(clock.ms).toISOString();
  store.modify(
    'Pod',
    'shop',
    pod.metadata.name,
    (copy) => {
      const conditions = (copy.status?.conditions ?? []).filter((each: Json) => each.type !== 'Ready');
      const podIP = copy.status?.podIP ?? `127.1.${(address >> 8) & 255}.${address++ & 255}`;
      const now = { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime };
      copy.status = { ...copy.status, phase: 'Running', podIP, conditions: [...conditions, now] };
      return copy;
    },
    { status: true },
  );
}

const service = (more: Json = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { selector: { app: 'web' }, ports: [{ name: 'grpc', port: 80, targetPort: 'grpc' }], ...more },
});

function change(kind: 'Deployment' | 'Pod', name: string, edit: (copy: KubeObject) => void): void {
  store.modify(kind, 'shop', name, (copy) => {
    edit(copy);
    return copy;
  });
}

describe('Deployment and ReplicaSet', () => {
  test('names, owners, labels and places as in a cluster', async () => {
    load(deployment('web', 4));
    await settle();
    const [set] = sets();
    expect(set!.metadata.name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{8,10}$/);
    const hash = set!.metadata.labels?.['pod-template-hash'];
    expect(pods()).toHaveLength(4);
    for (const pod of pods()) {
      expect(pod.metadata.name).toMatch(new RegExp(`^${set!.metadata.name}-[bcdfghjklmnpqrstvwxz2456789]{5}$`));
      expect(pod.metadata.labels).toEqual({ app: 'web', 'pod-template-hash': hash });
      expect(pod.metadata.ownerReferences).toMatchObject([
        { kind: 'ReplicaSet', uid: set!.metadata.uid, controller: true },
      ]);
    }
    expect(
      pods()
        .map((pod) => pod.spec.nodeName)
        .sort(),
    ).toEqual(['node-1', 'node-1', 'node-2', 'node-2']);
  });

  test('a terminating pod is replaced at once', async () => {
    load(deployment('web', 2));
    await settle();
    for (const pod of pods()) run(pod, true);
    const [gone] = pods();
    store.delete('Pod', 'shop', gone!.metadata.name);
    await settle();
    expect(pods()).toHaveLength(3);
    expect(pods().filter((pod) => pod.metadata.deletionTimestamp === undefined)).toHaveLength(2);
  });

  test('status follows readiness; observedGeneration follows spec', async () => {
    load(deployment('web', 3));
    await settle();
    for (const pod of pods().slice(0, 2)) run(pod, true);
    await settle();
    const { status, metadata } = store.get('Deployment', 'shop', 'web')!;
    expect(status).toMatchObject({
      replicas: 3,
      readyReplicas: 2,
      unavailableReplicas: 1,
      observedGeneration: metadata.generation,
    });
    run(pods()[2]!, true);
    await settle();
    const conditions = store.get('Deployment', 'shop', 'web')!.status.conditions;
    expect(conditions).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'Available', status: 'True' }),
        expect.objectContaining({ type: 'Progressing', reason: 'NewReplicaSetAvailable' }),
      ]),
    );
  });

  test('a rolling update with no pod to spare never has fewer ready than asked, nor more than the surge', async () => {
    load(
      deployment('web', 3, { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }),
    );
    await settle();
    for (const pod of pods()) run(pod, true);
    await settle();
    const old = new Set(pods().map((pod) => pod.metadata.uid));
    change('Deployment', 'web', (copy) => {
      copy.spec.template.spec.containers[0].image = 'greeter:2';
    });
    for (let step = 0; step < 20; step++) {
      await settle();
      const active = pods().filter((pod) => pod.metadata.deletionTimestamp === undefined);
      const ready = active.filter((pod) =>
        pod.status?.conditions?.some((each: Json) => each.type === 'Ready' && each.status === 'True'),
      );
      expect(active.length).toBeLessThanOrEqual(4);
      expect(ready.length).toBeGreaterThanOrEqual(3);
      for (const pod of pods().filter((each) => each.metadata.deletionTimestamp !== undefined))
        store.delete('Pod', 'shop', pod.metadata.name, { gracePeriodSeconds: 0 });
      const next = active.find((pod) => !ready.includes(pod));
      if (next !== undefined) run(next, true);
    }
    expect(pods()).toHaveLength(3);
    expect(pods().some((pod) => old.has(pod.metadata.uid))).toBe(false);
    expect(
      sets()
        .map((set) => set.spec.replicas)
        .sort(),
    ).toEqual([0, 3]);
    expect(
      sets()
        .map((set) => set.metadata.annotations?.['deployment.kubernetes.io/revision'])
        .sort(),
    ).toEqual(['1', '2']);
  });

  test('a rollout whose new pod never becomes ready keeps the old ones', async () => {
    load(
      deployment('web', 2, { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } }),
    );
    await settle();
    for (const pod of pods()) run(pod, true);
    await settle();
    change('Deployment', 'web', (copy) => {
      copy.spec.template.spec.containers[0].image = 'greeter:bad';
    });
    await settle();
    expect(pods().filter((pod) => pod.spec.containers[0].image === 'greeter:1')).toHaveLength(2);
    expect(pods().filter((pod) => pod.spec.containers[0].image === 'greeter:bad')).toHaveLength(1);
  });

  test('Recreate waits until the last old pod is gone', async () => {
    load(deployment('web', 2, { strategy: { type: 'Recreate' } }));
    await settle();
    for (const pod of pods()) run(pod, true);
    await settle();
    change('Deployment', 'web', (copy) => {
      copy.spec.template.spec.containers[0].image = 'greeter:2';
    });
    await settle();
    expect(pods().every((pod) => pod.spec.containers[0].image === 'greeter:1')).toBe(true);
    for (const pod of pods()) store.delete('Pod', 'shop', pod.metadata.name, { gracePeriodSeconds: 0 });
    await settle();
    expect(pods().map((pod) => pod.spec.containers[0].image)).toEqual(['greeter:2', 'greeter:2']);
  });

  test('paused: a new template waits', async () => {
    load(deployment('web', 1, { paused: true }));
    await settle();
    expect(sets()).toEqual([]);
    change('Deployment', 'web', (copy) => {
      copy.spec.paused = false;
    });
    await settle();
    expect(pods()).toHaveLength(1);
  });

  test('scaled down, the least missed go first: unscheduled, not ready, then the youngest', () => {
    const at = (seconds: number) => new Date(clock.ms + seconds * 1_000).toISOString();
    const pod = (name: string, since: number | undefined, nodeName: string | undefined = 'n'): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: at(0) },
      spec: nodeName === '' ? {} : { nodeName },
      status: {
        phase: 'Running',
        conditions: since === undefined ? [] : [{ type: 'Ready', status: 'True', lastTransitionTime: at(since) }],
      },
    });
    const ranked = rankForDeletion([
      pod('old', 1),
      pod('young', 9),
      pod('sick', undefined),
      pod('waiting', undefined, ''),
    ]);
    expect(ranked.map((each) => each.metadata.name)).toEqual(['waiting', 'sick', 'young', 'old']);
  });
});

describe('EndpointSlice (KEP-1672)', () => {
  test('ready follows the probe; deletion gives terminating at once and serving by the probe', async () => {
    load(service(), deployment('web', 2));
    await settle();
    for (const pod of pods()) run(pod, true);
    await settle();
    expect(slices()).toHaveLength(1);
    expect(slices()[0]).toMatchObject({ ports: [{ name: 'grpc', port: 50051, protocol: 'TCP' }], addressType: 'IPv4' });
    const [first, second] = pods();
    run(second!, false);
    store.delete('Pod', 'shop', first!.metadata.name);
    await settle();
    const of = (pod: KubeObject) => endpoints().find((each) => each.targetRef.uid === pod.metadata.uid);
    expect(of(first!).conditions).toEqual({ ready: false, serving: true, terminating: true });
    expect(of(second!).conditions).toEqual({ ready: false, serving: false, terminating: false });
    expect(of(first!)).toMatchObject({
      targetRef: { kind: 'Pod', name: first!.metadata.name },
      nodeName: first!.spec.nodeName,
    });
    run(first!, false);
    await settle();
    expect(of(first!).conditions.serving).toBe(false);
    store.delete('Pod', 'shop', first!.metadata.name, { gracePeriodSeconds: 0 });
    await settle();
    expect(of(first!)).toBeUndefined();
  });

  test('publishNotReadyAddresses makes everything ready', async () => {
    load(service({ publishNotReadyAddresses: true }), deployment('web', 1));
    await settle();
    run(pods()[0]!, false);
    await settle();
    expect(endpoints()[0].conditions.ready).toBe(true);
  });

  test('100 endpoints a slice; nothing is written without a change; slices go with their Service', async () => {
    load(service(), deployment('web', 205));
    await settle();
    for (const pod of pods()) run(pod, true);
    await settle();
    expect(
      slices()
        .map((slice) => slice.endpoints.length)
        .sort(),
    ).toEqual([100, 100, 5].sort());
    expect(new Set(endpoints().map((each) => each.addresses[0])).size).toBe(205);
    const versions = slices().map((slice) => slice.metadata.resourceVersion);
    change('Pod', pods()[0]!.metadata.name, (copy) => {
      copy.metadata.annotations = { touched: 'yes' };
    });
    await settle();
    expect(slices().map((slice) => slice.metadata.resourceVersion)).toEqual(versions);
    store.delete('Service', 'shop', 'web');
    await settle();
    expect(slices()).toEqual([]);
  });

  test('one pod more changes one slice only', async () => {
    load(service(), deployment('web', 150));
    await settle();
    for (const pod of pods()) run(pod, true);
    await settle();
    const before = new Map(slices().map((slice) => [slice.metadata.name, slice.metadata.resourceVersion]));
    change('Deployment', 'web', (copy) => {
      copy.spec.replicas = 151;
    });
    await settle();
    for (const pod of pods()) if (pod.status?.podIP === undefined) run(pod, true);
    await settle();
    expect(endpoints()).toHaveLength(151);
    expect(slices().filter((slice) => before.get(slice.metadata.name) !== slice.metadata.resourceVersion)).toHaveLength(
      1,
    );
  });
});

describe('garbage', () => {
  test('background: a Deployment takes its ReplicaSets and pods along', async () => {
    load(deployment('web', 2));
    await settle();
    store.delete('Deployment', 'shop', 'web');
    await settle();
    expect(sets()).toEqual([]);
    // Running pods keep their grace.
    expect(pods().every((pod) => pod.metadata.deletionTimestamp !== undefined)).toBe(true);
  });

  test('a namespace stays until the last pod in its grace went', async () => {
    load(deployment('web', 1));
    await settle();
    store.delete('Namespace', undefined, 'shop');
    await settle();
    expect(store.get('Namespace', undefined, 'shop')).toBeDefined();
    expect(pods()).toHaveLength(1);
    store.delete('Pod', 'shop', pods()[0]!.metadata.name, { gracePeriodSeconds: 0 });
    await settle();
    expect(store.get('Namespace', undefined, 'shop')).toBeUndefined();
  });
});
