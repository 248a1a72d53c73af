'use client';

import { useEffect, useRef } from 'react';
import { type AxisCommand, axisCommandOf } from './keys.ts';
import type { WindowControl } from './use-window.ts';
import { type Limits, type Preset, presets } from './window.ts';

const step = 1.6;

/** Keys of the time axis, wherever the focus is, unless what has it takes keys itself. */
export function useAxisKeys(control: WindowControl, limits: Limits, follow: () => void, fold: () => void): void {
  const latest = useRef({ control, limits, follow, fold });
  latest.current = { control, limits, follow, fold };
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const target = event.target instanceof Element ? event.target : undefined;
      const command = axisCommandOf({
        key: event.key,
        modified: event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.defaultPrevented,
        taken:
          target?.closest(
            'input:not([type="range"]), textarea, select, [contenteditable], [role="menu"], [role="radiogroup"]',
          ) != null || document.querySelector('dialog[open], [data-lane-open]') != null,
        slider: target?.closest('input[type="range"]') != null,
      });
      if (command === undefined) return;
      const { control, limits, follow, fold } = latest.current;
      if (command !== 'fold') event.preventDefault();
      run(command, control, limits, follow, fold);
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
}

function run(command: AxisCommand, control: WindowControl, limits: Limits, follow: () => void, fold: () => void): void {
  switch (command) {
    case 'back':
      control.pan(-0.2);
      break;
    case 'forth':
      control.pan(0.2);
      break;
    case 'in':
      control.zoom(1 / step);
      break;
    case 'out':
      control.zoom(step);
      break;
    case 'now':
      follow();
      break;
    case 'begin':
      control.pan(-(limits.nowMs - limits.startMs) / control.shown.spanMs);
      break;
    case 'fold':
      fold();
      break;
    default:
      control.span(presets.find((each) => each.key === (command satisfies Preset))?.spanMs ?? 90_000);
      break;
  }
}
