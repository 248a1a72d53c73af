import type { TimerHandle, Timers } from '../events/port.ts';
import type { Api, Failure } from './http.ts';

/** client-go's Reflector: 0.8 s, doubled up to 30 s, with jitter, so that many clients do not return at once. */
const firstBackoffMs = 800;
const longestBackoffMs = 30_000;
/** client-go asks the server to end a watch after 5 to 10 minutes, so that load spreads over API servers again. */
const watchSeconds = 300;
const listTimeoutMs = 10_000;
const connectTimeoutMs = 10_000;
/** Bookmarks come about once a minute; a connection silent for longer than this is taken for dead. */
const silentMs = 150_000;
const pageSize = 500;
/** client-go: a watch that ends sooner without an event has failed; else a server that ends all at once is hammered. */
const shortWatchMs = 1_000;

// biome-ignore lint/suspicious/noExplicitAny: Kubernetes objects are open; each user narrows what it reads.
export type KubeObject = any;

export type ReflectorState = 'connecting' | 'synced' | 'lost' | 'forbidden';

export interface ReflectorListener {
  /** The whole set, after a list. Called again after each new list: compare with what is known. */
  onList(items: readonly KubeObject[]): void;
  onEvent(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): void;
  /** Called when the state or its message changes. */
  onState(state: ReflectorState, message: string): void;
}

export interface ReflectorOptions {
  readonly api: Api;
  /** "/api/v1/namespaces/lbscope/pods" */
  readonly path: string;
  /** "pods in namespace lbscope", for messages. */
  readonly what: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly timers: Timers;
  readonly random: () => number;
  readonly listener: ReflectorListener;
}

/** List and watch that never gives up. Only `stop` ends it. */
export class Reflector {
  readonly #options: ReflectorOptions;
  #stopped = false;
  #timer: TimerHandle | undefined;
  #watchdog: TimerHandle | undefined;
  #watch: { stop(): void } | undefined;
  #backoffMs = firstBackoffMs;
  /** Watching was refused though listing is allowed: then a list alone does not make it synced. */
  #watchForbidden = false;
  #state: ReflectorState | undefined;
  #message = '';

  constructor(options: ReflectorOptions) {
    this.#options = options;
  }

  start(): void {
    this.#say('connecting', '');
    void this.#list();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#watchdog?.cancel();
    this.#watch?.stop();
  }

  #url(parameters: Record<string, string>): string {
    const { path, labelSelector, fieldSelector } = this.#options;
    const query = new URLSearchParams(parameters);
    if (labelSelector !== undefined) query.set('labelSelector', labelSelector);
    if (fieldSelector !== undefined) query.set('fieldSelector', fieldSelector);
    return `${path}?${query}`;
  }

  async #list(): Promise<void> {
    const items: KubeObject[] = [];
    let token = '';
    let paged = true;
    for (;;) {
      const parameters: Record<string, string> = paged ? { limit: String(pageSize) } : {};
      if (token !== '') parameters.continue = token;
      const answer = await this.#options.api.request('GET', this.#url(parameters), { timeoutMs: listTimeoutMs });
      if (this.#stopped) return;
      if (answer.kind !== 'ok') {
        // A page token that expired under a long list: once more in one piece, as client-go's pager does.
        if (token !== '' && answer.kind === 'status' && answer.code === 410) {
          items.length = 0;
          token = '';
          paged = false;
          continue;
        }
        this.#fail(answer, 'list');
        return;
      }
      const { items: page, metadata } = answer.body ?? {};
      if (typeof metadata?.resourceVersion !== 'string') {
        // Something else answers there; taking it for an empty list would empty the listener.
        this.#fail({ kind: 'unreachable', message: 'an answer that is no list' }, 'list');
        return;
      }
      for (const item of Array.isArray(page) ? page : []) items.push(item);
      token = metadata.continue ?? '';
      if (token !== '') continue;
      this.#guard(() => this.#options.listener.onList(items));
      if (!this.#watchForbidden) this.#well();
      this.#follow(metadata.resourceVersion);
      return;
    }
  }

  #follow(from: string): void {
    if (this.#stopped) return;
    let version = from;
    let gone = false;
    let heard = false;
    const begun = { open: false, short: true };
    let brief: TimerHandle | undefined;
    const parameters = {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: version,
      timeoutSeconds: String(Math.round(watchSeconds * (1 + this.#options.random()))),
    };
    this.#watch = this.#options.api.stream(
      this.#url(parameters),
      {
        onOpen: () => {
          if (this.#stopped) return;
          begun.open = true;
          brief = this.#options.timers.setTimeout(() => {
            begun.short = false;
          }, shortWatchMs);
          this.#watchForbidden = false;
          this.#well();
          this.#arm();
        },
        onLine: (line) => {
          this.#arm();
          const event = parseEvent(line);
          if (event === undefined) {
            // Half a line or rubbish: the state can't be trusted any more, so list anew.
            gone = true;
            this.#watch?.stop();
            return;
          }
          const { type, object } = event;
          heard = true;
          if (type === 'ERROR') {
            // 410 Gone, "too old resource version", and whatever else: client-go lists anew.
            gone = true;
            this.#watch?.stop();
            return;
          }
          const next = object?.metadata?.resourceVersion;
          if (typeof next === 'string') version = next;
          if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') {
            this.#guard(() => this.#options.listener.onEvent(type, object));
          }
        },
        onEnd: (failure) => {
          this.#watchdog?.cancel();
          brief?.cancel();
          this.#watch = undefined;
          if (this.#stopped) return;
          if (gone || (failure?.kind === 'status' && failure.code === 410)) {
            // An API that answers every watch with an error must not be asked in a tight loop.
            if (heard && begun.open && this.#backoffMs === firstBackoffMs) void this.#relistSoon();
            else this.#later(() => void this.#list());
            return;
          }
          if (failure === undefined && begun.open && (heard || !begun.short)) {
            this.#follow(version);
            return;
          }
          this.#fail(failure ?? { kind: 'unreachable', message: 'the watch ended' }, 'watch', version);
        },
      },
      connectTimeoutMs,
    );
  }

  /** At once for the first 410; a second one right after it waits like any failure. */
  #relistSoon(): void {
    this.#backoffMs *= 2;
    void this.#list();
  }

  /** A silent connection is cut: a network that swallows packets says nothing. */
  #arm(): void {
    this.#watchdog?.cancel();
    this.#watchdog = this.#options.timers.setTimeout(() => this.#watch?.stop(), silentMs);
  }

  #well(): void {
    this.#say('synced', '');
    // Counts as well again only after it held for a while; a server that accepts and drops must not be hammered.
    this.#timer?.cancel();
    this.#timer = this.#options.timers.setTimeout(() => {
      this.#backoffMs = firstBackoffMs;
    }, longestBackoffMs);
  }

  #fail(failure: Failure, verb: 'list' | 'watch', version?: string): void {
    const { what } = this.#options;
    if (failure.kind === 'status' && failure.code === 403) {
      this.#watchForbidden = verb === 'watch';
      this.#say('forbidden', `not allowed to ${verb} ${what}`);
    } else if (failure.kind === 'status' && failure.code === 401) {
      this.#say('forbidden', `the API server does not accept the credentials (to ${verb} ${what})`);
    } else {
      this.#say('lost', failure.message);
    }
    // A broken watch goes on where it was, if the server still has that history; else the 410 makes it list.
    this.#later(() =>
      version === undefined || this.#state === 'forbidden' ? void this.#list() : this.#follow(version),
    );
  }

  #later(run: () => void): void {
    const wait = Math.min(longestBackoffMs, this.#backoffMs * (1 + this.#options.random() / 2));
    // Kept below the limit, so that there is jitter at the limit too.
    this.#backoffMs = Math.min(this.#backoffMs * 2, longestBackoffMs / 1.5);
    this.#timer?.cancel();
    this.#timer = this.#options.timers.setTimeout(() => {
      if (!this.#stopped) run();
    }, wait);
  }

  #say(state: ReflectorState, message: string): void {
    if (state === this.#state && message === this.#message) return;
    this.#state = state;
    this.#message = message;
    this.#guard(() => this.#options.listener.onState(state, message));
  }

  /** A listener's fault must not end the watch. */
  #guard(run: () => void): void {
    if (this.#stopped) return;
    try {
      run();
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error), { type: 'ReflectorListener' });
    }
  }
}

function parseEvent(line: string): { type: string; object: KubeObject } | undefined {
  try {
    const { type, object } = JSON.parse(line);
    return typeof type === 'string' && typeof object === 'object' && object !== null ? { type, object } : undefined;
  } catch {
    return undefined;
  }
}
