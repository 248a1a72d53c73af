/**
 * Time as the lab's control plane takes it: passed in, so that a test moves it by hand.
 * The agent has the same shapes in its own port; the lab and the agent never import each other.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

export interface Timers {
  setTimeout(run: () => void, ms: number): TimerHandle;
}

export interface TimerHandle {
  cancel(): void;
}

/** The process's own timers. */
export const systemTimers: Timers = {
  setTimeout(run, ms) {
    const handle = setTimeout(run, ms);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** metav1.Time: RFC 3339 with whole seconds. */
export function kubeTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
