import type { TimerHandle, Timers } from '../apiserver/time.ts';

/** client-go's rate limiter begins at 5 ms; a lab without other writers needs no more than a short breath. */
const firstRetryMs = 5;
const longestRetryMs = 5_000;

/**
 * A controller's work queue: a key waits at most once, and is worked on after the change that brought it is complete.
 * `reconcile` reads the newest state itself, so a key says only where to look.
 */
export class WorkQueue {
  readonly #reconcile: (key: string) => void;
  readonly #timers: Timers;
  readonly #onFault: (error: unknown) => void;
  readonly #waiting = new Set<string>();
  readonly #retries = new Map<string, number>();
  readonly #later = new Map<string, TimerHandle>();
  #scheduled = false;
  #stopped = false;

  constructor(options: { reconcile: (key: string) => void; timers: Timers; onFault?: (error: unknown) => void }) {
    this.#reconcile = options.reconcile;
    this.#timers = options.timers;
    this.#onFault = options.onFault ?? ((error) => console.error('a controller failed and tries again:', error));
  }

  add(key: string): void {
    if (this.#stopped) return;
    this.#waiting.add(key);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#run());
  }

  /** Looks at a key again after a time, e.g. when a pod will count as available. The earliest wish stands. */
  addAfter(key: string, ms: number): void {
    if (this.#stopped || this.#later.has(key)) return;
    this.#later.set(
      key,
      this.#timers.setTimeout(() => {
        this.#later.delete(key);
        this.add(key);
      }, ms),
    );
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
    for (const timer of this.#later.values()) timer.cancel();
    this.#later.clear();
  }

  #run(): void {
    this.#scheduled = false;
    const keys = [...this.#waiting];
    this.#waiting.clear();
    for (const key of keys) {
      if (this.#stopped) return;
      try {
        this.#reconcile(key);
        this.#retries.delete(key);
      } catch (error) {
        this.#onFault(error);
        const wait = this.#retries.get(key) ?? firstRetryMs;
        this.#retries.set(key, Math.min(wait * 2, longestRetryMs));
        this.addAfter(key, wait);
      }
    }
  }
}
