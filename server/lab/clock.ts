/**
 * Time as the lab's parts see it. Injected everywhere, so that tests of backoffs and thresholds need not wait.
 */
export interface Clock {
  /** Wall clock, milliseconds since 1970: only for timestamps that are shown. */
  now(): number;
  /** Monotonic milliseconds: for every duration. */
  monotonic(): number;
  /** Runs `action` once after `delayMs`; the returned function cancels it. Never keeps the process alive by itself. */
  after(delayMs: number, action: () => void): () => void;
}

/** Longest delay a Node timer takes; longer ones would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, Math.min(Math.max(0, delayMs), longestTimerMs));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** RFC 3339 with seconds, as the Kubernetes API writes times. */
export function apiTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}

/** A number from 0 (inclusive) to 1 (exclusive); injected, so that a seed reproduces a run. */
export type Random = () => number;

/** Environment variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;
