'use client';

import { useSyncExternalStore } from 'react';

/** What can lie over the picture, one at a time. */
export type Panel = 'help' | 'traffic' | 'lanes' | 'cluster' | 'encoding' | 'share' | 'save' | 'token' | 'palette';

let open: Panel | undefined;
const listeners = new Set<() => void>();

export function openPanel(panel: Panel | undefined): void {
  open = panel;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function usePanel(): Panel | undefined {
  return useSyncExternalStore(
    subscribe,
    () => open,
    () => undefined,
  );
}

/** Closes it if it is still the open one: a sheet tells of its end later than the next one may begin. */
export function closePanel(panel: Panel): void {
  if (open === panel) openPanel(undefined);
}
