import { mapMatches } from '../apiserver/selectors.ts';
import type { Clock, Timers } from '../apiserver/time.ts';
import type { Kind, KubeObject, Store } from '../store-port.ts';
import { reconcileDeployment } from './deployment.ts';
import { reconcileEndpoints } from './endpointslice.ts';
import { collectDependents, collectForeground, collectNamespace, isEnding } from './garbage.ts';
import { controllerOf, keyOf } from './objects.ts';
import { WorkQueue } from './queue.ts';
import { reconcileReplicaSet } from './replicaset.ts';
import { schedulePod } from './scheduler.ts';

export interface ControllersOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** Starts every loop on what is in the store, and on what changes in it. */
export function startControllers(options: ControllersOptions): { stop(): void } {
  const { store, clock, timers } = options;
  const deployments: WorkQueue = new WorkQueue({
    timers,
    reconcile: (key) => reconcileDeployment(store, clock, deployments, key),
  });
  const replicaSets: WorkQueue = new WorkQueue({
    timers,
    reconcile: (key) => reconcileReplicaSet(store, clock, replicaSets, key),
  });
  const pods = new WorkQueue({ timers, reconcile: (key) => schedulePod(store, clock, key) });
  const services = new WorkQueue({ timers, reconcile: (key) => reconcileEndpoints(store, key) });
  const queues = [deployments, replicaSets, pods, services];

  const owner = (object: KubeObject, kind: Kind, queue: WorkQueue): void => {
    const reference = controllerOf(object);
    if (reference?.kind === kind) queue.add(`${object.metadata.namespace ?? ''}/${reference.name}`);
  };
  const servicesOf = (pod: KubeObject): void => {
    for (const service of store.list('Service', pod.metadata.namespace)) {
      if (mapMatches(service.spec?.selector, pod.metadata.labels)) services.add(keyOf(service));
    }
  };

  const unsubscribers = [
    store.subscribe('Deployment', ({ type, object }) => {
      if (type === 'DELETED') collectDependents(store, object);
      else collectForeground(store, 'Deployment', object);
      deployments.add(keyOf(object));
    }),
    store.subscribe('ReplicaSet', ({ type, object }) => {
      if (type === 'DELETED') collectDependents(store, object);
      else collectForeground(store, 'ReplicaSet', object);
      replicaSets.add(keyOf(object));
      owner(object, 'Deployment', deployments);
      for (const deployment of store.list('Deployment', object.metadata.namespace))
        collectForeground(store, 'Deployment', deployment);
    }),
    store.subscribe('Pod', ({ type, object }) => {
      owner(object, 'ReplicaSet', replicaSets);
      if (type !== 'DELETED') pods.add(keyOf(object));
      servicesOf(object);
      if (type !== 'DELETED') return;
      if (isEnding(store, object.metadata.namespace)) collectNamespace(store, object.metadata.namespace);
      for (const set of store.list('ReplicaSet', object.metadata.namespace)) {
        collectForeground(store, 'ReplicaSet', set);
        // Recreate waits until the old pods are gone.
        if (controllerOf(object)?.uid === set.metadata.uid) owner(set, 'Deployment', deployments);
      }
    }),
    store.subscribe('Service', ({ type, object }) => {
      if (type === 'DELETED') collectDependents(store, object);
      else services.add(keyOf(object));
    }),
    store.subscribe('EndpointSlice', ({ type, object }) => {
      const service = object.metadata.labels?.['kubernetes.io/service-name'];
      // Someone deleted a slice by hand: it comes back.
      if (type === 'DELETED' && service !== undefined) services.add(`${object.metadata.namespace ?? ''}/${service}`);
    }),
    store.subscribe('Node', () => {
      for (const pod of store.list('Pod')) if (!pod.spec?.nodeName) pods.add(keyOf(pod));
    }),
    store.subscribe('Namespace', ({ type, object }) => {
      if (type === 'DELETED' || object.metadata.deletionTimestamp !== undefined)
        collectNamespace(store, object.metadata.name);
    }),
  ];
  for (const { metadata } of store.list('Namespace'))
    if (metadata.deletionTimestamp !== undefined) collectNamespace(store, metadata.name);
  for (const service of store.list('Service')) services.add(keyOf(service));
  for (const deployment of store.list('Deployment')) deployments.add(keyOf(deployment));
  for (const set of store.list('ReplicaSet')) replicaSets.add(keyOf(set));
  for (const pod of store.list('Pod')) pods.add(keyOf(pod));

  return {
    stop() {
      for (const unsubscribe of unsubscribers) unsubscribe();
      for (const queue of queues) queue.stop();
    },
  };
}
