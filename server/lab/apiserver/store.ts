import { isDeepStrictEqual } from 'node:util';
import type { Json, Kind, KubeObject, ObjectMeta, Store, StoreEvent } from '../store-port.ts';
import { type Random, safeSuffix, uuid } from './names.ts';
import { type Clock, kubeTime } from './time.ts';

export type StoreErrorReason = 'AlreadyExists' | 'Conflict' | 'Invalid';

export class StoreError extends Error {
  readonly reason: StoreErrorReason;
  constructor(reason: StoreErrorReason, message: string) {
    super(message);
    this.name = 'StoreError';
    this.reason = reason;
  }
}

/** A change as the HTTP watch needs it: with the object before, to tell what enters or leaves a selector. */
export interface Change extends StoreEvent {
  readonly version: number;
  readonly previous: KubeObject | undefined;
}

export type WatchStart =
  | { readonly ok: true; readonly stop: () => void }
  | { readonly ok: false; readonly oldest: number };

export interface LabStore extends Store {
  /**
   * Every change of a kind after `since`: first those remembered, in the same call, then each as it happens.
   * Not ok when the history no longer reaches back to `since` (410 Gone).
   */
  watch(kind: Kind, since: number, onChange: (change: Change) => void): WatchStart;
  snapshot(): Json;
  /** Puts back what snapshot() gave. Versions start from the clock again, so older watchers get 410. */
  restore(snapshot: Json): void;
  /** Called after every change of any kind; for persistence. */
  onChange(listener: () => void): () => void;
}

export interface StoreOptions {
  clock: Clock;
  /** In [0, 1). */
  random: Random;
  /** Changes remembered per kind for watchers; etcd compacts by age (5 min), a count bounds memory as well. Default 1,000. */
  historyPerKind?: number;
  /** A subscriber that threw. Default: stderr. */
  onFault?: (error: unknown) => void;
}

/** Kinds whose spec is versioned by metadata.generation. */
const generations: ReadonlySet<Kind> = new Set<Kind>([
  'Deployment',
  'ReplicaSet',
  'EndpointSlice',
  'NetworkPolicy',
  'PodDisruptionBudget',
]);

/** Kubernetes' default for a pod that names none. */
const defaultGraceSeconds = 30;

interface Shelf {
  readonly objects: Map<string, KubeObject>;
  sorted: KubeObject[] | undefined;
  readonly subscribers: Set<(event: StoreEvent) => void>;
  readonly watchers: Set<(change: Change) => void>;
  history: Change[];
  /** Changes up to this version are forgotten. */
  compacted: number;
}

export function createStore(options: StoreOptions): LabStore {
  const { clock, random } = options;
  const historyPerKind = options.historyPerKind ?? 1_000;
  const onFault = options.onFault ?? ((error: unknown) => console.error('lab store: a subscriber failed:', error));

  // Microseconds: far above one change a microsecond, below 2^53, and always beyond what an earlier process gave out.
  let counter = Math.floor(clock.now() * 1_000);
  let start = counter;
  const shelves = new Map<Kind, Shelf>();
  const listeners = new Set<() => void>();
  const pending: { shelf: Shelf; change: Change }[] = [];
  let delivering = false;

  function shelfOf(kind: Kind): Shelf {
    let shelf = shelves.get(kind);
    if (shelf === undefined) {
      shelf = {
        objects: new Map(),
        sorted: undefined,
        subscribers: new Set(),
        watchers: new Set(),
        history: [],
        compacted: start,
      };
      shelves.set(kind, shelf);
    }
    return shelf;
  }

  function guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      onFault(error);
    }
  }

  /** Changes made by a subscriber wait until everyone has heard of the change that caused them. */
  function publish(shelf: Shelf, type: StoreEvent['type'], object: KubeObject, previous: KubeObject | undefined): void {
    const change: Change = { type, object, previous, version: Number(object.metadata.resourceVersion) };
    shelf.history.push(change);
    if (shelf.history.length > historyPerKind * 1.25) {
      const dropped = shelf.history.splice(0, shelf.history.length - historyPerKind);
      shelf.compacted = dropped[dropped.length - 1]?.version ?? shelf.compacted;
    }
    pending.push({ shelf, change });
    if (delivering) return;
    delivering = true;
    try {
      for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
        const { shelf: at, change: what } = next;
        for (const subscriber of [...at.subscribers])
          if (at.subscribers.has(subscriber)) guard(() => subscriber({ type: what.type, object: what.object }));
        for (const watcher of [...at.watchers]) if (at.watchers.has(watcher)) guard(() => watcher(what));
        for (const listener of [...listeners]) guard(listener);
      }
    } finally {
      delivering = false;
    }
  }

  function put(shelf: Shelf, key: string, object: KubeObject, previous: KubeObject | undefined): KubeObject {
    object.metadata.resourceVersion = String(++counter);
    const frozen = deepFreeze(object);
    shelf.objects.set(key, frozen);
    shelf.sorted = undefined;
    publish(shelf, previous === undefined ? 'ADDED' : 'MODIFIED', frozen, previous);
    return frozen;
  }

  function remove(shelf: Shelf, key: string, object: KubeObject): KubeObject {
    const last = structuredClone(object);
    last.metadata.resourceVersion = String(++counter);
    const frozen = deepFreeze(last);
    shelf.objects.delete(key);
    shelf.sorted = undefined;
    publish(shelf, 'DELETED', frozen, object);
    return frozen;
  }

  /** An object marked for deletion goes when its last finalizer went and no kubelet still holds it. */
  function isReleased(object: KubeObject): boolean {
    const { deletionTimestamp, deletionGracePeriodSeconds } = object.metadata;
    return deletionTimestamp !== undefined && !isHeld(object) && (deletionGracePeriodSeconds ?? 0) === 0;
  }

  const store: LabStore = {
    get resourceVersion() {
      return String(counter);
    },

    get(kind, namespace, name) {
      return shelfOf(kind).objects.get(keyOf(namespace, name));
    },

    list(kind, namespace) {
      const shelf = shelfOf(kind);
      shelf.sorted ??= [...shelf.objects.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
      return namespace === undefined
        ? [...shelf.sorted]
        : shelf.sorted.filter((object) => object.metadata.namespace === namespace);
    },

    create(given) {
      const object = structuredClone(given) as KubeObject;
      const kind = object.kind as Kind;
      const shelf = shelfOf(kind);
      const metadata: Partial<ObjectMeta> = object.metadata;
      if (!metadata.name && metadata.generateName) {
        const base = metadata.generateName.slice(0, 58);
        do metadata.name = base + safeSuffix(random);
        while (shelf.objects.has(keyOf(metadata.namespace, metadata.name)));
      }
      if (!metadata.name) throw new StoreError('Invalid', 'name or generateName is required');
      const key = keyOf(metadata.namespace, metadata.name);
      if (shelf.objects.has(key)) throw new StoreError('AlreadyExists', `${kind} "${metadata.name}" already exists`);
      metadata.uid = uuid(random);
      metadata.creationTimestamp = kubeTime(clock.now());
      if (generations.has(kind)) metadata.generation = 1;
      else delete metadata.generation;
      delete metadata.deletionTimestamp;
      delete metadata.deletionGracePeriodSeconds;
      return put(shelf, key, object, undefined);
    },

    modify(kind, namespace, name, change, modifyOptions = {}) {
      const shelf = shelfOf(kind);
      const key = keyOf(namespace, name);
      const before = shelf.objects.get(key);
      if (before === undefined) return undefined;
      if (modifyOptions.uid !== undefined && modifyOptions.uid !== before.metadata.uid) return undefined;
      const changed = change(structuredClone(before));
      if (changed === undefined || changed === null) return before;
      let after = structuredClone(changed) as KubeObject;
      if (modifyOptions.status === true) {
        const { status } = after;
        after = structuredClone(before);
        if (status === undefined) delete after.status;
        else after.status = status;
      }
      keepIdentity(before, after);
      if (generations.has(kind) && !isDeepStrictEqual(versionedPart(before), versionedPart(after)))
        after.metadata.generation = (before.metadata.generation ?? 0) + 1;
      if (isDeepStrictEqual(before, after)) return before;
      const written = put(shelf, key, after, before);
      if (isReleased(written)) remove(shelf, key, written);
      return written;
    },

    delete(kind, namespace, name, deleteOptions = {}) {
      const shelf = shelfOf(kind);
      const key = keyOf(namespace, name);
      const before = shelf.objects.get(key);
      if (before === undefined) return undefined;
      if (deleteOptions.uid !== undefined && deleteOptions.uid !== before.metadata.uid) return undefined;
      const grace = graceOf(kind, before, deleteOptions.gracePeriodSeconds);
      if (grace === 0 && !isHeld(before)) return remove(shelf, key, before);
      const running = before.metadata.deletionTimestamp !== undefined;
      // A later delete may shorten the grace, never lengthen it (pod strategy's BeforeDelete).
      if (running && grace >= (before.metadata.deletionGracePeriodSeconds ?? 0)) return before;
      const after = structuredClone(before);
      after.metadata.deletionTimestamp = kubeTime(clock.now() + grace * 1_000);
      after.metadata.deletionGracePeriodSeconds = grace;
      if (generations.has(kind)) after.metadata.generation = (before.metadata.generation ?? 0) + 1;
      return put(shelf, key, after, before);
    },

    subscribe(kind, onEvent) {
      const { subscribers } = shelfOf(kind);
      // A wrapper of its own, so that one function subscribed twice is two subscriptions.
      const subscriber = (event: StoreEvent) => onEvent(event);
      subscribers.add(subscriber);
      return () => {
        subscribers.delete(subscriber);
      };
    },

    watch(kind, since, onChange) {
      const shelf = shelfOf(kind);
      if (since < shelf.compacted || since > counter) return { ok: false, oldest: shelf.compacted };
      // What waits in the queue is in the history already: it must not arrive twice.
      let last = since;
      const watcher = (change: Change) => {
        if (change.version <= last) return;
        last = change.version;
        onChange(change);
      };
      for (const change of shelf.history) if (change.version > since) guard(() => watcher(change));
      shelf.watchers.add(watcher);
      return {
        ok: true,
        stop: () => {
          shelf.watchers.delete(watcher);
        },
      };
    },

    snapshot() {
      const objects: KubeObject[] = [];
      for (const shelf of shelves.values()) objects.push(...shelf.objects.values());
      return { version: 1, resourceVersion: String(counter), objects };
    },

    restore(snapshot) {
      const objects: KubeObject[] = snapshot?.objects ?? [];
      const given = Number(snapshot?.resourceVersion ?? 0);
      counter = Math.max(counter, Math.floor(clock.now() * 1_000), given) + 1;
      for (const [, shelf] of shelves) {
        shelf.objects.clear();
        shelf.sorted = undefined;
        shelf.history = [];
        // Whoever watched the life before must list anew.
        shelf.watchers.clear();
      }
      for (const object of objects) {
        const shelf = shelfOf(object.kind as Kind);
        shelf.objects.set(keyOf(object.metadata.namespace, object.metadata.name), deepFreeze(structuredClone(object)));
      }
      start = counter;
      for (const shelf of shelves.values()) shelf.compacted = counter;
    },

    onChange(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
  clocks.set(store, clock);
  return store;
}

const clocks = new WeakMap<Store, Clock>();

/** The clock a store was made with: what stamps objects about a store's objects should agree with it. */
export function clockOf(store: Store): Clock {
  return clocks.get(store) ?? { now: () => Date.now() };
}

function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

/** What nobody may change by a write. */
function keepIdentity(before: KubeObject, after: KubeObject): void {
  after.kind = before.kind;
  after.apiVersion = before.apiVersion;
  const kept: Partial<ObjectMeta> = {
    name: before.metadata.name,
    namespace: before.metadata.namespace,
    uid: before.metadata.uid,
    resourceVersion: before.metadata.resourceVersion,
    generation: before.metadata.generation,
    creationTimestamp: before.metadata.creationTimestamp,
    deletionTimestamp: before.metadata.deletionTimestamp,
    deletionGracePeriodSeconds: before.metadata.deletionGracePeriodSeconds,
  };
  for (const [field, value] of Object.entries(kept)) {
    if (value === undefined) delete (after.metadata as Json)[field];
    else (after.metadata as Json)[field] = value;
  }
}

/** A finalizer keeps the object; a Namespace keeps its own kind of them in spec. */
function isHeld(object: KubeObject): boolean {
  if ((object.metadata.finalizers ?? []).length > 0) return true;
  return object.kind === 'Namespace' && (object.spec?.finalizers ?? []).length > 0;
}

/** Everything a user wishes for: all but metadata and status. */
function versionedPart(object: KubeObject): Json {
  const { metadata: _metadata, status: _status, ...rest } = object;
  return rest;
}

function graceOf(kind: Kind, object: KubeObject, asked: number | undefined): number {
  if (kind !== 'Pod') return 0;
  if (asked !== undefined && asked <= 0) return 0;
  // Nothing runs that could take its time (pod strategy's CheckGracefulDelete).
  if (!object.spec?.nodeName || object.status?.phase === 'Failed' || object.status?.phase === 'Succeeded') return 0;
  return asked ?? object.spec?.terminationGracePeriodSeconds ?? defaultGraceSeconds;
}

export function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === 'object' && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
