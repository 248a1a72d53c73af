import type { BehaviorChange } from './messages.ts';

export interface BehaviorValues {
  readonly ready: boolean;
  readonly delayMs: number;
  readonly errorRate: number;
}

const longestDelayMs = 600_000;

/** How the pod was told to behave, and whether it still serves. Health checks and greeter calls ask here. */
export class Behavior {
  #values: BehaviorValues = { ready: true, delayMs: 0, errorRate: 0 };
  #draining = false;
  readonly #listeners = new Set<() => void>();

  get values(): BehaviorValues {
    return this.#values;
  }

  get draining(): boolean {
    return this.#draining;
  }

  get serving(): boolean {
    return this.#values.ready && !this.#draining;
  }

  /** Changes the fields that are present, or none: then the answer names field, value and what is allowed. */
  change(change: BehaviorChange): string | undefined {
    const { delayMs, errorRate } = change;
    if (delayMs !== undefined && !(delayMs >= 0 && delayMs <= longestDelayMs))
      return `delay_ms is ${delayMs}; allowed: 0 to ${longestDelayMs}`;
    if (errorRate !== undefined && !(errorRate >= 0 && errorRate <= 1))
      return `error_rate is ${errorRate}; allowed: 0 to 1`;
    this.#values = { ...this.#values, ...change };
    this.#tell();
    return undefined;
  }

  drain(): void {
    this.#draining = true;
    this.#tell();
  }

  onChange(run: () => void): () => void {
    this.#listeners.add(run);
    return () => this.#listeners.delete(run);
  }

  #tell(): void {
    for (const run of [...this.#listeners]) run();
  }
}
