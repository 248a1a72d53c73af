/**
 * client-go's Reflector waits 0.8 s, doubling to 30 s, with jitter, so that a restarted API server is not asked by
 * everyone at once. Doubles on each `next()`; `reset()` after something worked.
 */
export class Backoff {
  #steps = 0;
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Milliseconds to wait now: 800 to 1,000 at first, 24,000 to 30,000 at last. */
  next(): number {
    const base = Math.min(24_000, 800 * 2 ** Math.min(this.#steps, 10));
    this.#steps += 1;
    return base * (1 + 0.25 * this.#random());
  }

  reset(): void {
    this.#steps = 0;
  }
}
