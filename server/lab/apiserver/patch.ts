import { isDeepStrictEqual } from 'node:util';
import type { Json } from '../store-port.ts';

/** A patch that can't be applied: 400, or 422 where the real API says so (a JSON patch whose test failed). */
export class PatchError extends Error {
  readonly code: 400 | 422;
  constructor(code: 400 | 422, message: string) {
    super(message);
    this.name = 'PatchError';
    this.code = code;
  }
}

/** RFC 7386. */
export function mergePatch(target: Json, patch: Json): Json {
  if (!isMap(patch)) return structuredClone(patch);
  const result: Json = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key === '__proto__') continue;
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** RFC 6902. */
export function jsonPatch(target: Json, operations: Json): Json {
  if (!Array.isArray(operations)) throw new PatchError(400, 'a JSON patch must be a list of operations');
  let document: Json = structuredClone(target);
  for (const operation of operations) {
    if (!isMap(operation) || typeof operation.path !== 'string')
      throw new PatchError(400, 'each operation of a JSON patch needs "op" and "path"');
    const path = parsePointer(operation.path);
    switch (operation.op) {
      case 'add':
        document = edit(document, path, 'add', structuredClone(operation.value));
        break;
      case 'replace':
        document = edit(document, path, 'replace', structuredClone(operation.value));
        break;
      case 'remove':
        document = edit(document, path, 'remove');
        break;
      case 'copy':
      case 'move': {
        const from = parsePointer(String(operation.from ?? ''));
        const value = structuredClone(look(document, from));
        if (operation.op === 'move') document = edit(document, from, 'remove');
        document = edit(document, path, 'add', value);
        break;
      }
      case 'test':
        if (!isDeepStrictEqual(look(document, path), operation.value))
          throw new PatchError(422, `testing value ${operation.path} failed`);
        break;
      default:
        throw new PatchError(400, `unexpected operation "${operation.op}" in a JSON patch`);
    }
  }
  return document;
}

function parsePointer(pointer: string): string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) throw new PatchError(400, `"${pointer}" is not a JSON pointer`);
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function look(document: Json, path: readonly string[]): Json {
  let at = document;
  for (const step of path) {
    if (at === null || typeof at !== 'object' || !Object.hasOwn(at, step))
      throw new PatchError(422, `the path /${path.join('/')} does not exist`);
    at = at[step];
  }
  return at;
}

function edit(document: Json, path: readonly string[], how: 'add' | 'replace' | 'remove', value?: Json): Json {
  const last = path[path.length - 1];
  if (last === undefined) {
    if (how === 'remove') throw new PatchError(422, 'the whole document can not be removed');
    return value;
  }
  const parent = look(document, path.slice(0, -1));
  const missing = () => new PatchError(422, `the path /${path.join('/')} does not exist`);
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last);
    const highest = how === 'add' ? parent.length : parent.length - 1;
    if (!Number.isInteger(index) || index < 0 || index > highest) throw missing();
    if (how === 'add') parent.splice(index, 0, value);
    else if (how === 'replace') parent[index] = value;
    else parent.splice(index, 1);
  } else if (isMap(parent)) {
    if (how !== 'add' && !Object.hasOwn(parent, last)) throw missing();
    if (last === '__proto__') throw missing();
    if (how === 'remove') delete parent[last];
    else parent[last] = value;
  } else throw missing();
  return document;
}

/**
 * Lists that merge by a key instead of being replaced: the `patchMergeKey` tags of k8s.io/api's types, for the kinds
 * served here. A field has the same key wherever it occurs, but for `ports`.
 */
const mergeKeys: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  ephemeralContainers: 'name',
  env: 'name',
  volumes: 'name',
  imagePullSecrets: 'name',
  secrets: 'name',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  conditions: 'type',
  addresses: 'type',
  ownerReferences: 'uid',
  hostAliases: 'ip',
  podIPs: 'ip',
  hostIPs: 'ip',
  taints: 'key',
  topologySpreadConstraints: 'topologyKey',
  resourceClaims: 'name',
};

/** Lists of plain values that are merged as sets. */
const sets: ReadonlySet<string> = new Set(['finalizers']);

function mergeKeyOf(field: string, ...lists: Json[][]): string | undefined {
  if (field !== 'ports') return mergeKeys[field];
  // Container ports merge by containerPort, Service ports by port; an EndpointSlice's are replaced.
  const all = lists.flat().filter(isMap);
  if (all.some((item) => 'containerPort' in item)) return 'containerPort';
  return all.every((item) => 'port' in item) ? 'port' : undefined;
}

/** Kubernetes' strategic merge patch: a merge patch that knows which lists are keyed. */
export function strategicMergePatch(target: Json, patch: Json): Json {
  if (!isMap(patch)) return structuredClone(patch);
  if (patch.$patch === 'replace') return stripDirectives(patch);
  if (patch.$patch === 'delete') return {};
  const result: Json = isMap(target) ? { ...target } : {};
  if (Array.isArray(patch.$retainKeys))
    for (const key of Object.keys(result)) if (!patch.$retainKeys.includes(key)) delete result[key];
  for (const [key, value] of Object.entries(patch)) {
    if (key === '__proto__') continue;
    if (key.startsWith('$deleteFromPrimitiveList/')) {
      const field = key.slice('$deleteFromPrimitiveList/'.length);
      if (Array.isArray(result[field]) && Array.isArray(value))
        result[field] = result[field].filter((item: Json) => !value.includes(item));
    } else if (key.startsWith('$')) {
      // $setElementOrder only asks for an order; the other directives were handled above.
    } else if (value === null) delete result[key];
    else if (Array.isArray(value)) result[key] = mergeList(key, result[key], value);
    else result[key] = strategicMergePatch(result[key], value);
  }
  return result;
}

function mergeList(field: string, target: Json, patch: Json[]): Json[] {
  const current: Json[] = Array.isArray(target) ? target : [];
  if (sets.has(field)) return [...current, ...patch.filter((item) => !current.includes(item))];
  const elements = patch.filter((item) => !(isMap(item) && item.$patch !== undefined));
  const key = mergeKeyOf(field, current, elements);
  if (key === undefined) return stripDirectives(patch);
  if (patch.some((item) => isMap(item) && item.$patch === 'replace'))
    return stripDirectives(patch.filter((item) => !(isMap(item) && item.$patch === 'replace')));
  const result = [...current];
  for (const item of patch) {
    if (!isMap(item) || item[key] === undefined)
      throw new PatchError(400, `each item of ${field} in a strategic merge patch needs its merge key "${key}"`);
    // Two ports may share a number and differ in protocol: the name of the port then tells them apart.
    const index = result.findIndex(
      (each) => each[key] === item[key] && (each.protocol ?? 'TCP') === (item.protocol ?? each.protocol ?? 'TCP'),
    );
    if (item.$patch === 'delete') {
      if (index >= 0) result.splice(index, 1);
    } else if (index >= 0) result[index] = strategicMergePatch(result[index], item);
    else result.push(strategicMergePatch({}, item));
  }
  return result;
}

function stripDirectives(value: Json): Json {
  if (Array.isArray(value)) return value.map(stripDirectives);
  if (!isMap(value)) return value;
  const plain: Json = {};
  for (const [key, inner] of Object.entries(value)) if (!key.startsWith('$')) plain[key] = stripDirectives(inner);
  return plain;
}

/**
 * Server-side apply, as far as one needs it here: what this manager applied before and no longer does goes away, what
 * it applies now is merged like a strategic merge patch. Other managers' fields stay; there are no ownership conflicts.
 */
export function applyPatch(target: Json, applied: Json, before: Json | undefined): Json {
  const pruned = before === undefined ? target : prune(target, before, applied);
  return strategicMergePatch(pruned, applied);
}

function prune(target: Json, before: Json, applied: Json): Json {
  if (!isMap(target) || !isMap(before)) return target;
  const result: Json = { ...target };
  for (const [key, old] of Object.entries(before)) {
    if (!(key in result)) continue;
    const now = isMap(applied) ? applied[key] : undefined;
    if (now === undefined) {
      if (isMap(old)) {
        const inner = prune(result[key], old, {});
        if (isMap(inner) && Object.keys(inner).length === 0) delete result[key];
        else result[key] = inner;
      } else if (Array.isArray(old)) {
        const rest = pruneList(key, result[key], old, []);
        if (rest.length === 0) delete result[key];
        else result[key] = rest;
      } else delete result[key];
    } else if (Array.isArray(old) && Array.isArray(now)) result[key] = pruneList(key, result[key], old, now);
    else result[key] = prune(result[key], old, now);
  }
  return result;
}

function pruneList(field: string, target: Json, before: Json[], applied: Json[]): Json[] {
  if (!Array.isArray(target)) return [];
  const key = mergeKeyOf(field, target, before);
  if (key === undefined) return sets.has(field) ? target.filter((item) => !before.includes(item)) : [];
  return target
    .filter((item) => !before.some((old) => old[key] === item[key]) || applied.some((now) => now[key] === item[key]))
    .map((item) => {
      const old = before.find((each) => each[key] === item[key]);
      const now = applied.find((each) => each[key] === item[key]);
      return old === undefined || now === undefined ? item : prune(item, old, now);
    });
}

function isMap(value: Json): boolean {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
