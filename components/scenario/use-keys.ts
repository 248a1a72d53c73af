'use client';

import { useEffect, useRef } from 'react';
import { type ScenarioCommand, type Situation, scenarioCommandOf } from './keys.ts';

/** Keys of the scenarios. They come before those of the view: what is asked has the room's attention. */
export function useKeys(situation: Omit<Situation, 'onButton'>, run: (command: ScenarioCommand) => void): void {
  const latest = useRef({ situation, run });
  latest.current = { situation, run };
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
      const at = event.target instanceof Element ? event.target : undefined;
      // A sheet just closed keeps the focus until the next picture is drawn.
      const target = at?.closest('dialog:not([open])') == null ? at : undefined;
      if (
        target?.closest('input:not([type="range"]), textarea, select, [contenteditable], [role="menu"], dialog') != null
      )
        return;
      if (document.querySelector('dialog[open], [data-lane-open], [role="menu"]') !== null) return;
      const onButton = target?.closest('button, a, [role="radio"]') != null;
      const command = scenarioCommandOf(event.key, { ...latest.current.situation, onButton });
      if (command === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      latest.current.run(command);
    };
    // In the capturing phase: the views listen on the window too.
    window.addEventListener('keydown', onKeyDown, { capture: true });
    return () => window.removeEventListener('keydown', onKeyDown, { capture: true });
  }, []);
}
