import type { TimerHandle, Timers } from '../events/port.ts';
import { Backoff } from './backoff.ts';
import type { Kube } from './connect.ts';
import type { KubeFailure, StreamEnd } from './http.ts';
import { type KubeObject, pathOf, qualifiedName, type Resource } from './objects.ts';

/**
 * List and watch of one resource, as client-go's Reflector does it: list (paged), watch from the list's
 * resourceVersion with bookmarks, at once anew after a clean end, list again on 410, back off on everything else.
 * It never stops by itself; only `stop()` ends it.
 */
export interface Reflector {
  stop(): void;
  readonly state: ReflectorState;
}

export type ReflectorState =
  | { readonly kind: 'connecting' }
  /** What the listener holds is what the API has: a list answered, or a watch was accepted from where the last ended. */
  | { readonly kind: 'synced' }
  | { readonly kind: 'lost'; readonly message: string }
  /** RBAC: names verb and resource. Retried all the same, as a role may be granted any time. */
  | { readonly kind: 'forbidden'; readonly verb: 'list' | 'watch'; readonly resource: string; readonly message: string }
  | { readonly kind: 'stopped' };

/** Called one at a time, in order. What a handler throws goes to `onFault` and ends nothing. */
export interface ReflectorListener<T extends KubeObject> {
  /** The whole set, after each list; the listener finds out what it missed. */
  onReplaced(objects: readonly T[]): void;
  onChanged(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void;
  /** Each state once, when it is entered or its message changes. */
  onState(state: ReflectorState): void;
  onFault?(error: unknown): void;
}

export interface ReflectorOptions {
  readonly kube: Kube;
  readonly resource: Resource;
  readonly namespace: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly timers: Timers;
  readonly random: () => number;
  /** Of each page of a list, and until a watch is accepted. Default 10,000: client-go has none and hangs. */
  readonly answerTimeoutMs?: number;
  /**
   * A watch without a byte for this long is opened anew from where it was (cheap, and it confirms that nothing was
   * missed). Default 75,000: kube-apiserver sends a bookmark each minute, so a healthy watch isn't cut.
   */
  readonly idleTimeoutMs?: number;
  /** Objects a page. Default 500, as kubectl and client-go. */
  readonly pageSize?: number;
}

/** A watch that ends sooner without an event counts as failed, or a server that ends all at once would be hammered. */
const shortWatchMs = 1_000;
/** Backoff starts over once a watch has lasted this long. */
const provenMs = 10_000;

export function createReflector<T extends KubeObject>(
  options: ReflectorOptions,
  listener: ReflectorListener<T>,
): Reflector {
  const { kube, resource, timers } = options;
  const answerTimeoutMs = options.answerTimeoutMs ?? 10_000;
  const idleTimeoutMs = options.idleTimeoutMs ?? 75_000;
  const path = pathOf(resource, options.namespace);
  const name = qualifiedName(resource);
  const backoff = new Backoff(options.random);
  const stopping = new AbortController();
  let state: ReflectorState = { kind: 'connecting' };
  /** Where the next watch starts; undefined: list first. */
  let version: string | undefined;
  let watchForbidden = false;
  let goneInARow = 0;

  const stopped = () => stopping.signal.aborted;
  const guard = (handler: () => void) => {
    try {
      handler();
    } catch (error) {
      try {
        listener.onFault?.(error);
      } catch {
        // A fault handler that throws has nobody left to tell.
      }
    }
  };

  function enter(next: ReflectorState): void {
    if (next.kind === state.kind && messageOf(next) === messageOf(state)) return;
    state = next;
    guard(() => listener.onState(next));
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (stopped()) return resolve();
      const timer: TimerHandle = timers.setTimeout(done, ms);
      stopping.signal.addEventListener('abort', done, { once: true });
      function done() {
        timer.cancel();
        stopping.signal.removeEventListener('abort', done);
        resolve();
      }
    });
  }

  function failed(verb: 'list' | 'watch', failure: Exclude<KubeFailure, never>): void {
    if (failure.kind === 'status' && failure.status === 403) {
      watchForbidden = verb === 'watch';
      const message = `forbidden: ${verb} ${name} in namespace ${options.namespace}`;
      enter({ kind: 'forbidden', verb, resource: name, message });
    } else {
      enter({ kind: 'lost', message: `${verb} ${name}: ${failure.message}` });
    }
  }

  async function list(): Promise<{ items: T[]; version: string } | KubeFailure> {
    const items: T[] = [];
    let next: string | undefined;
    let paged = true;
    for (;;) {
      const answer = await kube.request({
        method: 'GET',
        path,
        query: {
          labelSelector: options.labelSelector,
          fieldSelector: options.fieldSelector,
          limit: paged ? (options.pageSize ?? 500) : undefined,
          continue: next,
        },
        timeoutMs: answerTimeoutMs,
        signal: stopping.signal,
      });
      if (answer.kind === 'status' && answer.status === 410 && next !== undefined) {
        // The continue token has expired between pages: once more, in one piece (client-go's pager does the same).
        items.length = 0;
        next = undefined;
        paged = false;
        continue;
      }
      if (answer.kind !== 'ok') return answer;
      const body = answer.body as { metadata?: { resourceVersion?: string; continue?: string }; items?: T[] | null };
      const at = body?.metadata?.resourceVersion;
      if (typeof at !== 'string') return { kind: 'unreachable', message: 'the answer is no list' };
      for (const item of body.items ?? []) items.push(item);
      next = body.metadata?.continue || undefined;
      if (next === undefined) return { items, version: at };
    }
  }

  /** One watch, from open to end. */
  function watch(from: string): Promise<WatchEnd> {
    return new Promise((resolve) => {
      let idle: TimerHandle | undefined;
      let short: TimerHandle | undefined;
      let proven: TimerHandle | undefined;
      let isShort = true;
      let events = 0;
      let verdict: WatchEnd | undefined;
      const onStop = () => stream.close();
      const rearm = () => {
        idle?.cancel();
        idle = timers.setTimeout(() => finish({ kind: 'idle' }), idleTimeoutMs);
      };
      const finish = (how: WatchEnd) => {
        verdict ??= how;
        stream.close();
      };
      const stream = kube.stream(
        {
          path,
          query: {
            watch: true,
            resourceVersion: from,
            allowWatchBookmarks: true,
            // client-go: 5 to 10 minutes, so that watchers don't all come back at once.
            timeoutSeconds: 300 + Math.floor(options.random() * 300),
            labelSelector: options.labelSelector,
            fieldSelector: options.fieldSelector,
          },
          openTimeoutMs: answerTimeoutMs,
        },
        {
          onOpen() {
            if (stopped()) return;
            watchForbidden = false;
            enter({ kind: 'synced' });
            rearm();
            short = timers.setTimeout(() => {
              isShort = false;
            }, shortWatchMs);
            proven = timers.setTimeout(() => backoff.reset(), provenMs);
          },
          onActivity: () => {
            if (verdict === undefined && !stopped()) rearm();
          },
          onLine(line) {
            if (verdict !== undefined || stopped()) return;
            const event = parse<T>(line);
            if (event === undefined) return finish({ kind: 'garbage' });
            if (event.type === 'ERROR') {
              const code = (event.object as { code?: unknown }).code;
              return finish(code === 410 ? { kind: 'gone' } : { kind: 'error', status: Number(code) || 0 });
            }
            const at = event.object.metadata?.resourceVersion;
            if (typeof at !== 'string') return finish({ kind: 'garbage' });
            version = at;
            events += 1;
            goneInARow = 0;
            backoff.reset();
            if (event.type === 'BOOKMARK') return;
            const type = event.type;
            guard(() => listener.onChanged(type, event.object));
          },
          onEnd(end) {
            idle?.cancel();
            short?.cancel();
            proven?.cancel();
            stopping.signal.removeEventListener('abort', onStop);
            if (verdict !== undefined) return resolve(verdict);
            resolve(end.kind === 'clean' && isShort && events === 0 ? { kind: 'short' } : end);
          },
        },
      );
      stopping.signal.addEventListener('abort', onStop, { once: true });
      if (stopped()) onStop();
    });
  }

  /** What to do after a watch ended: at once, or after the backoff; from where it was, or with a new list. */
  function judge(end: WatchEnd): 'at once' | 'back off' {
    const lost = (message: string) => enter({ kind: 'lost', message: `watch ${name}: ${message}` });
    switch (end.kind) {
      case 'clean':
      case 'idle':
      case 'closed':
        // Nothing was missed as long as the next watch is accepted: not a loss yet.
        return 'at once';
      case 'gone':
        version = undefined;
        return goneAgain();
      case 'status':
        if (end.status === 410) {
          version = undefined;
          return goneAgain();
        }
        if (end.status === 403) version = undefined;
        failed('watch', end);
        return 'back off';
      case 'garbage':
        // The line may have been a change: only a list tells.
        version = undefined;
        lost('a line that is no watch event');
        return 'back off';
      case 'error':
        version = undefined;
        lost(`the API sent error ${end.status}`);
        return 'back off';
      case 'short':
        lost('ended at once');
        return 'back off';
      case 'broken':
      case 'unreachable':
        lost(end.message);
        return 'back off';
    }
  }

  /** 410 means relist at once; a server that answers 410 to its own newest version gets the backoff. */
  function goneAgain(): 'at once' | 'back off' {
    goneInARow += 1;
    return goneInARow === 1 ? 'at once' : 'back off';
  }

  async function run(): Promise<void> {
    guard(() => listener.onState(state));
    while (!stopped()) {
      if (version === undefined) {
        const answer = await list();
        if (stopped()) return;
        if ('kind' in answer) {
          failed('list', answer);
          await pause(backoff.next());
          continue;
        }
        version = answer.version;
        guard(() => listener.onReplaced(answer.items));
        if (!watchForbidden) enter({ kind: 'synced' });
      }
      const end = await watch(version);
      if (stopped()) return;
      if (judge(end) === 'back off') await pause(backoff.next());
    }
  }

  run().catch((error) => guard(() => listener.onFault?.(error)));

  return {
    stop() {
      if (stopped()) return;
      stopping.abort();
      state = { kind: 'stopped' };
    },
    get state() {
      return state;
    },
  };
}

type WatchEnd =
  | StreamEnd
  | { readonly kind: 'idle' }
  | { readonly kind: 'short' }
  | { readonly kind: 'garbage' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'error'; readonly status: number };

type WatchEvent<T> = { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'; readonly object: T };

function parse<T>(line: string): WatchEvent<T> | undefined {
  try {
    const event = JSON.parse(line) as { type?: unknown; object?: unknown };
    if (typeof event?.object !== 'object' || event.object === null) return undefined;
    switch (event.type) {
      case 'ADDED':
      case 'MODIFIED':
      case 'DELETED':
      case 'BOOKMARK':
      case 'ERROR':
        return event as WatchEvent<T>;
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
}

function messageOf(state: ReflectorState): string {
  return state.kind === 'lost' || state.kind === 'forbidden' ? state.message : '';
}
