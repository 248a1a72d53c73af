import { toMs } from '../../model/time.ts';
import type { PageStore } from '../live/store.ts';
import { stamp } from '../ui/instant.ts';
import { copyText } from './clipboard.ts';

/**
 * The address of what is shown: view, lanes, span, theme and moment. A live picture has its instant named too, so that
 * whoever opens the link later sees what was copied and not what is then.
 */
export function linkTo(address: string, shown: { runId: string; nowMs: number; theme: string }): string {
  const url = new URL(address);
  // A token never travels in a link that is copied.
  url.hash = '';
  const { searchParams } = url;
  searchParams.delete('present');
  searchParams.delete('frozen');
  searchParams.set('theme', shown.theme);
  if (!searchParams.has('at') && !searchParams.has('from') && shown.runId !== '') {
    searchParams.set('at', stamp(shown.nowMs));
    searchParams.set('run', shown.runId);
  }
  return url.href;
}

export async function copyLink(store: PageStore): Promise<void> {
  const { snapshot, nowMs } = store.getView();
  const link = linkTo(window.location.href, {
    runId: snapshot?.runId ?? '',
    nowMs: nowMs || toMs(snapshot?.at),
    theme: document.documentElement.dataset.theme ?? 'dark',
  });
  store.done((await copyText(link)) ? 'Copied: a link to this view at this moment.' : link);
}
