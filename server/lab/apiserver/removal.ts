import type { Json, KubeObject } from '../store-port.ts';
import { selectorMatches } from './selectors.ts';
import { badRequest, conflict, notFound, tooManyRequests } from './status.ts';
import type { LabStore } from './store.ts';
import type { Target, WriteContext } from './writes.ts';

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly propagationPolicy?: string;
  readonly orphanDependents?: boolean;
  readonly dryRun?: readonly string[];
}

/** A DeleteOptions body and the query's parameters of the same names; the query wins, as in the real API. */
export function deleteOptions(body: Json, query: URLSearchParams): DeleteOptions {
  const options: Record<string, Json> = { ...(body ?? {}) };
  const grace = query.get('gracePeriodSeconds');
  if (grace !== null) options.gracePeriodSeconds = Number(grace);
  if (options.gracePeriodSeconds !== undefined && options.gracePeriodSeconds !== null) {
    if (!Number.isInteger(options.gracePeriodSeconds) || options.gracePeriodSeconds < 0)
      throw badRequest('gracePeriodSeconds must be a whole number that is not negative');
  } else delete options.gracePeriodSeconds;
  const policy = query.get('propagationPolicy') ?? options.propagationPolicy;
  if (policy) {
    if (!['Background', 'Foreground', 'Orphan'].includes(policy))
      throw badRequest('propagationPolicy must be Background, Foreground or Orphan');
    options.propagationPolicy = policy;
  }
  if (query.get('orphanDependents') === 'true') options.orphanDependents = true;
  if (query.getAll('dryRun').length > 0) options.dryRun = query.getAll('dryRun');
  return options as DeleteOptions;
}

/** dryRun may stand in the query or in the body; anything but All is refused, as ignoring it would really delete. */
export function isDryRun(values: readonly string[] | undefined): boolean {
  for (const value of values ?? [])
    if (value !== 'All' && value !== '')
      throw badRequest(`dryRun: Unsupported value: "${value}": supported values: "All"`);
  return (values ?? []).includes('All');
}

export function deleteObject(context: WriteContext, target: Target, options: DeleteOptions): KubeObject {
  const { store } = context;
  const { resource, namespace, name } = target;
  const before = store.get(resource.kind, namespace, name);
  if (before === undefined) throw notFound(resource, name);
  const { uid, resourceVersion } = options.preconditions ?? {};
  if (uid && uid !== before.metadata.uid)
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${before.metadata.uid}`,
    );
  if (resourceVersion && resourceVersion !== before.metadata.resourceVersion)
    throw conflict(
      resource,
      name,
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${before.metadata.resourceVersion}`,
    );
  if (target.dryRun || isDryRun(options.dryRun)) return before;
  if (options.propagationPolicy === 'Orphan' || options.orphanDependents === true) orphan(store, before);
  // Of other kinds the dependents need no owner that waits for them.
  if (options.propagationPolicy === 'Foreground' && (resource.kind === 'Deployment' || resource.kind === 'ReplicaSet'))
    store.modify(resource.kind, namespace, name, (copy) => {
      copy.metadata.finalizers = [...new Set([...(copy.metadata.finalizers ?? []), 'foregroundDeletion'])];
      return copy;
    });
  const after = store.delete(resource.kind, namespace, name, {
    uid: before.metadata.uid,
    ...(options.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: options.gracePeriodSeconds }),
  });
  if (resource.kind === 'Namespace')
    store.modify(
      'Namespace',
      undefined,
      name,
      (copy) => ({ ...copy, status: { ...copy.status, phase: 'Terminating' } }),
      {
        status: true,
      },
    );
  return after ?? before;
}

/** Dependents stay and lose their owner, before the garbage collector can see it gone. */
function orphan(store: LabStore, owner: KubeObject): void {
  for (const kind of ['ReplicaSet', 'Pod', 'EndpointSlice'] as const)
    for (const dependent of store.list(kind, owner.metadata.namespace))
      if (dependent.metadata.ownerReferences?.some((each) => each.uid === owner.metadata.uid))
        store.modify(kind, dependent.metadata.namespace, dependent.metadata.name, (copy) => {
          copy.metadata.ownerReferences =
            copy.metadata.ownerReferences?.filter((each) => each.uid !== owner.metadata.uid) ?? [];
          return copy;
        });
}

/** The eviction subresource: a deletion that a PodDisruptionBudget may forbid. Its dryRun stands in the body. */
export function evict(context: WriteContext, target: Target, body: Json): Json {
  const { store } = context;
  const pod = store.get('Pod', target.namespace, target.name);
  if (pod === undefined) throw notFound(target.resource, target.name);
  const options = deleteOptions(body?.deleteOptions, new URLSearchParams());
  if (pod.metadata.deletionTimestamp === undefined)
    for (const budget of store.list('PodDisruptionBudget', target.namespace)) {
      if (!selectorMatches(budget.spec?.selector, pod.metadata.labels)) continue;
      const { desired, healthy } = budgetOf(store, budget);
      if (isReady(pod) && healthy - 1 < desired)
        throw tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", [
          {
            reason: 'DisruptionBudget',
            message: `The disruption budget ${budget.metadata.name} needs ${desired} healthy pods and has ${healthy} currently`,
          },
        ]);
    }
  deleteObject(context, { ...target, dryRun: target.dryRun || isDryRun(options.dryRun) }, options);
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
}

/** How many healthy pods a budget wants, of those that it selects. */
export function budgetOf(store: LabStore, budget: KubeObject): { expected: number; desired: number; healthy: number } {
  const pods = store
    .list('Pod', budget.metadata.namespace)
    .filter((pod) => selectorMatches(budget.spec?.selector, pod.metadata.labels));
  const healthy = pods.filter((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined).length;
  const expected = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined).length;
  const count = (value: Json) =>
    typeof value === 'string' && value.endsWith('%')
      ? Math.ceil((expected * Number.parseInt(value, 10)) / 100)
      : Number(value);
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  if (minAvailable !== undefined) return { expected, desired: count(minAvailable), healthy };
  return {
    expected,
    desired: maxUnavailable === undefined ? 0 : Math.max(0, expected - count(maxUnavailable)),
    healthy,
  };
}

function isReady(pod: KubeObject): boolean {
  return (pod.status?.conditions ?? []).some((each: Json) => each.type === 'Ready' && each.status === 'True');
}

/** `kubectl replace --raw /api/v1/namespaces/x/finalize`: lets a namespace go that hangs. */
export function finalizeNamespace(context: WriteContext, name: string, body: Json): KubeObject | undefined {
  return context.store.modify('Namespace', undefined, name, (copy) => {
    copy.spec = { ...copy.spec, finalizers: body?.spec?.finalizers ?? [] };
    return copy;
  });
}

/** The answer to a DELETE of anything but a pod that stays for its grace. */
export function deletedStatus(target: Target, uid: string): Json {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: target.name,
      ...(target.resource.group === '' ? {} : { group: target.resource.group }),
      kind: target.resource.plural,
      uid,
    },
  };
}
