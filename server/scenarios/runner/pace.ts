import type { Clock, Timers } from '../../events/port.ts';

/** Thrown inside a run to leave it from wherever it waits; never seen outside the runner. */
export class Aborted extends Error {
  get why(): string {
    return this.message;
  }
}

/** How often a condition is looked at. Frames come five times a second. */
const lookEveryMs = 50;

export type Waited = 'done' | 'timeout' | 'skipped';

/** The run's sense of time: waits that can be paused, cut short and aborted. */
export class Pace {
  readonly #clock: Clock;
  readonly #timers: Timers;
  #aborted: Aborted | undefined;
  #paused = false;
  #next = false;
  /** A sleeper that is woken early. */
  #wake: (() => void) | undefined;

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  get paused(): boolean {
    return this.#paused;
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    this.#wake?.();
  }

  /** Ends the wait that is under way. */
  next(): void {
    this.#next = true;
    this.#wake?.();
  }

  abort(why: string): void {
    this.#aborted ??= new Aborted(why);
    this.#wake?.();
  }

  check(): void {
    if (this.#aborted !== undefined) throw this.#aborted;
  }

  /** Sleeps unless woken; for use outside the run's own waits, where an abort does not reach. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timers.setTimeout(resolve, ms);
    });
  }

  /** Until `condition` holds or `ms` have passed, pauses left out. Nobody's condition: a plain wait. */
  async wait(ms: number, condition: () => boolean = () => false): Promise<Waited> {
    this.#next = false;
    let left = ms;
    for (;;) {
      this.check();
      if (this.#next) {
        this.#next = false;
        return 'skipped';
      }
      if (condition()) return 'done';
      if (left <= 0) return 'timeout';
      const begun = this.#clock.now();
      await this.#nap(this.#paused ? lookEveryMs : Math.min(left, lookEveryMs));
      if (!this.#paused) left -= this.#clock.now() - begun;
    }
  }

  /** Between two steps: as long as the run is paused. */
  async whilePaused(): Promise<void> {
    while (this.#paused) {
      this.check();
      await this.#nap(lookEveryMs);
    }
    this.check();
  }

  /** Until someone says next. */
  async forNext(): Promise<void> {
    this.#next = false;
    while (!this.#next) {
      this.check();
      await this.#nap(lookEveryMs);
    }
    this.#next = false;
  }

  #nap(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel();
        this.#wake = undefined;
        resolve();
      };
      const timer = this.#timers.setTimeout(done, ms);
      this.#wake = done;
    });
  }
}
