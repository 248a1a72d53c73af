import { performance } from 'node:perf_hooks';
import type { Clock, TimerHandle, Timers } from './port.ts';

/** Milliseconds from an arbitrary origin that never go back. */
export type MonotonicSource = () => number;

const performanceNow: MonotonicSource = () => performance.now();

/**
 * The agent's only clock: monotonic, with one wall anchor taken when it is made.
 * A step of the machine's wall clock (NTP) therefore never makes a gap on the time axis or a negative duration.
 * Microseconds survive: 1.8e12 ms in a double leaves 0.0002 ms.
 */
export function createClock(monotonic: MonotonicSource = performanceNow, wallNow: () => number = Date.now): Clock {
  const origin = monotonic();
  const anchor = wallNow();
  return {
    now: () => anchor + (monotonic() - origin),
    ...(monotonic === performanceNow ? { ofPerformance: (at: number) => anchor + (at - origin) } : {}),
  };
}

/** A clock, tied to what all threads of a process read alike: its reading at an instant of process.hrtime(). */
export interface ClockAnchor {
  readonly at: number;
  readonly hrtimeMs: number;
}

/** Plain data from which another thread makes the same clock. */
export function anchorOf(clock: Clock): ClockAnchor {
  const { value, hrtimeMs } = together(() => clock.now());
  return { at: value, hrtimeMs };
}

/** The clock of another thread. performance.now() begins anew in each thread and is the cheaper one to read. */
export function anchoredClock(anchor: ClockAnchor): Clock {
  const { value, hrtimeMs } = together(() => performance.now());
  const offset = anchor.at + (hrtimeMs - anchor.hrtimeMs) - value;
  return { now: () => offset + performance.now(), ofPerformance: (at) => offset + at };
}

/** What all threads of a process read alike. */
export const hrtimeMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** A value and the instant of its reading: the tightest of some tries, as the thread may be put aside between two readings. */
function together(read: () => number): { value: number; hrtimeMs: number } {
  let best = { value: 0, hrtimeMs: 0 };
  let width = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 50; i += 1) {
    const before = hrtimeMs();
    const value = read();
    const after = hrtimeMs();
    if (after - before >= width) continue;
    width = after - before;
    best = { value, hrtimeMs: (before + after) / 2 };
  }
  return best;
}

/** Node's timers behind the port. */
export const nodeTimers: Timers = {
  setTimeout(run, ms): TimerHandle {
    const handle = setTimeout(run, ms);
    return { cancel: () => clearTimeout(handle) };
  },
};
