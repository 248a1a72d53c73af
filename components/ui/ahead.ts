'use client';

import { useEffect } from 'react';

/** A browser that is never idle, as the picture moves, gets them all the same. */
const latestMs = 3_000;

/**
 * Fetches parts that are not on the first picture once that one stands and the browser has time, one after the other:
 * whoever opens one does not wait for it. `parts` stays the same.
 */
export function useAhead(ready: boolean, parts: readonly (() => Promise<unknown>)[]): void {
  useEffect(() => {
    if (!ready) return;
    let over = false;
    let stop = () => {};
    const next = (at: number) => {
      const load = parts[at];
      if (load === undefined || over) return;
      stop = whenIdle(() => {
        // A part that does not come is asked for again when it is opened.
        load().then(
          () => next(at + 1),
          () => undefined,
        );
      });
    };
    next(0);
    return () => {
      over = true;
      stop();
    };
  }, [ready, parts]);
}

function whenIdle(run: () => void): () => void {
  // Safari has no idle callback.
  if (!('requestIdleCallback' in window)) {
    const timer = setTimeout(run, 200);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(run, { timeout: latestMs });
  return () => cancelIdleCallback(handle);
}
