import { isDeepStrictEqual } from 'node:util';
import { recordEvent } from '../apiserver/events.ts';
import type { Clock } from '../apiserver/time.ts';
import type { Json, KubeObject, Store } from '../store-port.ts';
import { controlledBy, isActive, isReady, ownerReference, readySince, split } from './objects.ts';
import type { WorkQueue } from './queue.ts';

const source = 'replicaset-controller';

/** As many active pods as asked for. A terminating pod does not count, so its replacement comes at once. */
export function reconcileReplicaSet(store: Store, clock: Clock, queue: WorkQueue, key: string): void {
  const { namespace, name } = split(key);
  const set = store.get('ReplicaSet', namespace, name);
  if (set === undefined) return;
  const wanted = Number(set.spec?.replicas ?? 1);
  if (set.metadata.deletionTimestamp === undefined) {
    const active = controlledBy(store, 'Pod', set).filter(isActive);
    for (let missing = wanted - active.length; missing > 0; missing -= 1) createPod(store, set);
    if (active.length > wanted) {
      for (const pod of rankForDeletion(active).slice(0, active.length - wanted)) {
        store.delete('Pod', namespace, pod.metadata.name, { uid: pod.metadata.uid });
        recordEvent(store, set, {
          type: 'Normal',
          reason: 'SuccessfulDelete',
          message: `Deleted pod: ${pod.metadata.name}`,
          source,
        });
      }
    }
  }
  updateStatus(store, clock, queue, key, set);
}

function createPod(store: Store, set: KubeObject): void {
  const { metadata, spec } = set.spec?.template ?? {};
  const pod = store.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace ?? 'default',
      labels: { ...metadata?.labels },
      ...(metadata?.annotations === undefined ? {} : { annotations: { ...metadata.annotations } }),
      ownerReferences: [ownerReference(set)],
    },
    spec: structuredClone(spec ?? {}),
    status: { phase: 'Pending', qosClass: 'Burstable' },
  });
  recordEvent(store, set, {
    type: 'Normal',
    reason: 'SuccessfulCreate',
    message: `Created pod: ${pod.metadata.name}`,
    source,
  });
}

const phases = ['Pending', 'Unknown', 'Running'];

/** controller_utils.go, ActivePodsWithRanks: those that would be missed least come first. */
export function rankForDeletion(pods: readonly KubeObject[]): KubeObject[] {
  const onNode = new Map<string, number>();
  for (const pod of pods) {
    const node = pod.spec?.nodeName ?? '';
    onNode.set(node, (onNode.get(node) ?? 0) + 1);
  }
  const cost = (pod: KubeObject): number =>
    Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0) || 0;
  const restarts = (pod: KubeObject): number =>
    Math.max(0, ...(pod.status?.containerStatuses ?? []).map((each: Json) => Number(each.restartCount ?? 0)));
  const ranks = (pod: KubeObject): number[] => [
    pod.spec?.nodeName ? 1 : 0,
    phases.indexOf(pod.status?.phase ?? 'Pending'),
    isReady(pod) ? 1 : 0,
    cost(pod),
    // More of its kind on the same node: one of those goes first.
    -(onNode.get(pod.spec?.nodeName ?? '') ?? 0),
    -readySince(pod),
    -restarts(pod),
    -(Date.parse(pod.metadata.creationTimestamp) || 0),
  ];
  return [...pods]
    .map((pod) => ({ pod, rank: ranks(pod) }))
    .sort((a, b) => {
      for (const [i, value] of a.rank.entries()) {
        const difference = value - (b.rank[i] ?? 0);
        if (difference !== 0) return difference;
      }
      return a.pod.metadata.name.localeCompare(b.pod.metadata.name);
    })
    .map(({ pod }) => pod);
}

function updateStatus(store: Store, clock: Clock, queue: WorkQueue, key: string, set: KubeObject): void {
  const active = controlledBy(store, 'Pod', set).filter(isActive);
  const ready = active.filter(isReady);
  const minReadyMs = Number(set.spec?.minReadySeconds ?? 0) * 1_000;
  const now = clock.now();
  let available = 0;
  let nextMs = Number.POSITIVE_INFINITY;
  for (const pod of ready) {
    const age = now - readySince(pod);
    if (minReadyMs === 0 || age >= minReadyMs) available += 1;
    else nextMs = Math.min(nextMs, minReadyMs - age);
  }
  if (Number.isFinite(nextMs)) queue.addAfter(key, nextMs);
  const labels = Object.entries((set.spec?.template?.metadata?.labels ?? {}) as Record<string, string>);
  const labelled = active.filter((pod) => labels.every(([label, value]) => pod.metadata.labels?.[label] === value));
  const { namespace, name } = set.metadata;
  store.modify(
    'ReplicaSet',
    namespace,
    name,
    (copy) => {
      const status = {
        ...copy.status,
        replicas: active.length,
        fullyLabeledReplicas: labelled.length,
        readyReplicas: ready.length,
        availableReplicas: available,
        observedGeneration: copy.metadata.generation,
      };
      if (isDeepStrictEqual(status, copy.status)) return undefined;
      copy.status = status;
      return copy;
    },
    { status: true, uid: set.metadata.uid },
  );
}
