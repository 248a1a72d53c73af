import type { LiveStore } from '../live/store.ts';
import { setUrlParameter } from '../ui/theme.ts';

/** Freezes the picture, or goes live again; the URL forgets a frozen moment that was left. */
export function toggleFreeze(store: LiveStore): void {
  if (store.getView().frozen) {
    store.goLive();
    setUrlParameter('frozen', undefined);
  } else store.freeze();
}
