'use client';

import { createContext, useContext, useEffect, useRef, useState } from 'react';

/**
 * Parts of a view that are renewed one in each frame. All of them at once, with what they derive and lay out, are more
 * than fits between two frames; spread over as many frames as there are parts, none is late enough to be seen.
 */
export class Turns {
  private readonly waiting = new Set<() => void>();
  private readonly nextFrame: (run: () => void) => void;
  private asked = false;

  constructor(nextFrame: (run: () => void) => void) {
    this.nextFrame = nextFrame;
  }

  /** Runs in one of the next frames, once, in the order of asking. */
  ask(run: () => void): void {
    this.waiting.add(run);
    this.follow();
  }

  forget(run: () => void): void {
    this.waiting.delete(run);
  }

  private follow(): void {
    if (this.asked || this.waiting.size === 0) return;
    this.asked = true;
    this.nextFrame(() => {
      this.asked = false;
      const [first] = this.waiting;
      if (first !== undefined) {
        this.waiting.delete(first);
        first();
      }
      this.follow();
    });
  }
}

export const TurnsContext = createContext<Turns | undefined>(undefined);

/** `value`, but as it was when this part last had its turn. Outside of any turns at once. */
export function useInTurn<T>(value: T): T {
  const turns = useContext(TurnsContext);
  const [shown, show] = useState(value);
  const latest = useRef(value);
  const [take] = useState(() => () => show(latest.current));
  useEffect(() => {
    latest.current = value;
    turns?.ask(take);
  }, [turns, take, value]);
  useEffect(() => () => turns?.forget(take), [turns, take]);
  return turns === undefined ? value : shown;
}
