import { setUrlParameter } from '../ui/theme.ts';

const changed = 'lbscope:lane';

/** Opens one lane full screen; the URL names it. */
export function openLane(id: string | undefined): void {
  setUrlParameter('lane', id);
  window.dispatchEvent(new CustomEvent(changed));
}

export function openedLane(): string | undefined {
  return new URLSearchParams(window.location.search).get('lane') || undefined;
}

export function subscribeToLane(listener: () => void): () => void {
  window.addEventListener(changed, listener);
  window.addEventListener('popstate', listener);
  return () => {
    window.removeEventListener(changed, listener);
    window.removeEventListener('popstate', listener);
  };
}

/** Whether a lane covers the view: what cannot be seen need not be painted. */
export function isCovered(): boolean {
  return document.querySelector('[data-lane-open]') !== null;
}
