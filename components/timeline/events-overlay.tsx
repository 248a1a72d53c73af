'use client';

import { useLayoutEffect, useRef } from 'react';
import type { EventLine } from '../../model/view/events.ts';
import { xOf } from '../paint/axis.ts';
import { placeLabels } from '../paint/place.ts';
import { usePainter } from '../paint/ticker-context.tsx';
import { spaced } from '../ui/text.ts';

/** Vertical lines through all lanes: one for each change to the cluster. */
export function EventLines({ lines }: { lines: readonly EventLine[] }) {
  const root = useRef<HTMLDivElement>(null);
  usePainter((axis) => {
    [...(root.current?.children ?? [])].forEach((child, i) => {
      const line = lines[i];
      if (line === undefined) return;
      const x = xOf(axis, line.atMs);
      const style = (child as HTMLElement).style;
      style.visibility = x < 0 || x > axis.width ? 'hidden' : 'visible';
      style.transform = `translateX(${(x - 2.5).toFixed(1)}px)`;
    });
  });
  return (
    <div className="event-lines" ref={root} aria-hidden>
      {lines.map((line) => (
        <div key={line.key} className={line.dashed ? 'event-line event-dashed' : 'event-line'} />
      ))}
    </div>
  );
}

/** What was done, and when it was asked: on the cluster track, where it was done. */
export function Flags({ lines }: { lines: readonly EventLine[] }) {
  const root = useRef<HTMLOListElement>(null);
  const sizes = useRef<{ label: number; full: number }[]>([]);
  useLayoutEffect(() => {
    sizes.current = [...(root.current?.children ?? [])].map((child) => ({
      label: (child.firstElementChild as HTMLElement).offsetWidth + 8,
      full: (child as HTMLElement).offsetWidth + 8,
    }));
  });
  usePainter((axis) => {
    const items = lines.map((line, i) => {
      const x = xOf(axis, line.atMs);
      const label = sizes.current[i]?.label ?? 80;
      return { x0: x, x1: x, label, short: label, full: sizes.current[i]?.full ?? 160 };
    });
    const placed = placeLabels(items, axis.width);
    [...(root.current?.children ?? [])].forEach((child, i) => {
      const { left, show } = placed[i] ?? { left: 0, show: 'none' };
      (child as HTMLElement).dataset.show = show;
      (child as HTMLElement).style.transform = `translateX(${Math.round(left)}px)`;
    });
  });
  return (
    <ol className="flags" ref={root}>
      {lines.map((line) => (
        <li key={line.key} className="flag" data-testid="event-flag">
          <b>{spaced(line.title)}</b>
          <small>{spaced(line.detail)}</small>
        </li>
      ))}
    </ol>
  );
}
