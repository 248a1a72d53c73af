import type { Clock } from '../clock.ts';
import type { Delays } from '../delays.ts';
import type { Json } from '../store-port.ts';
import type { ProbeOutcome } from './probe-outcome.ts';

/** Consecutive outcomes against thresholds, as a kubelet counts them. */
export interface ProbeCount {
  readonly result: boolean;
  /** Whether any threshold was reached yet; before, `result` is the initial value. */
  readonly decided: boolean;
  readonly run: number;
  readonly last: 'success' | 'failure' | undefined;
}

export function countProbe(
  count: ProbeCount,
  outcome: ProbeOutcome['kind'],
  thresholds: { success: number; failure: number },
): ProbeCount {
  const run = count.last === outcome ? count.run + 1 : 1;
  const needed = outcome === 'success' ? thresholds.success : thresholds.failure;
  const next = { ...count, run, last: outcome };
  return run >= needed ? { ...next, result: outcome === 'success', decided: true } : next;
}

export interface ProberOptions {
  readonly probe: Json;
  /** What holds until the first threshold is reached: readiness false, liveness true (a kubelet's own choice). */
  readonly initial: boolean;
  readonly clock: Clock;
  readonly delays: Delays;
  attempt(timeoutMs: number): Promise<ProbeOutcome>;
  /** Called when the result changes, and once when it is decided for the first time. */
  onResult(result: boolean, message: string): void;
  /** Called for each failed attempt (`Unhealthy` events). */
  onFailure(message: string): void;
}

/** Runs one probe of one container instance until stopped. Attempts never overlap. */
export function startProber(options: ProberOptions): { stop(): void } {
  const { probe, clock, delays } = options;
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  const thresholds = { success: probe.successThreshold ?? 1, failure: probe.failureThreshold ?? 3 };
  let count: ProbeCount = { result: options.initial, decided: false, run: 0, last: undefined };
  let stopped = false;
  let succeeded = false;
  let cancel = () => {};

  const startedAt = clock.monotonic();
  const attempt = async () => {
    const begun = clock.monotonic();
    const outcome = await options.attempt(timeoutMs);
    if (stopped) return;
    if (outcome.kind === 'success') succeeded = true;
    // While a program starts, the lab looks more often than a kubelet would; those extra looks must not count as
    // failures that a kubelet would not have seen.
    const startingUp = !succeeded && clock.monotonic() - startedAt < periodMs + (probe.initialDelaySeconds ?? 0) * 1000;
    if (outcome.kind === 'failure' && !startingUp) options.onFailure(outcome.message);
    if (outcome.kind === 'success' || !startingUp) {
      const before = count;
      count = countProbe(count, outcome.kind, thresholds);
      if (count.result !== before.result || (count.decided && !before.decided)) {
        options.onResult(count.result, outcome.kind === 'failure' ? outcome.message : '');
      }
    }
    if (stopped) return;
    const gap = startingUp ? Math.min(delays.firstProbeMs, periodMs) : periodMs;
    cancel = clock.after(Math.max(0, gap - (clock.monotonic() - begun)), () => void attempt());
  };
  const firstMs = (probe.initialDelaySeconds ?? 0) * 1000 || Math.min(delays.firstProbeMs, periodMs);
  cancel = clock.after(firstMs, () => void attempt());
  return {
    stop() {
      stopped = true;
      cancel();
    },
  };
}
