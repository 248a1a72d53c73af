import type { LogSource } from '../apiserver/log-port.ts';
import { createStore, type LabStore } from '../apiserver/store.ts';
import type { Json, KubeObject, Store } from '../store-port.ts';
import { startControlPlane } from './control-plane.ts';

/** For tests: a stand-in for the kubelet that says at once that a scheduled pod is Ready, and lets deleted ones go. */
export function startFakeKubelet(store: Store, options: { ready?: (pod: KubeObject) => boolean } = {}): () => void {
  const isReady = options.ready ?? (() => true);
  let address = 1;
  const act = (pod: KubeObject): void => {
    const { namespace, name, uid } = pod.metadata;
    if (pod.metadata.deletionTimestamp !== undefined) {
      store.delete('Pod', namespace, name, { gracePeriodSeconds: 0, uid });
      return;
    }
    if (!pod.spec?.nodeName || pod.status?.podIP !== undefined) return;
    const ready = isReady(pod);
    const at = '2024-01-01T00:00:00Z';
    store.modify(
      'Pod',
      namespace,
      name,
      (copy) => {
        const podIP = `127.200.0.${address++}`;
        const state = (type: string, status: string) => ({ type, status, lastTransitionTime: at });
        copy.status = {
          ...copy.status,
          phase: 'Running',
          podIP,
          podIPs: [{ ip: podIP }],
          startTime: at,
          conditions: [
            ...(copy.status?.conditions ?? []),
            state('Ready', ready ? 'True' : 'False'),
            state('ContainersReady', ready ? 'True' : 'False'),
          ],
          containerStatuses: copy.spec.containers.map((each: Json) => ({
            name: each.name,
            image: each.image,
            imageID: '',
            ready,
            restartCount: 0,
            started: true,
            state: { running: { startedAt: at } },
          })),
        };
        return copy;
      },
      { status: true, uid },
    );
  };
  return store.subscribe('Pod', ({ type, object }) => {
    if (type !== 'DELETED') act(object);
  });
}

/** Numbers that look random and repeat. */
export function seeded(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export interface TestCluster {
  readonly store: LabStore;
  readonly url: string;
  readonly access: Awaited<ReturnType<typeof startControlPlane>>['access'];
  /** A request to the API; the body as JSON. */
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: Json }>;
  close(): Promise<void>;
}

/** Store, API server, controllers, two nodes, one namespace `shop` and the stand-in kubelet. */
export async function startTestCluster(
  options: { ready?: (pod: KubeObject) => boolean; logs?: LogSource; bookmarkMs?: number } = {},
): Promise<TestCluster> {
  const clock = { now: () => Date.now() };
  const random = seeded(7);
  const store = createStore({ clock, random });
  let service = 1;
  for (const name of ['default', 'shop'])
    store.create({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  for (const name of ['node-1', 'node-2'])
    store.create({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name },
      spec: {},
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
  const stopKubelet = startFakeKubelet(store, options.ready === undefined ? {} : { ready: options.ready });
  const plane = await startControlPlane({
    store,
    clock,
    random,
    allocateClusterIP: () => `127.200.255.${service++}`,
    listen: { host: '127.0.0.1', port: 0 },
    ...(options.logs === undefined ? {} : { logs: options.logs }),
    ...(options.bookmarkMs === undefined ? {} : { bookmarkMs: options.bookmarkMs }),
  });
  return {
    store,
    url: plane.url,
    access: plane.access,
    async call(method, path, body, headers = {}) {
      const answer = await fetch(`${plane.url}${path}`, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      return { status: answer.status, body: await answer.json() };
    },
    async close() {
      stopKubelet();
      await plane.close();
    },
  };
}

export function deployment(name: string, replicas: number, more: Json = {}): Json {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'shop' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'main', image: 'greeter:1', ports: [{ name: 'grpc', containerPort: 50051 }] }] },
      },
      ...more,
    },
  };
}
