'use client';

import { type DependencyList, useLayoutEffect, useSyncExternalStore } from 'react';
import { watchPage } from '../ui/page.ts';

let version = 0;

function subscribe(listener: () => void): () => void {
  const change = () => {
    version += 1;
    listener();
  };
  document.fonts?.addEventListener('loadingdone', change);
  const stop = watchPage(change);
  return () => {
    document.fonts?.removeEventListener('loadingdone', change);
    stop();
  };
}

/**
 * Measures texts when they are other ones, or their size or font is; not with every report, as measuring lays out the
 * whole page. `texts`: all that the sizes follow from.
 */
export function useMeasured(measure: () => void, texts: DependencyList): void {
  const sizes = useSyncExternalStore(
    subscribe,
    () => version,
    () => 0,
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: sizes follow from the texts
  useLayoutEffect(measure, [sizes, ...texts]);
}
