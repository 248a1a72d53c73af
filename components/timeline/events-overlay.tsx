'use client';

import { useRef } from 'react';
import type { EventLine } from '../../model/view/events.ts';
import { xOf } from '../paint/axis.ts';
import { useMeasured } from '../paint/measured.ts';
import { placeLabels } from '../paint/place.ts';
import { usePainter } from '../paint/ticker-context.tsx';
import { spaced } from '../ui/text.ts';
import { usePointing } from './pointed.ts';

/** Vertical lines through all lanes: one for each change to the cluster. */
export function EventLines({ lines }: { lines: readonly EventLine[] }) {
  const root = useRef<HTMLDivElement>(null);
  const { chain, point, unfold, unfolded } = usePointing();
  usePainter('texts', (axis) => {
    [...(root.current?.children ?? [])].forEach((child, i) => {
      const line = lines[i];
      if (line === undefined) return;
      const x = xOf(axis, line.atMs);
      const style = (child as HTMLElement).style;
      style.visibility = x < 0 || x > axis.width ? 'hidden' : 'visible';
      style.transform = `translateX(${(x - 7).toFixed(1)}px)`;
    });
  });
  return (
    <div className="event-lines" ref={root} aria-hidden>
      {lines.map((line) => (
        // The flag is the button; the line is a wider place to point at.
        // biome-ignore lint/a11y/noStaticElementInteractions: its flag does the same by keyboard
        // biome-ignore lint/a11y/useKeyWithClickEvents: its flag does the same by keyboard
        <div
          key={line.key}
          className={line.dashed ? 'event-line event-dashed' : 'event-line'}
          data-dim={chain !== undefined && !chain.lines.has(line.key)}
          onPointerEnter={() => point({ line: line.key })}
          onPointerLeave={() => point(undefined)}
          onClick={() => unfold(unfolded === line.key ? undefined : line.key)}
        />
      ))}
    </div>
  );
}

/**
 * What was done, and when it was asked: on the cluster track, where it was done. A flag unfolds its line into stations.
 * A rollout takes its time: a rule under its flag shows how long.
 */
export function Flags({ lines }: { lines: readonly EventLine[] }) {
  const root = useRef<HTMLOListElement>(null);
  const { chain, point, unfold, unfolded } = usePointing();
  const sizes = useRef<{ label: number; full: number }[]>([]);
  const texts = lines.map((line) => `${line.key} ${line.title} ${line.detail}`).join('|');
  useMeasured(() => {
    sizes.current = [...(root.current?.children ?? [])].map((child) => {
      const label = child.querySelector('b');
      const detail = child.querySelector('small');
      const stacked =
        child.firstElementChild !== null && getComputedStyle(child.firstElementChild).flexDirection === 'column';
      const [a, b] = [label?.offsetWidth ?? 80, detail?.offsetWidth ?? 0];
      return { label: a + 8, full: (stacked ? Math.max(a, b) : a + b) + 8 };
    });
  }, [texts]);
  usePainter('texts', (axis) => {
    const items = lines.map((line, i) => {
      const x = xOf(axis, line.atMs);
      const label = sizes.current[i]?.label ?? 80;
      return { x0: x, x1: x, label, short: label, full: sizes.current[i]?.full ?? 160 };
    });
    const placed = placeLabels(items, axis.width);
    [...(root.current?.children ?? [])].forEach((child, i) => {
      const { left, show } = placed[i] ?? { left: 0, show: 'none' };
      const x = items[i]?.x0 ?? 0;
      const style = (child as HTMLElement).style;
      (child as HTMLElement).dataset.show = show;
      (child as HTMLElement).dataset.side = left < x ? 'left' : 'right';
      style.transform = `translateX(${Math.round(left)}px)`;
      const line = lines[i];
      const until = line === undefined ? x : Math.min(axis.width, xOf(axis, line.untilMs));
      style.setProperty('--span-left', `${Math.round(x - left)}px`);
      style.setProperty('--span', `${Math.max(0, Math.round(until - x))}px`);
    });
  });
  return (
    <ol className="flags" ref={root}>
      {lines.map((line) => (
        <li key={line.key} className="flag" data-dim={chain !== undefined && !chain.lines.has(line.key)}>
          <button
            type="button"
            className="flag-button"
            data-testid="event-flag"
            aria-expanded={unfolded === line.key}
            title="What each path heard, and when"
            onPointerEnter={() => point({ line: line.key })}
            onPointerLeave={() => point(undefined)}
            onFocus={() => point({ line: line.key })}
            onBlur={() => point(undefined)}
            onClick={() => unfold(unfolded === line.key ? undefined : line.key)}
          >
            <b className="flag-title">{spaced(line.title)}</b>
            <small className="flag-detail">{spaced(line.detail)}</small>
          </button>
          {line.kind === 'rollout' && <i className="flag-span" aria-hidden />}
        </li>
      ))}
    </ol>
  );
}
