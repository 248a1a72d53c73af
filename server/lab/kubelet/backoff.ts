import type { Delays } from '../delays.ts';

/**
 * CrashLoopBackOff: the first restart is at once, then 10, 20, 40 ... 300 s, counted from the exit.
 * A container that ran for 10 min starts from the beginning.
 */
export function restartDelayMs(restartsInARow: number, delays: Delays): number {
  if (restartsInARow <= 0) return 0;
  return Math.min(delays.crashBackoffMaxMs, delays.crashBackoffMs * 2 ** Math.min(restartsInARow - 1, 30));
}
