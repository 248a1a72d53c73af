import { setUrlParameter } from './theme.ts';

/** Two views of the same run: the one that explains, and the one that measures. The URL decides and remembers. */
export type View = 'stage' | 'timeline';

/** Undefined until the page has chosen: what is shown first depends on how much there is to show. */
export function viewOf(parameter: string | null | undefined): View | undefined {
  return parameter === 'stage' || parameter === 'timeline' ? parameter : undefined;
}

export function currentView(): View | undefined {
  return viewOf(new URLSearchParams(window.location.search).get('view'));
}

export function setView(view: View): void {
  setUrlParameter('view', view);
}
