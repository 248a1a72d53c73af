import { performance } from 'node:perf_hooks';
import type { Clock, TimerHandle, Timers } from './port.ts';

/** Milliseconds from an arbitrary origin that never go back. */
export type MonotonicSource = () => number;

/**
 * The agent's only clock: monotonic, with one wall anchor taken when it is made.
 * A step of the machine's wall clock (NTP) therefore never makes a gap on the time axis or a negative duration.
 * Microseconds survive: 1.8e12 ms in a double leaves 0.0002 ms.
 */
export function createClock(
  monotonic: MonotonicSource = () => performance.now(),
  wallNow: () => number = Date.now,
): Clock {
  const origin = monotonic();
  const anchor = wallNow();
  return { now: () => anchor + (monotonic() - origin) };
}

/** Node's timers behind the port. */
export const nodeTimers: Timers = {
  setTimeout(run, ms): TimerHandle {
    const handle = setTimeout(run, ms);
    return { cancel: () => clearTimeout(handle) };
  },
};
