import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { recordEvent } from '../apiserver/events.ts';
import { safeEncode } from '../apiserver/names.ts';
import { type Clock, kubeTime } from '../apiserver/time.ts';
import type { Json, KubeObject, Store } from '../store-port.ts';
import { condition, controlledBy, ownerReference, resolveQuantity, setCondition, split } from './objects.ts';
import type { WorkQueue } from './queue.ts';

const source = 'deployment-controller';
const hashLabel = 'pod-template-hash';
const revisionKey = 'deployment.kubernetes.io/revision';
const desiredKey = 'deployment.kubernetes.io/desired-replicas';
const maxKey = 'deployment.kubernetes.io/max-replicas';

/** ReplicaSets by template: one is the newest, the others are old; the strategy moves replicas from these to that one. */
export function reconcileDeployment(store: Store, clock: Clock, queue: WorkQueue, key: string): void {
  const { namespace, name } = split(key);
  const deployment = store.get('Deployment', namespace, name);
  if (deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) return;
  const paused = deployment.spec?.paused === true;
  let sets = controlledBy(store, 'ReplicaSet', deployment);
  let newest = sets.find((set) => sameTemplate(set.spec?.template, deployment.spec?.template));
  if (newest === undefined && !paused) {
    newest = createSet(store, deployment, sets);
    sets = controlledBy(store, 'ReplicaSet', deployment);
  }
  if (newest !== undefined && !paused) newest = ensureRevision(store, deployment, newest, sets);
  const old = sets.filter((set) => set.metadata.uid !== newest?.metadata.uid);
  if (paused) scalePaused(store, deployment, sets);
  else if (newest !== undefined) {
    if (deployment.spec?.strategy?.type === 'Recreate') recreate(store, deployment, newest, old);
    else rollingUpdate(store, deployment, newest, old);
    cleanUp(store, deployment, old);
  }
  updateStatus(store, clock, queue, key, newest);
}

/** The hash label is the controller's own addition and does not count. */
function sameTemplate(a: Json, b: Json): boolean {
  return isDeepStrictEqual(withoutHash(a), withoutHash(b));
}

function withoutHash(template: Json): Json {
  const copy = structuredClone(template ?? {});
  if (copy.metadata?.labels) delete copy.metadata.labels[hashLabel];
  if (copy.metadata) delete copy.metadata.creationTimestamp;
  return copy;
}

/** Keys sorted, so that the same template has the same hash however it was written. */
function canonical(value: Json): Json {
  if (Array.isArray(value)) return value.map(canonical);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((field) => [field, canonical(value[field])]),
  );
}

function createSet(store: Store, deployment: KubeObject, sets: readonly KubeObject[]): KubeObject {
  const { namespace = 'default', name, labels } = deployment.metadata;
  const { spec } = deployment;
  const text = JSON.stringify(canonical(withoutHash(spec?.template)));
  for (let collision = 0; ; collision += 1) {
    // Ten digits, as the real FNV-32 hash prints, in the safe alphabet.
    const digest = createHash('sha256')
      .update(`${text}${collision || ''}`)
      .digest()
      .readUInt32BE(0);
    const hash = safeEncode(String(digest).padStart(10, '0'));
    if (sets.some((set) => set.metadata.name === `${name}-${hash}`)) continue;
    const template = structuredClone(spec?.template ?? {});
    template.metadata = { ...template.metadata, labels: { ...template.metadata?.labels, [hashLabel]: hash } };
    return store.create({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${name}-${hash}`,
        namespace,
        labels: { ...labels, ...template.metadata.labels },
        annotations: { [revisionKey]: String(highestRevision(sets) + 1), ...sizes(deployment) },
        ownerReferences: [ownerReference(deployment)],
      },
      spec: {
        replicas: 0,
        ...(spec?.minReadySeconds === undefined ? {} : { minReadySeconds: spec.minReadySeconds }),
        selector: {
          ...spec?.selector,
          matchLabels: { ...spec?.selector?.matchLabels, [hashLabel]: hash },
        },
        template,
      },
      status: { replicas: 0 },
    });
  }
}

function revisionOf(set: KubeObject): number {
  return Number(set.metadata.annotations?.[revisionKey] ?? 0) || 0;
}

function highestRevision(sets: readonly KubeObject[]): number {
  return Math.max(0, ...sets.map(revisionOf));
}

/** A rollback makes an old ReplicaSet the newest: it gets the next revision, as in deployment_util.go. */
function ensureRevision(
  store: Store,
  deployment: KubeObject,
  newest: KubeObject,
  sets: readonly KubeObject[],
): KubeObject {
  const others = highestRevision(sets.filter((set) => set.metadata.uid !== newest.metadata.uid));
  const revision = Math.max(revisionOf(newest), others + 1);
  const { namespace } = deployment.metadata;
  const wanted = { [revisionKey]: String(revision), ...sizes(deployment) };
  const updated = store.modify('ReplicaSet', namespace, newest.metadata.name, (copy) => {
    const before = copy.metadata.annotations ?? {};
    if (Object.entries(wanted).every(([field, value]) => before[field] === value)) return undefined;
    copy.metadata.annotations = { ...before, ...wanted };
    return copy;
  });
  store.modify('Deployment', namespace, deployment.metadata.name, (copy) => {
    if (copy.metadata.annotations?.[revisionKey] === String(revision)) return undefined;
    copy.metadata.annotations = { ...copy.metadata.annotations, [revisionKey]: String(revision) };
    return copy;
  });
  return updated ?? newest;
}

function replicasOf(object: KubeObject): number {
  return Number(object.spec?.replicas ?? 1);
}

function limits(deployment: KubeObject): { surge: number; unavailable: number } {
  const { maxSurge, maxUnavailable } = deployment.spec?.strategy?.rollingUpdate ?? {};
  const wanted = replicasOf(deployment);
  const surge = resolveQuantity(maxSurge, wanted, '25%', true);
  const unavailable = resolveQuantity(maxUnavailable, wanted, '25%', false);
  // Both zero would never move; validation forbids it, rounding may not (ResolveFenceposts).
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

function sizes(deployment: KubeObject): Record<string, string> {
  const wanted = replicasOf(deployment);
  const surge = deployment.spec?.strategy?.type === 'Recreate' ? 0 : limits(deployment).surge;
  return { [desiredKey]: String(wanted), [maxKey]: String(wanted + surge) };
}

function scaleSet(store: Store, deployment: KubeObject, set: KubeObject, to: number): number {
  const from = replicasOf(set);
  if (from === to) return 0;
  store.modify('ReplicaSet', set.metadata.namespace, set.metadata.name, (copy) => {
    copy.spec = { ...copy.spec, replicas: to };
    return copy;
  });
  recordEvent(store, deployment, {
    type: 'Normal',
    reason: 'ScalingReplicaSet',
    message: `Scaled ${to > from ? 'up' : 'down'} replica set ${set.metadata.name} from ${from} to ${to}`,
    source,
  });
  return to - from;
}

function total(sets: readonly KubeObject[]): number {
  return sets.reduce((sum, set) => sum + replicasOf(set), 0);
}

function available(set: KubeObject): number {
  return Number(set.status?.availableReplicas ?? 0);
}

/** rolling.go: grow the newest within the surge, shrink the old ones as far as enough pods stay available. */
function rollingUpdate(store: Store, deployment: KubeObject, newest: KubeObject, old: readonly KubeObject[]): void {
  const wanted = replicasOf(deployment);
  const { surge, unavailable } = limits(deployment);
  const now = replicasOf(newest);
  if (now > wanted) {
    scaleSet(store, deployment, newest, wanted);
    return;
  }
  if (now < wanted) {
    const room = wanted + surge - total([newest, ...old]);
    if (room > 0) {
      scaleSet(store, deployment, newest, now + Math.min(room, wanted - now));
      return;
    }
  }
  const active = old.filter((set) => replicasOf(set) > 0);
  if (active.length === 0) return;
  const minAvailable = wanted - unavailable;
  const newUnavailable = now - available(newest);
  let most = total([newest, ...old]) - minAvailable - newUnavailable;
  if (most <= 0) return;
  const byAge = [...active].sort((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp));
  const size = new Map(byAge.map((set) => [set, replicasOf(set)]));
  const next = new Map(size);
  // Those that never became healthy go first; they would be waited for in vain.
  for (const set of byAge) {
    const sick = Math.min(most, (next.get(set) ?? 0) - available(set));
    if (sick <= 0) continue;
    next.set(set, (next.get(set) ?? 0) - sick);
    most -= sick;
  }
  let spare = available(newest) + byAge.reduce((sum, set) => sum + available(set), 0) - minAvailable;
  for (const set of byAge) {
    const fewer = Math.min(most, spare, next.get(set) ?? 0);
    if (fewer <= 0) continue;
    next.set(set, (next.get(set) ?? 0) - fewer);
    most -= fewer;
    spare -= fewer;
  }
  for (const [set, to] of next) scaleSet(store, deployment, set, to);
}

function recreate(store: Store, deployment: KubeObject, newest: KubeObject, old: readonly KubeObject[]): void {
  let moved = 0;
  for (const set of old) moved += Math.abs(scaleSet(store, deployment, set, 0));
  if (moved > 0) return;
  // Old pods must be gone, not only on their way out.
  if (old.some((set) => controlledBy(store, 'Pod', set).length > 0)) return;
  scaleSet(store, deployment, newest, replicasOf(deployment));
}

/** A paused Deployment can be scaled, but rolls nothing out: the ReplicaSet with pods takes the change. */
function scalePaused(store: Store, deployment: KubeObject, sets: readonly KubeObject[]): void {
  const active = sets.filter((set) => replicasOf(set) > 0);
  const [target] = active.length > 0 ? active : [...sets].sort((a, b) => revisionOf(b) - revisionOf(a));
  if (target === undefined) return;
  const difference = replicasOf(deployment) - total(sets);
  if (active.length <= 1) scaleSet(store, deployment, target, Math.max(0, replicasOf(target) + difference));
}

function cleanUp(store: Store, deployment: KubeObject, old: readonly KubeObject[]): void {
  const limit = Number(deployment.spec?.revisionHistoryLimit ?? 10);
  const empty = old
    .filter((set) => replicasOf(set) === 0 && Number(set.status?.replicas ?? 0) === 0)
    .sort((a, b) => revisionOf(a) - revisionOf(b));
  for (const set of empty.slice(0, Math.max(0, empty.length - limit))) {
    if (controlledBy(store, 'Pod', set).length > 0) continue;
    store.delete('ReplicaSet', set.metadata.namespace, set.metadata.name, { uid: set.metadata.uid });
  }
}

function updateStatus(store: Store, clock: Clock, queue: WorkQueue, key: string, newest: KubeObject | undefined): void {
  const { namespace, name } = split(key);
  const now = kubeTime(clock.now());
  store.modify(
    'Deployment',
    namespace,
    name,
    (copy) => {
      const sets = controlledBy(store, 'ReplicaSet', copy);
      const sum = (field: string): number => sets.reduce((count, set) => count + Number(set.status?.[field] ?? 0), 0);
      const current = sets.find((set) => set.metadata.uid === newest?.metadata.uid);
      const wanted = replicasOf(copy);
      const replicas = sum('replicas');
      const ready = sum('readyReplicas');
      const isAvailable = sum('availableReplicas');
      const updated = Number(current?.status?.replicas ?? 0);
      const status: Json = structuredClone(copy.status ?? {});
      status.observedGeneration = copy.metadata.generation;
      status.replicas = replicas;
      status.updatedReplicas = updated;
      status.readyReplicas = ready;
      status.availableReplicas = isAvailable;
      status.unavailableReplicas = Math.max(0, total(sets) - isAvailable);
      for (const field of ['updatedReplicas', 'readyReplicas', 'availableReplicas', 'unavailableReplicas'] as const) {
        // omitempty in the API's types: zero is absent.
        if (status[field] === 0) delete status[field];
      }
      const least = wanted - (copy.spec?.strategy?.type === 'Recreate' ? wanted : limits(copy).unavailable);
      const enough = isAvailable >= least;
      setCondition(
        status,
        enough
          ? {
              type: 'Available',
              status: 'True',
              reason: 'MinimumReplicasAvailable',
              message: 'Deployment has minimum availability.',
            }
          : {
              type: 'Available',
              status: 'False',
              reason: 'MinimumReplicasUnavailable',
              message: 'Deployment does not have minimum availability.',
            },
        now,
      );
      progress(copy, status, current, { wanted, replicas, updated, available: isAvailable }, now, clock, queue, key);
      if (isDeepStrictEqual(status, copy.status)) return undefined;
      copy.status = status;
      return copy;
    },
    { status: true },
  );
}

function progress(
  deployment: KubeObject,
  status: Json,
  current: KubeObject | undefined,
  count: { wanted: number; replicas: number; updated: number; available: number },
  now: string,
  clock: Clock,
  queue: WorkQueue,
  key: string,
): void {
  if (deployment.spec?.paused === true) {
    setCondition(
      status,
      { type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' },
      now,
    );
    return;
  }
  if (current === undefined) return;
  const { name } = current.metadata;
  const complete =
    count.updated === count.wanted && count.replicas === count.wanted && count.available === count.wanted;
  if (complete) {
    setCondition(
      status,
      {
        type: 'Progressing',
        status: 'True',
        reason: 'NewReplicaSetAvailable',
        message: `ReplicaSet "${name}" has successfully progressed.`,
      },
      now,
    );
    return;
  }
  const before = condition(deployment, 'Progressing');
  const { updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = deployment.status ?? {};
  const moved =
    updatedReplicas !== (status.updatedReplicas ?? 0) ||
    readyReplicas !== (status.readyReplicas ?? 0) ||
    availableReplicas !== (status.availableReplicas ?? 0);
  const deadlineMs = Number(deployment.spec?.progressDeadlineSeconds ?? 600) * 1_000;
  const since = Date.parse(before?.lastUpdateTime ?? now);
  if (!moved && before?.reason === 'ReplicaSetUpdated' && clock.now() - since > deadlineMs) {
    setCondition(
      status,
      {
        type: 'Progressing',
        status: 'False',
        reason: 'ProgressDeadlineExceeded',
        message: `ReplicaSet "${name}" has timed out progressing.`,
      },
      now,
    );
    return;
  }
  if (!moved && before?.reason === 'ProgressDeadlineExceeded') return;
  const changed = setCondition(
    status,
    {
      type: 'Progressing',
      status: 'True',
      reason: 'ReplicaSetUpdated',
      message: `ReplicaSet "${name}" is progressing.`,
    },
    now,
  );
  if (moved && !changed) {
    const mine = status.conditions.find((each: Json) => each.type === 'Progressing');
    mine.lastUpdateTime = now;
  }
  queue.addAfter(key, deadlineMs + 1_000);
}
