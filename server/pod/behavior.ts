import type { BehaviorChange } from './messages.ts';

export interface BehaviorValues {
  readonly ready: boolean;
  readonly delayMs: number;
  readonly errorRate: number;
  /** gRFC A9; -1: none. */
  readonly maxConnectionAgeMs: number;
  readonly maxConnectionAgeGraceMs: number;
}

const longestDelayMs = 600_000;
export const leastAgeMs = 100;
export const longestAgeMs = 86_400_000;
const noAge = { maxConnectionAgeMs: -1, maxConnectionAgeGraceMs: -1 };

/** How the pod was told to behave, and whether it still serves. Health checks and greeter calls ask here. */
export class Behavior {
  #values: BehaviorValues;
  #draining = false;
  readonly #listeners = new Set<() => void>();

  constructor(age: Pick<BehaviorValues, 'maxConnectionAgeMs' | 'maxConnectionAgeGraceMs'> = noAge) {
    this.#values = { ready: true, delayMs: 0, errorRate: 0, ...age };
  }

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
    const { delayMs, errorRate, maxConnectionAgeMs: age, maxConnectionAgeGraceMs: grace } = change;
    if (delayMs !== undefined && !(delayMs >= 0 && delayMs <= longestDelayMs))
      return `delay_ms is ${delayMs}; allowed: 0 to ${longestDelayMs}`;
    if (errorRate !== undefined && !(errorRate >= 0 && errorRate <= 1))
      return `error_rate is ${errorRate}; allowed: 0 to 1`;
    if (age !== undefined && age !== -1 && !(age >= leastAgeMs && age <= longestAgeMs))
      return `max_connection_age_ms is ${age}; allowed: -1 for none, or ${leastAgeMs} to ${longestAgeMs}`;
    if (grace !== undefined && grace !== -1 && !(grace >= 0 && grace <= longestAgeMs))
      return `max_connection_age_grace_ms is ${grace}; allowed: -1 for ever, or 0 to ${longestAgeMs}`;
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
