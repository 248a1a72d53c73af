import type { TimerHandle, Timers } from '../events/port.ts';

interface Waiting {
  readonly done: (woken: boolean) => void;
  readonly timer: TimerHandle;
}

/** Calls that wait for the next picker, each until its own deadline. */
export class WaitingCalls {
  private readonly timers: Timers;
  private waiting = new Set<Waiting>();

  constructor(timers: Timers) {
    this.timers = timers;
  }

  /** True when there is a new picker, false when the time is over. */
  wait(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const one: Waiting = {
        done: resolve,
        timer: this.timers.setTimeout(() => {
          this.waiting.delete(one);
          resolve(false);
        }, ms),
      };
      this.waiting.add(one);
    });
  }

  wakeAll(): void {
    if (this.waiting.size === 0) return;
    const woken = this.waiting;
    this.waiting = new Set();
    for (const { done, timer } of woken) {
      timer.cancel();
      done(true);
    }
  }
}
