import type { SliceWatch } from '../balancing/resolver/port.ts';
import type { TimerHandle, Timers } from '../events/port.ts';

const everyMs = 1_000;
/** kube-proxy applies no two changes within its minSyncPeriod of 1 s: before, the Service would refuse. */
const rulesMs = 1_100;

export interface ServicePresenceOptions {
  /** service.namespace...:port */
  readonly target: string;
  readonly sliceWatch: SliceWatch;
  readonly timers: Timers;
  readonly onState: (state: 'ok' | 'unreachable', reason: string) => void;
}

/**
 * Whether anything is ready behind the Service of a proxy that has no status listener to ask (HAProxy, nginx): by its
 * EndpointSlices. Where the cluster forbids that watch, calls tell.
 */
export class ServicePresence {
  readonly #options: ServicePresenceOptions;
  #watch: { stop(): void } | undefined;
  #timer: TimerHandle | undefined;
  #state: 'ok' | 'unreachable' | undefined;
  #soon: TimerHandle | undefined;

  constructor(options: ServicePresenceOptions) {
    this.#options = options;
  }

  start(): void {
    const { target, sliceWatch } = this.#options;
    const colon = target.lastIndexOf(':');
    const [name = '', namespace = ''] = target.slice(0, colon).split('.');
    this.#watch = sliceWatch.watch({ name, namespace }, Number(target.slice(colon + 1)), {
      onEndpoints: (addresses) => this.#heard(addresses.length > 0),
      onState: (state) => {
        if (state === 'forbidden') this.#tell('ok');
      },
    });
    this.#again();
  }

  stop(): void {
    this.#watch?.stop();
    this.#timer?.cancel();
    this.#soon?.cancel();
  }

  /** A watch is told at once; there is nothing to look at more often. */
  hurry(): void {}

  #heard(ready: boolean): void {
    this.#soon?.cancel();
    this.#soon = undefined;
    if (!ready) this.#tell('unreachable');
    else if (this.#state === undefined || this.#state === 'unreachable') {
      this.#soon = this.#options.timers.setTimeout(() => this.#tell('ok'), rulesMs);
    }
  }

  #tell(state: 'ok' | 'unreachable'): void {
    this.#state = state;
    this.#options.onState(state, state === 'ok' ? '' : 'no pod of it is ready');
  }

  /** The lane is patient with a proxy that was there, and counts by what it hears. */
  #again(): void {
    this.#timer = this.#options.timers.setTimeout(() => {
      if (this.#state === 'unreachable') this.#tell('unreachable');
      this.#again();
    }, everyMs);
  }
}
