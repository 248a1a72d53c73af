import type { TimerHandle, Timers } from '../events/port.ts';

const checkMs = 1_000;
/** Without progress for this long a thread is said to stand still; it shows progress five times a second. */
export const stalledMs = 3_000;
/** From then on it is not waited for any more. */
export const givenUpMs = 10_000;
/** Until its first sign of life: a program is loaded first, on a machine that may be busy. */
export const startMs = 60_000;

export interface WatchdogOptions {
  readonly timers: Timers;
  /** A number that changes as long as the thread's event loop turns. */
  readonly progress: () => number;
  /** It moves again: undefined. */
  readonly onStalled: (forMs: number | undefined) => void;
  /** Called once; nothing is looked at after that. */
  readonly onGivenUp: (afterMs: number) => void;
}

/**
 * Notices a thread that hangs and does not die. What counts is the number of looks in a row that saw no progress, not the time
 * between two of them: after a pause of the whole machine, or of this thread, the first look comes before the other had its turn.
 */
export class Watchdog {
  readonly #options: WatchdogOptions;
  #timer: TimerHandle | undefined;
  #last: number;
  #started = false;
  #looks = 0;

  constructor(options: WatchdogOptions) {
    this.#options = options;
    this.#last = options.progress();
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer = this.#options.timers.setTimeout(() => {
      this.#arm();
      this.#look();
    }, checkMs);
  }

  #look(): void {
    const { progress, onStalled, onGivenUp } = this.#options;
    const now = progress();
    if (now !== this.#last) {
      const stalled = this.#stalled;
      this.#last = now;
      this.#looks = 0;
      this.#started = true;
      if (stalled) onStalled(undefined);
      return;
    }
    this.#looks += 1;
    const forMs = this.#looks * checkMs;
    if (forMs >= (this.#started ? givenUpMs : startMs)) {
      this.stop();
      onGivenUp(forMs);
    } else if (this.#started && forMs === stalledMs) {
      onStalled(forMs);
    }
  }

  get #stalled(): boolean {
    return this.#started && this.#looks * checkMs >= stalledMs;
  }
}
