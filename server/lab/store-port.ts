/**
 * The lab's object store, as controllers, kubelet, kube-proxy and DNS use it in process, and as the HTTP API serves it.
 * It stands where etcd and the API machinery's storage layer stand in a cluster.
 */

export type Kind =
  | 'Namespace'
  | 'Node'
  | 'Pod'
  | 'Deployment'
  | 'ReplicaSet'
  | 'Service'
  | 'EndpointSlice'
  | 'ConfigMap'
  | 'Event'
  | 'ServiceAccount'
  | 'Secret'
  | 'Role'
  | 'RoleBinding'
  | 'NetworkPolicy'
  | 'PodDisruptionBudget';

// biome-ignore lint/suspicious/noExplicitAny: Kubernetes objects are open; each user narrows what it reads.
export type Json = any;

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec?: Json;
  status?: Json;
  [field: string]: Json;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  generateName?: string;
  managedFields?: Json[];
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface StoreEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: KubeObject;
}

/**
 * Objects handed out are frozen: change a copy (structuredClone) and give it back.
 * All calls are synchronous; subscribers are called after the change is complete, in order, each exception caught.
 */
export interface Store {
  get(kind: Kind, namespace: string | undefined, name: string): KubeObject | undefined;
  list(kind: Kind, namespace?: string): KubeObject[];
  /** Fills in uid, resourceVersion, creationTimestamp, generateName. Throws StoreError AlreadyExists. */
  create(object: Omit<KubeObject, 'metadata'> & { metadata: Partial<ObjectMeta> }): KubeObject;
  /**
   * Read, change a copy, write; retried on conflict inside. Returning undefined from `change` leaves the object as it is.
   * Undefined when the object does not exist. `status: true` writes only status (generation stays).
   */
  modify(
    kind: Kind,
    namespace: string | undefined,
    name: string,
    change: (copy: KubeObject) => KubeObject | undefined,
    options?: { status?: boolean; uid?: string },
  ): KubeObject | undefined;
  /**
   * Deletes as the API does: a pod with a grace period above 0 gets deletionTimestamp and stays until the kubelet
   * calls `delete` with 0; everything else goes at once. `uid` is a precondition.
   */
  delete(
    kind: Kind,
    namespace: string | undefined,
    name: string,
    options?: { gracePeriodSeconds?: number; uid?: string },
  ): KubeObject | undefined;
  /** Every change of that kind from now on; returns the unsubscriber. */
  subscribe(kind: Kind, onEvent: (event: StoreEvent) => void): () => void;
  /** Counter of the newest change. */
  readonly resourceVersion: string;
}
