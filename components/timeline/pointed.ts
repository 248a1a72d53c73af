'use client';

import { createContext, useContext } from 'react';
import type { Chain } from '../../model/view/chain.ts';

/** What is pointed at: an event line, or one message to a lane by its sequence. */
export type Pointed = { line: string } | { sequence: number } | undefined;

export type Pointing = {
  /** Everything that belongs to what is pointed at; undefined: nothing is, and nothing steps back. */
  chain: Chain | undefined;
  point(what: Pointed): void;
  /** Opens the stations of an event line, or folds them. */
  unfold(key: string | undefined): void;
  unfolded: string | undefined;
};

export const PointingContext = createContext<Pointing>({
  chain: undefined,
  point: () => {},
  unfold: () => {},
  unfolded: undefined,
});

export function usePointing(): Pointing {
  return useContext(PointingContext);
}
