import type { PageStore } from '../live/store.ts';
import { stamp } from '../ui/instant.ts';
import { setUrlParameter } from '../ui/theme.ts';

/** Freezes the picture, or goes live again. The URL names the frozen moment, and forgets it when it is left. */
export function toggleFreeze(store: PageStore): void {
  if (store.getView().frozen) {
    goLive(store);
    return;
  }
  const moment = store.freeze();
  if (moment === undefined) return;
  setUrlParameter('at', stamp(moment.nowMs));
  setUrlParameter('run', moment.runId);
}

export function goLive(store: PageStore): void {
  store.goLive();
  for (const name of ['frozen', 'at', 'run']) setUrlParameter(name, undefined);
}
