'use client';

import { useSyncExternalStore } from 'react';

function subscribe(listener: () => void): () => void {
  window.addEventListener('lbscope:url', listener);
  window.addEventListener('popstate', listener);
  return () => {
    window.removeEventListener('lbscope:url', listener);
    window.removeEventListener('popstate', listener);
  };
}

/** A parameter of the page's address, which remembers what is shown; undefined when absent, and on the server. */
export function useUrlParameter(name: string): string | undefined {
  return useSyncExternalStore(
    subscribe,
    () => new URLSearchParams(window.location.search).get(name) ?? undefined,
    () => undefined,
  );
}
