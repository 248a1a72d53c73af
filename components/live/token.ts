/** Where a tab keeps its token: it lives as long as the tab, and no other site reads it. */
const key = 'lbscope-token';

type Place = {
  readonly location: Pick<Location, 'hash' | 'pathname' | 'search'>;
  readonly history: Pick<History, 'replaceState' | 'state'>;
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined;
};

/**
 * The token of a link (`#token=...`), taken out of the address bar at once: a screen that is projected must not show it,
 * and a copied link must not carry it. Later pages of the same tab have it from the tab's storage.
 */
export function takeToken({ location, history, storage }: Place): string | undefined {
  const fragment = new URLSearchParams(location.hash.replace(/^#/, ''));
  const given = fragment.get('token');
  if (given !== null) {
    fragment.delete('token');
    const rest = fragment.toString();
    history.replaceState(history.state, '', `${location.pathname}${location.search}${rest === '' ? '' : `#${rest}`}`);
    if (given === '') storage?.removeItem(key);
    else storage?.setItem(key, given);
  }
  return storage?.getItem(key) ?? (given || undefined);
}

let held: string | undefined;
let taken = false;

/** This tab's token, if it has one. Nothing on the server, where no page is open. */
export function ownToken(): string | undefined {
  if (typeof window === 'undefined') return undefined;
  if (!taken) {
    taken = true;
    let storage: Storage | undefined;
    try {
      storage = window.sessionStorage;
    } catch {
      // A browser that forbids storage still has the token of this page.
    }
    held = takeToken({ location: window.location, history: window.history, storage });
  }
  return held;
}

/** A token that a person entered: the tab keeps it, and the next load of the page uses it. */
export function keepToken(token: string): void {
  held = token;
  taken = true;
  try {
    window.sessionStorage.setItem(key, token);
  } catch {
    // Kept for this page only.
  }
}

export function dropToken(): void {
  held = undefined;
  taken = true;
  try {
    window.sessionStorage.removeItem(key);
  } catch {
    // Nothing was kept.
  }
}
