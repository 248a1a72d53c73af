import { Lower, type LowerOptions } from './lower.ts';
import type { Down } from './messages.ts';
import type { Thread, ThreadListener } from './upper.ts';

/** The calls are made in the agent's own thread: for comparison, and where a worker can't be had. */
export function sameThread(options: Omit<LowerOptions, 'post'>): (listener: ThreadListener) => Thread {
  return (listener) => {
    // The first messages go down while the upper side still makes itself known; they wait as they would for a thread.
    let early: Down[] | undefined = [];
    let lower: Lower | undefined;
    queueMicrotask(() => {
      if (early === undefined) return;
      lower = new Lower({ ...options, post: (message) => listener.onMessage(message) });
      const waiting = early;
      early = undefined;
      for (const message of waiting) lower.receive(message);
    });
    return {
      post: (message) => (early === undefined ? lower?.receive(message) : void early.push(message)),
      end: async () => {
        early = undefined;
        lower?.stop();
      },
    };
  };
}
