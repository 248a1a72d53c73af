import { setUrlParameter } from './theme.ts';

/** Which lanes are shown, in which order: the URL's `lanes`. Without it all, as the run has them. */
export function setShownLanes(ids: readonly string[] | undefined): void {
  setUrlParameter('lanes', ids === undefined || ids.length === 0 ? undefined : ids.join(','));
}
