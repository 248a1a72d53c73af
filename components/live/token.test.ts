import { describe, expect, it } from 'vitest';
import { takeToken } from './token.ts';

function place(hash: string, kept?: string) {
  const store = new Map<string, string>(kept === undefined ? [] : [['lbscope-token', kept]]);
  const shown: string[] = [];
  return {
    shown,
    store,
    location: { hash, pathname: '/', search: '?view=stage' },
    history: {
      state: null,
      replaceState: (_: unknown, __: string, url?: string | URL | null) => shown.push(String(url)),
    },
    storage: {
      getItem: (name: string) => store.get(name) ?? null,
      setItem: (name: string, value: string) => void store.set(name, value),
      removeItem: (name: string) => void store.delete(name),
    },
  };
}

describe('takeToken', () => {
  it('takes the token out of the address bar, keeps what else stands there, and remembers it', () => {
    const here = place('#token=abc&at=5');
    expect(takeToken(here)).toBe('abc');
    expect(here.shown).toEqual(['/?view=stage#at=5']);
    expect(takeToken({ ...place(''), storage: here.storage })).toBe('abc');
  });

  it('a link with another token replaces the one before, an empty one forgets it', () => {
    const here = place('#token=new', 'old');
    expect(takeToken(here)).toBe('new');
    expect(takeToken({ ...place('#token='), storage: here.storage })).toBeUndefined();
    expect(here.store.size).toBe(0);
  });

  it('touches nothing without a token', () => {
    const here = place('#x');
    expect(takeToken(here)).toBeUndefined();
    expect(here.shown).toEqual([]);
  });

  it('works where nothing can be stored', () => {
    expect(takeToken({ ...place('#token=abc'), storage: undefined })).toBe('abc');
  });
});
