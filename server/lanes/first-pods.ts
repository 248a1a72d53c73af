import type { Timers } from '../events/port.ts';

/** A first pod may have to be pulled, scheduled and started; who waits longer than this wants to see that there is none. */
export const firstPodMs = 30_000;
/** After the first one, for the others that the Deployment asks for. */
export const otherPodsMs = 5_000;
/** And then for kube-proxy, which applies no two changes within its minSyncPeriod of 1 s. */
export const rulesMs = 1_100;

export interface FirstPodsOptions {
  readonly timers: Timers;
  readonly ready: () => number;
  /** What the Deployment asks for; undefined: not known yet. */
  readonly replicas: () => number | undefined;
  /** Called once: the first calls may go out. */
  readonly release: () => void;
}

/**
 * Holds the first calls of a start: made earlier, they would only show that there were no pods yet. Whoever watches the
 * truth calls `look` after each change, and `blind` when the cluster does not let it be watched.
 */
export class FirstPods {
  readonly #options: FirstPodsOptions;
  #state: 'no pod' | 'some' | 'all' | 'released' = 'no pod';
  #timer: { cancel(): void };

  constructor(options: FirstPodsOptions) {
    this.#options = options;
    this.#timer = options.timers.setTimeout(() => this.#release(), firstPodMs);
  }

  look(): void {
    if (this.#state === 'all' || this.#state === 'released') return;
    const ready = this.#options.ready();
    const replicas = this.#options.replicas();
    // A Deployment scaled to none has nothing to wait for.
    if (replicas === 0 || (ready > 0 && replicas !== undefined && ready >= replicas)) {
      this.#state = 'all';
      this.#after(replicas === 0 ? 0 : rulesMs);
    } else if (ready > 0 && this.#state === 'no pod') {
      this.#state = 'some';
      this.#after(otherPodsMs);
    }
  }

  /** Nobody will say when a pod is Ready: the calls themselves show it. */
  blind(): void {
    if (this.#state !== 'no pod') return;
    this.#state = 'all';
    this.#after(rulesMs);
  }

  stop(): void {
    this.#state = 'released';
    this.#timer.cancel();
  }

  #after(ms: number): void {
    this.#timer.cancel();
    this.#timer = this.#options.timers.setTimeout(() => this.#release(), ms);
  }

  #release(): void {
    this.#state = 'released';
    this.#options.release();
  }
}
