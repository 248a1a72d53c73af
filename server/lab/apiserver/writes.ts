import { parse as parseYaml } from 'yaml';
import type { Json, KubeObject } from '../store-port.ts';
import { applyDefaults } from './defaults.ts';
import { uuid } from './names.ts';
import { applyPatch, jsonPatch, mergePatch, PatchError, strategicMergePatch } from './patch.ts';
import { apiVersionOf, type Resource } from './resources.ts';
import {
  ApiError,
  alreadyExists,
  badRequest,
  type Cause,
  conflict,
  forbidden,
  invalid,
  notFound,
  unsupportedMediaType,
} from './status.ts';
import { type LabStore, StoreError } from './store.ts';
import { type Clock, kubeTime } from './time.ts';
import { replicaCauses, validate } from './validate.ts';

export interface WriteContext {
  readonly store: LabStore;
  readonly clock: Clock;
  readonly random: () => number;
  /** A free virtual address for a Service; undefined when all are taken. */
  readonly allocateClusterIP: () => string | undefined;
}

export interface Target {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource?: string | undefined;
  readonly dryRun: boolean;
}

/** Checks and completes a new object, then stores it. The namespace must exist. */
export function createObject(context: WriteContext, given: Json, target: Omit<Target, 'name'>): KubeObject {
  const { resource, namespace } = target;
  const object = checkShape(given, resource, namespace);
  const metadata = object.metadata;
  if (!metadata.name && !metadata.generateName)
    throw invalid(resource, '', [
      {
        reason: 'FieldValueRequired',
        field: 'metadata.name',
        message: 'Required value: name or generateName is required',
      },
    ]);
  if (resource.namespaced) requireNamespace(context, resource, namespace ?? '', metadata.name ?? '');
  const generated = !metadata.name;
  if (generated) metadata.name = `${metadata.generateName}xxxxx`;
  const ready = prepare(object, resource, undefined);
  if (generated) metadata.name = '';
  else if (context.store.get(resource.kind, metadata.namespace, metadata.name) !== undefined)
    throw alreadyExists(resource, metadata.name);
  if (target.dryRun) return preview(context, ready);
  giveClusterIP(context, ready);
  try {
    return context.store.create(ready);
  } catch (error) {
    if (error instanceof StoreError && error.reason === 'AlreadyExists') throw alreadyExists(resource, metadata.name);
    throw error;
  }
}

function preview(context: WriteContext, object: KubeObject): KubeObject {
  const copy = structuredClone(object);
  if (!copy.metadata.name) copy.metadata.name = `${copy.metadata.generateName}xxxxx`;
  copy.metadata.uid = uuid(context.random);
  copy.metadata.creationTimestamp = kubeTime(context.clock.now());
  return copy;
}

/** PUT. A resourceVersion in the body must be the newest: optimistic concurrency. */
export function replaceObject(context: WriteContext, given: Json, target: Target): KubeObject {
  const object = checkShape(given, target.resource, target.namespace);
  if (object.metadata.name !== target.name)
    throw badRequest(
      `the name of the object (${object.metadata.name ?? ''}) does not match the name on the URL (${target.name})`,
    );
  return write(context, target, (before) => {
    checkPreconditions(target, before, object.metadata);
    return object;
  });
}

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

const patchTypes: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

export function patchTypeOf(contentType: string): PatchType {
  const type = patchTypes[contentType];
  if (type === undefined) throw unsupportedMediaType(contentType, Object.keys(patchTypes));
  return type;
}

/** The patched form of a document; also for subresources that are no objects of their own (scale). */
export function patched(type: PatchType, before: Json, patch: Json, resource: Resource, name: string): Json {
  try {
    if (type === 'json') return jsonPatch(before, patch);
    if (patch === null || typeof patch !== 'object' || Array.isArray(patch))
      throw new PatchError(400, 'the patch must be an object');
    if (type === 'merge') return mergePatch(before, patch);
    return strategicMergePatch(before, patch);
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    if (error.code === 400) throw badRequest(error.message);
    throw new ApiError(
      422,
      'Invalid',
      `the server rejected our request due to an error in our request: ${error.message}`,
      {
        name,
        kind: resource.plural,
      },
    );
  }
}

export function patchObject(
  context: WriteContext,
  type: PatchType,
  patch: Json,
  target: Target,
  manager: string,
): KubeObject {
  if (type === 'apply') return applyObject(context, patch, target, manager);
  return write(context, target, (before) => {
    const after = patched(type, before, patch, target.resource, target.name) as KubeObject;
    const checked = checkShape(after, target.resource, target.namespace);
    checkPreconditions(target, before, checked.metadata);
    return checked;
  });
}

/** Server-side apply: what a manager asked for last time is kept in managedFields, so that it can take it back. */
function applyObject(context: WriteContext, given: Json, target: Target, manager: string): KubeObject {
  if (manager === '')
    throw badRequest(
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  const applied = checkShape(given, target.resource, target.namespace);
  applied.metadata.name ??= target.name;
  if (applied.metadata.name !== target.name) throw badRequest('metadata.name does not match the name on the URL');
  const { resource, namespace, name } = target;
  const record = managedEntry(context, applied, manager);
  if (context.store.get(resource.kind, namespace, name) === undefined) {
    const fresh = structuredClone(applied);
    fresh.metadata.managedFields = [record];
    return createObject(context, fresh, target);
  }
  return write(context, target, (before) => {
    checkPreconditions(target, before, applied.metadata);
    const entries: Json[] = before.metadata.managedFields ?? [];
    const mine = entries.find((each) => each.manager === manager && each.operation === 'Apply');
    const body = withoutIdentity(applied);
    const after = applyPatch(structuredClone(before), body, mine === undefined ? undefined : fromFields(mine.fieldsV1));
    after.metadata.managedFields = [...entries.filter((each) => each !== mine), record];
    return after;
  });
}

function withoutIdentity(object: KubeObject): Json {
  const { apiVersion: _apiVersion, kind: _kind, metadata, status: _status, ...rest } = structuredClone(object);
  const { labels, annotations, finalizers, ownerReferences } = metadata;
  return { metadata: { labels, annotations, finalizers, ownerReferences }, ...rest };
}

function managedEntry(context: WriteContext, applied: KubeObject, manager: string): Json {
  return {
    manager,
    operation: 'Apply',
    apiVersion: applied.apiVersion,
    time: kubeTime(context.clock.now()),
    fieldsType: 'FieldsV1',
    fieldsV1: toFields(withoutIdentity(applied)),
  };
}

/** FieldsV1: `f:name` a field, `k:{...}` an item of a keyed list, `v:...` a value of a list. */
function toFields(value: Json): Json {
  if (Array.isArray(value)) {
    const fields: Json = {};
    for (const item of value) {
      if (item !== null && typeof item === 'object') {
        const key = ['name', 'containerPort', 'port', 'mountPath', 'type', 'uid', 'key', 'ip', 'topologyKey'].find(
          (each) => each in item,
        );
        fields[`k:${JSON.stringify(key === undefined ? item : { [key]: item[key] })}`] = toFields(item);
      } else fields[`v:${JSON.stringify(item)}`] = {};
    }
    return fields;
  }
  if (value === null || typeof value !== 'object') return {};
  const fields: Json = {};
  for (const [key, inner] of Object.entries(value)) if (inner !== undefined) fields[`f:${key}`] = toFields(inner);
  return fields;
}

/** The shape that FieldsV1 describes, its leaves being plain: enough to tell what was applied and no longer is. */
function fromFields(fields: Json): Json {
  const entries = Object.entries((fields ?? {}) as Record<string, Json>);
  if (entries.length === 0) return true;
  if (entries.every(([key]) => key.startsWith('k:') || key.startsWith('v:')))
    return entries.map(([key, inner]) => {
      const item = JSON.parse(key.slice(2));
      if (key.startsWith('v:')) return item;
      const shape = fromFields(inner);
      return typeof shape === 'object' ? { ...shape, ...item } : item;
    });
  return Object.fromEntries(entries.map(([key, inner]) => [key.slice(2), fromFields(inner)]));
}

function write(context: WriteContext, target: Target, change: (before: KubeObject) => KubeObject): KubeObject {
  const { store } = context;
  const { resource, namespace, name, subresource } = target;
  const before = store.get(resource.kind, namespace, name);
  if (before === undefined) throw notFound(resource, name);
  const asked = structuredClone(change(before));
  const status = subresource === 'status';
  if (status) {
    const after = { ...structuredClone(before), status: asked.status } as KubeObject;
    if (target.dryRun) return after;
    return store.modify(resource.kind, namespace, name, () => after, { status: true }) ?? after;
  }
  // The main resource never writes status where there is a subresource for it.
  if (resource.hasStatus) {
    if (before.status === undefined) delete asked.status;
    else asked.status = structuredClone(before.status);
  }
  keepImmutable(asked, before);
  const after = prepare(asked, resource, before);
  if (target.dryRun) return { ...after, metadata: { ...before.metadata, ...mutableMetadata(after) } };
  giveClusterIP(context, after);
  return store.modify(resource.kind, namespace, name, () => after) ?? after;
}

function mutableMetadata(object: KubeObject): Json {
  const { labels, annotations, ownerReferences, finalizers } = object.metadata;
  return { labels, annotations, ownerReferences, finalizers };
}

/** What a replacing client may leave out although it is set (a Service's address). */
function keepImmutable(object: KubeObject, before: KubeObject): void {
  if (object.kind === 'Service' && object.spec && object.spec.type !== 'ExternalName') {
    if (!object.spec.clusterIP && before.spec?.clusterIP) object.spec.clusterIP = before.spec.clusterIP;
    if (!object.spec.clusterIPs && before.spec?.clusterIPs)
      object.spec.clusterIPs = structuredClone(before.spec.clusterIPs);
  }
  if (object.kind === 'Namespace' && !object.spec?.finalizers) object.spec = structuredClone(before.spec);
}

function checkPreconditions(target: Target, before: KubeObject, given: Partial<KubeObject['metadata']>): void {
  if (
    given.resourceVersion !== undefined &&
    given.resourceVersion !== '' &&
    given.resourceVersion !== before.metadata.resourceVersion
  )
    throw conflict(target.resource, target.name);
  if (given.uid !== undefined && given.uid !== '' && given.uid !== before.metadata.uid)
    throw conflict(
      target.resource,
      target.name,
      `Precondition failed: UID in precondition: ${given.uid}, UID in object meta: ${before.metadata.uid}`,
    );
}

function prepare(object: KubeObject, resource: Resource, before: KubeObject | undefined): KubeObject {
  applyDefaults(object);
  const causes: Cause[] = validate(object, before);
  if (causes.length > 0) throw invalid(resource, object.metadata.name, causes);
  return object;
}

function checkShape(given: Json, resource: Resource, namespace: string | undefined): KubeObject {
  if (given === null || typeof given !== 'object' || Array.isArray(given))
    throw badRequest('the body of the request must be an object');
  const object = structuredClone(given) as KubeObject;
  object.kind ??= resource.kind;
  object.apiVersion ??= apiVersionOf(resource);
  if (object.kind !== resource.kind || object.apiVersion !== apiVersionOf(resource))
    throw badRequest(
      `${resource.kind} in version "${apiVersionOf(resource)}" expected, not ${object.kind} in version "${object.apiVersion}"`,
    );
  if (object.metadata === undefined || object.metadata === null) object.metadata = {} as KubeObject['metadata'];
  if (typeof object.metadata !== 'object') throw badRequest('metadata must be an object');
  if (resource.namespaced) {
    object.metadata.namespace ||= namespace;
    if (object.metadata.namespace !== namespace)
      throw badRequest(
        `the namespace of the provided object does not match the namespace sent on the request (${namespace ?? ''})`,
      );
  } else delete object.metadata.namespace;
  // omitempty in the API's types: an empty map or list is stored as none.
  for (const field of ['labels', 'annotations', 'ownerReferences', 'finalizers'] as const) {
    const value = object.metadata[field];
    if (value === null || (typeof value === 'object' && Object.keys(value).length === 0)) delete object.metadata[field];
  }
  for (const field of ['name', 'generateName'] as const) {
    const value = object.metadata[field];
    if (value !== undefined && typeof value !== 'string') throw badRequest(`metadata.${field} must be a string`);
  }
  return object;
}

function requireNamespace(context: WriteContext, resource: Resource, namespace: string, name: string): void {
  const found = context.store.get('Namespace', undefined, namespace);
  if (found === undefined)
    throw new ApiError(404, 'NotFound', `namespaces "${namespace}" not found`, { name: namespace, kind: 'namespaces' });
  if (found.metadata.deletionTimestamp !== undefined)
    throw forbidden(
      resource,
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
    );
}

/** A Service of type ClusterIP gets its virtual address when it is stored; headless ones ("None") keep theirs. */
function giveClusterIP(context: WriteContext, object: KubeObject): void {
  if (object.kind !== 'Service' || object.spec.type === 'ExternalName') return;
  if (!object.spec.clusterIP) {
    const address = context.allocateClusterIP();
    if (address === undefined) throw new ApiError(500, 'InternalError', 'no virtual address is left for this Service');
    object.spec.clusterIP = address;
  }
  object.spec.clusterIPs = [object.spec.clusterIP];
}

/** autoscaling/v1 Scale of a Deployment or ReplicaSet. */
export function toScale(object: KubeObject): Json {
  const labels = Object.entries((object.spec?.selector?.matchLabels ?? {}) as Record<string, string>);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      name: object.metadata.name,
      namespace: object.metadata.namespace,
      uid: object.metadata.uid,
      resourceVersion: object.metadata.resourceVersion,
      creationTimestamp: object.metadata.creationTimestamp,
    },
    spec: { replicas: object.spec?.replicas ?? 0 },
    status: {
      replicas: object.status?.replicas ?? 0,
      selector: labels.map(([key, value]) => `${key}=${value}`).join(','),
    },
  };
}

/** Writes the number of a Scale back into its object. */
export function putScale(context: WriteContext, scale: Json, target: Target): Json {
  const { store } = context;
  const { resource, namespace, name } = target;
  const before = store.get(resource.kind, namespace, name);
  if (before === undefined) throw notFound(resource, name);
  checkPreconditions(target, before, scale?.metadata ?? {});
  // The API drops zero values: an absent number is 0.
  const replicas = scale?.spec?.replicas ?? 0;
  const causes = replicaCauses(replicas);
  if (causes.length > 0) throw invalid(resource, name, causes);
  if (target.dryRun) return toScale({ ...before, spec: { ...before.spec, replicas } });
  const after = store.modify(resource.kind, namespace, name, (copy) => {
    copy.spec.replicas = replicas;
    return copy;
  });
  return toScale(after ?? before);
}

/** A body as an object, by its content type; a missing one is JSON (kubectl's PUT on scale sends none). */
export function parseText(text: string, contentType: string): Json {
  if (text.trim() === '') return undefined;
  try {
    return contentType.includes('yaml') ? parseYaml(text) : JSON.parse(text);
  } catch (error) {
    throw badRequest(`the body of the request could not be read: ${(error as Error).message.split('\n')[0]}`);
  }
}
