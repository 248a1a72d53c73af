import type { Clock, Timers } from '../../events/port.ts';

/** The real clock and timers, for tests against sockets. */
export const realTime: Clock & Timers = {
  now: () => performance.timeOrigin + performance.now(),
  setTimeout(run, ms) {
    const timer = setTimeout(run, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};
