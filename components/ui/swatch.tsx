'use client';

import { type CSSProperties, useSyncExternalStore } from 'react';
import { grouped } from '../../model/view/grouped.ts';
import { css, inkOn, parseHex } from './colour.ts';
import { patternUrl } from './pattern.ts';
import { currentTheme, type Theme } from './theme.ts';

/** The four drawings of a pod on a path, never mixed up, and the one that is no more. */
export type Standing = 'used' | 'idle' | 'missing' | 'ghost' | 'gone';

function subscribe(listener: () => void): () => void {
  window.addEventListener('lbscope:theme', listener);
  return () => window.removeEventListener('lbscope:theme', listener);
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, currentTheme, () => 'dark');
}

const cache = new Map<string, CSSProperties>();

/** Colour and pattern of a slot as a background, with the ink that reads on it. */
export function podFill(slot: number, theme: 'dark' | 'light'): CSSProperties {
  const key = `${slot}${theme}`;
  const kept = cache.get(key);
  if (kept !== undefined) return kept;
  if (typeof document === 'undefined') return {};
  const hex = getComputedStyle(document.documentElement).getPropertyValue(`--pod-${slot}`).trim();
  if (!hex.startsWith('#')) return {};
  const style: CSSProperties = {
    backgroundColor: hex,
    backgroundImage: patternUrl(slot, hex, theme === 'dark'),
    color: css(inkOn(parseHex(hex))),
  };
  cache.set(key, style);
  return style;
}

/** Filled: used. Coloured outline: reachable, not chosen. Dashed: missing. Struck with a cross: ghost or gone. */
export function Swatch({ slot, standing = 'used' }: { slot: number; standing?: Standing }) {
  const theme = useTheme();
  if (standing === 'used') return <span className="swatch" aria-hidden style={podFill(slot, theme)} />;
  if (standing === 'idle') {
    return <span className="swatch swatch-idle" aria-hidden style={{ borderColor: `var(--pod-${slot})` }} />;
  }
  return (
    <span className={`swatch swatch-${standing}`} aria-hidden>
      {standing !== 'missing' && <Cross />}
    </span>
  );
}

/** Lost, always with a number beside it. */
export function Cross() {
  return (
    <svg className="cross" viewBox="0 0 10 10" aria-hidden="true">
      <path d="M1.5 1.5 8.5 8.5M8.5 1.5 1.5 8.5" />
    </svg>
  );
}

export function LostTag({ count, large = false, word = '' }: { count: number; large?: boolean; word?: string }) {
  return (
    <span className={large ? 'lost lost-large' : 'lost'}>
      <Cross />
      {grouped(count)}
      {word !== '' && <span className="lost-word">{word}</span>}
    </span>
  );
}
