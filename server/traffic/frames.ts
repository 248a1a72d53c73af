import type { Clock, TimerHandle, Timers } from '../events/port.ts';

/** The beat of the stream. */
export const frameMs = 200;
/** Several memberships that change together (two pods of one scale-up) make one edge, not one sliver each. */
const leastFrameMs = 2;

/**
 * Calls back at each multiple of 200 ms of the agent's clock with the interval to cut, and earlier when told that a
 * membership changed, so that edges are exact.
 */
export class FrameClock {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #onFrame: (from: number, to: number) => void;
  #from: number;
  #timer: TimerHandle | undefined;

  constructor(clock: Clock, timers: Timers, onFrame: (from: number, to: number) => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#onFrame = onFrame;
    this.#from = clock.now();
  }

  start(): void {
    this.#from = this.#clock.now();
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Ends the running frame now. Returns where the next one begins: up to 2 ms ago, if one has just begun. */
  cut(): number {
    const now = this.#clock.now();
    if (now - this.#from >= leastFrameMs) this.#emit(now);
    return this.#from;
  }

  /** Ends the running frame however short it is: what comes is to be counted apart. */
  part(): void {
    this.#emit(this.#clock.now());
  }

  #arm(): void {
    const now = this.#clock.now();
    const next = (Math.floor(now / frameMs) + 1) * frameMs;
    this.#timer = this.#timers.setTimeout(() => {
      // The beat's own instant, unless the timer came early or so late that it belongs to a later beat.
      const at = this.#clock.now();
      const beat = Math.floor(at / frameMs) * frameMs;
      if (beat > this.#from) this.#emit(beat);
      this.#arm();
    }, next - now);
  }

  #emit(to: number): void {
    const from = this.#from;
    this.#from = to;
    this.#onFrame(from, to);
  }
}
