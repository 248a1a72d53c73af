import type { TimerHandle, Timers } from '../events/port.ts';
import type { Api } from './http.ts';
import type { KubeObject } from './reflector.ts';
import { type SliceListener, slicesOf, slicesPath } from './slices.ts';

/** Waits between watches: doubled while that stays within 30 s, then from the start again, however well a watch went. */
const firstWaitMs = 1_000;
const longestWaitMs = 30_000;
/** kuberesolver's defaultFreq. */
const relistMs = 1_800_000;
/** It sets no time limit on anything; a timer can't be longer than this. */
const forEver = 2_147_483_647;

/**
 * A watch as the Go library kuberesolver has it (read in its v6), faults included, for a lane that shows what its users
 * see; the lane that does it right uses slices.ts. Each slice that is listed or changes replaces everything before it; a
 * slice without a ready address changes nothing, so a scale to zero and an ERROR event (410 included) are not noticed; a
 * DELETED slice's addresses come back; nil ready is not ready; a connection that goes silent is never given up.
 */
export function createKuberesolverWatch(options: { connect: () => Api; timers: Timers }) {
  return {
    watch(
      service: { readonly namespace: string; readonly name: string },
      port: number | string,
      listener: SliceListener,
    ): { stop(): void } {
      const watch = new KuberesolverWatch(options, service, port, listener);
      watch.start();
      return { stop: () => watch.stop() };
    },
  };
}

class KuberesolverWatch {
  readonly #api: Api;
  readonly #timers: Timers;
  readonly #path: string;
  readonly #port: number | string;
  readonly #what: string;
  readonly #listener: SliceListener;
  #stream: { stop(): void } | undefined;
  #retry: TimerHandle | undefined;
  #relist: TimerHandle | undefined;
  #waitMs = firstWaitMs;
  #stopped = false;

  constructor(
    options: { connect: () => Api; timers: Timers },
    service: { readonly namespace: string; readonly name: string },
    port: number | string,
    listener: SliceListener,
  ) {
    this.#api = options.connect();
    this.#timers = options.timers;
    this.#path = `${slicesPath(service.namespace)}?labelSelector=${encodeURIComponent(slicesOf(service.name))}`;
    this.#what = `endpointslices in namespace ${service.namespace}`;
    this.#port = port;
    this.#listener = listener;
  }

  start(): void {
    this.#listener.onState('connecting', '');
    this.#armRelist();
    this.#open();
  }

  stop(): void {
    this.#stopped = true;
    this.#retry?.cancel();
    this.#relist?.cancel();
    this.#stream?.stop();
    this.#api.close();
  }

  /** Without a resourceVersion, so what exists comes as ADDED events: there is no list at the start. */
  #open(): void {
    this.#stream = this.#api.stream(
      `${this.#path}&watch=true`,
      {
        onOpen: () => {
          if (!this.#stopped) this.#listener.onState('synced', '');
        },
        onLine: (line) => {
          if (this.#stopped) return;
          const object = objectOf(line);
          if (object === undefined) this.#stream?.stop();
          else this.#handle(object);
        },
        onEnd: (failure) => {
          this.#stream = undefined;
          if (this.#stopped) return;
          const waitMs = this.#waitMs;
          this.#waitMs = waitMs * 2 <= longestWaitMs ? waitMs * 2 : firstWaitMs;
          const again = `tried again in ${waitMs / 1_000} s`;
          if (failure?.kind === 'status' && (failure.code === 401 || failure.code === 403)) {
            this.#listener.onState('forbidden', `not allowed to watch ${this.#what}`);
          } else {
            this.#listener.onState('lost', `${failure?.message ?? 'the watch ended'}, ${again}`);
          }
          this.#retry = this.#timers.setTimeout(() => this.#open(), waitMs);
        },
      },
      forEver,
    );
  }

  #armRelist(): void {
    this.#relist = this.#timers.setTimeout(() => {
      this.#armRelist();
      void this.#list();
    }, relistMs);
  }

  /** One slice after the other, so the last one is what remains. */
  async #list(): Promise<void> {
    const answer = await this.#api.request('GET', this.#path, { timeoutMs: forEver });
    if (this.#stopped || answer.kind !== 'ok') return;
    for (const slice of answer.body?.items ?? []) this.#handle(slice);
  }

  #handle(slice: KubeObject): void {
    const named = (slice?.ports ?? []).find((each: KubeObject) => each?.name === this.#port)?.port;
    const port = typeof this.#port === 'number' ? this.#port : (named ?? slice?.ports?.[0]?.port);
    const addresses: { host: string; port: number }[] = [];
    for (const endpoint of slice?.endpoints ?? []) {
      if (endpoint?.conditions?.ready !== true || typeof port !== 'number') continue;
      for (const host of endpoint.addresses ?? []) addresses.push({ host, port });
    }
    if (addresses.length > 0) this.#listener.onEndpoints(addresses);
  }
}

/** The object of an event of a known type, whatever the type: what it says about the object is not looked at. */
function objectOf(line: string): KubeObject | undefined {
  try {
    const { type, object } = JSON.parse(line);
    return ['ADDED', 'MODIFIED', 'DELETED', 'ERROR'].includes(type) ? (object ?? {}) : undefined;
  } catch {
    return undefined;
  }
}
