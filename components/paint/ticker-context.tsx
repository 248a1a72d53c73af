'use client';

import { createContext, useContext, useEffect, useRef } from 'react';
import type { Layer, Painter, Ticker } from './ticker.ts';

export const TickerContext = createContext<Ticker | undefined>(undefined);

/** Paints with the others on every frame that matters; `painter` may be a new closure on each render. */
export function usePainter(layer: Layer, painter: Painter): void {
  const ticker = useContext(TickerContext);
  const latest = useRef(painter);
  useEffect(() => {
    latest.current = painter;
    ticker?.touch();
  });
  useEffect(() => ticker?.add((axis) => latest.current(axis), layer), [ticker, layer]);
}
