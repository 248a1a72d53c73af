import type { TimerHandle } from '../events/port.ts';

/** Runs when the event loop has handled what was waiting: sockets are read between two turns of a spinning driver. */
export function spin(run: () => void): TimerHandle {
  const handle = setImmediate(run);
  return { cancel: () => clearImmediate(handle) };
}
