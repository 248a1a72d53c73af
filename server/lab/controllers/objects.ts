import type { Json, Kind, KubeObject, OwnerReference, Store } from '../store-port.ts';

export function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

export function split(key: string): { namespace: string; name: string } {
  const at = key.indexOf('/');
  return { namespace: key.slice(0, at), name: key.slice(at + 1) };
}

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

export function controlledBy(store: Store, kind: Kind, owner: KubeObject): KubeObject[] {
  return store
    .list(kind, owner.metadata.namespace)
    .filter((object) => controllerOf(object)?.uid === owner.metadata.uid);
}

export function ownerReference(owner: KubeObject): OwnerReference {
  const { apiVersion, kind, metadata } = owner;
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true };
}

export function condition(object: KubeObject, type: string): Json | undefined {
  return (object.status?.conditions ?? []).find((each: Json) => each.type === type);
}

export function isReady(pod: KubeObject): boolean {
  return condition(pod, 'Ready')?.status === 'True';
}

/** When it became Ready, ms; 0 if it is not. */
export function readySince(pod: KubeObject): number {
  const ready = condition(pod, 'Ready');
  return ready?.status === 'True' ? Date.parse(ready.lastTransitionTime ?? '') || 0 : 0;
}

/** Neither ended nor on its way out: counts towards the replicas. */
export function isActive(pod: KubeObject): boolean {
  const phase = pod.status?.phase;
  return pod.metadata.deletionTimestamp === undefined && phase !== 'Failed' && phase !== 'Succeeded';
}

/** Sets or replaces a condition; the transition time changes only with the status. True when anything changed. */
export function setCondition(
  status: Json,
  next: { type: string; status: string; reason: string; message: string },
  now: string,
): boolean {
  status.conditions ??= [];
  const before = status.conditions.find((each: Json) => each.type === next.type);
  if (before === undefined) {
    status.conditions.push({ ...next, lastUpdateTime: now, lastTransitionTime: now });
    return true;
  }
  if (before.status === next.status && before.reason === next.reason && before.message === next.message) return false;
  if (before.status !== next.status) before.lastTransitionTime = now;
  Object.assign(before, next, { lastUpdateTime: now });
  return true;
}

/** An absolute number or a percentage of `total`; surge rounds up, unavailable rounds down (intstr). */
export function resolveQuantity(value: Json, total: number, fallback: string, up: boolean): number {
  const given = value ?? fallback;
  if (typeof given === 'number') return given;
  const text = String(given);
  if (!text.endsWith('%')) return Number(text) || 0;
  const exact = (Number.parseFloat(text) * total) / 100;
  return up ? Math.ceil(exact) : Math.floor(exact);
}
