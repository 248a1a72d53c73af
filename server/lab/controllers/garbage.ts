import type { Kind, KubeObject, Store } from '../store-port.ts';

/** Kinds that belong to something else. */
const dependents: readonly Kind[] = ['ReplicaSet', 'Pod', 'EndpointSlice'];
/** What goes with its namespace, owners first. */
const namespaced: readonly Kind[] = [
  'Deployment',
  'ReplicaSet',
  'Service',
  'EndpointSlice',
  'Pod',
  'ConfigMap',
  'Secret',
  'ServiceAccount',
  'Role',
  'RoleBinding',
  'NetworkPolicy',
  'PodDisruptionBudget',
  'Event',
];

/** Background deletion: what only the deleted object owned goes too. */
export function collectDependents(store: Store, owner: KubeObject): void {
  const { uid, namespace } = owner.metadata;
  for (const kind of dependents) {
    for (const object of store.list(kind, namespace)) {
      const owners = object.metadata.ownerReferences ?? [];
      if (!owners.some((each) => each.uid === uid)) continue;
      if (owners.length > 1) {
        store.modify(kind, namespace, object.metadata.name, (copy) => {
          copy.metadata.ownerReferences = owners.filter((each) => each.uid !== uid);
          return copy;
        });
      } else store.delete(kind, namespace, object.metadata.name, { uid: object.metadata.uid });
    }
  }
}

/** Foreground deletion: the owner waits, marked, until its dependents are gone. */
export function collectForeground(store: Store, kind: Kind, owner: KubeObject): void {
  if (owner.metadata.deletionTimestamp === undefined) return;
  if (!owner.metadata.finalizers?.includes('foregroundDeletion')) return;
  const { namespace, name, uid } = owner.metadata;
  let waiting = false;
  for (const each of dependents) {
    for (const object of store.list(each, namespace)) {
      if (!object.metadata.ownerReferences?.some((reference) => reference.uid === uid)) continue;
      waiting = true;
      if (object.metadata.deletionTimestamp === undefined) {
        store.delete(each, namespace, object.metadata.name, { uid: object.metadata.uid });
      }
    }
  }
  if (waiting) return;
  store.modify(kind, namespace, name, (copy) => {
    copy.metadata.finalizers = (copy.metadata.finalizers ?? []).filter((each) => each !== 'foregroundDeletion');
    return copy;
  });
}

/** A namespace takes its contents along, and goes itself once the last of them (a pod in its grace) went. */
export function collectNamespace(store: Store, namespace: string): void {
  let left = false;
  for (const kind of namespaced) {
    for (const object of store.list(kind, namespace)) {
      store.delete(kind, namespace, object.metadata.name, { uid: object.metadata.uid });
      left ||= store.get(kind, namespace, object.metadata.name)?.metadata.uid === object.metadata.uid;
    }
  }
  if (left) return;
  store.modify('Namespace', undefined, namespace, (copy) => {
    if (copy.metadata.deletionTimestamp === undefined) return undefined;
    copy.spec = { ...copy.spec, finalizers: [] };
    return copy;
  });
}

export function isEnding(store: Store, namespace: string | undefined): namespace is string {
  if (namespace === undefined) return false;
  return store.get('Namespace', undefined, namespace)?.metadata.deletionTimestamp !== undefined;
}
