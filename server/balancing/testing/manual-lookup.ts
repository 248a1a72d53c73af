import type { Timers } from '../../events/port.ts';
import type { Lookup, LookupOutcome } from '../resolver/port.ts';

/** Answers what it was told to, after a delay of injected time; notes when it was asked. */
export class ManualLookup implements Lookup {
  readonly askedAt: number[] = [];
  outcome: LookupOutcome;
  tookMs = 0;
  private readonly timers: Timers & { now(): number };

  constructor(timers: Timers & { now(): number }, addresses: readonly string[] = ['10.0.0.1']) {
    this.timers = timers;
    this.outcome = { ok: true, addresses };
  }

  lookup(): Promise<LookupOutcome> {
    this.askedAt.push(this.timers.now());
    const { outcome, tookMs } = this;
    if (tookMs === 0) return Promise.resolve(outcome);
    return new Promise((resolve) => this.timers.setTimeout(() => resolve(outcome), tookMs));
  }
}
