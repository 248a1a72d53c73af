'use client';

import { useRef } from 'react';
import type { Bracket } from '../../../model/view/brackets.ts';
import type { EventLine } from '../../../model/view/events.ts';
import { goLive } from '../../controls/freeze.ts';
import { useLiveStore } from '../../live/provider.tsx';
import { xOf } from '../../paint/axis.ts';
import { useMeasured } from '../../paint/measured.ts';
import { placeLabels } from '../../paint/place.ts';
import { usePainter } from '../../paint/ticker-context.tsx';
import { spaced } from '../../ui/text.ts';

/** The names of the events at their lines; choosing one shows its chain. */
export function EventNames({
  lines,
  chosen,
  choose,
}: {
  lines: readonly EventLine[];
  chosen: string | undefined;
  choose(key: string): void;
}) {
  const root = useRef<HTMLOListElement>(null);
  const sizes = useRef<number[]>([]);
  useMeasured(() => {
    sizes.current = [...(root.current?.children ?? [])].map((child) => (child as HTMLElement).offsetWidth);
  }, [lines.map((line) => line.title).join(), chosen]);
  usePainter('texts', (axis) => {
    const items = lines.map((line, i) => {
      const x = xOf(axis, line.atMs);
      const width = (sizes.current[i] ?? 90) + 2;
      return { x0: x, x1: x, label: width, short: width, full: width };
    });
    const placed = placeLabels(items, axis.width + 2);
    [...(root.current?.children ?? [])].forEach((child, i) => {
      const { left, show } = placed[i] ?? { left: 0, show: 'none' };
      const style = (child as HTMLElement).style;
      style.visibility = show === 'none' ? 'hidden' : 'visible';
      style.transform = `translateX(${Math.round(left)}px)`;
    });
  });
  return (
    <ol className="book-events" ref={root}>
      {lines.map((line) => (
        <li key={line.key} data-testid="event-flag">
          <button type="button" aria-pressed={line.key === chosen} title={line.detail} onClick={() => choose(line.key)}>
            {spaced(line.title)}
          </button>
        </li>
      ))}
    </ol>
  );
}

/** One short sentence under a lane's band: how long it took, or why it waits. */
export function Waiting({ laneId, bracket, text }: { laneId: string; bracket: Bracket; text: string }) {
  const root = useRef<HTMLParagraphElement>(null);
  const width = useRef(0);
  useMeasured(() => {
    width.current = root.current?.offsetWidth ?? 0;
  }, [text]);
  usePainter('texts', (axis) => {
    const element = root.current;
    if (element === null) return;
    const from = xOf(axis, bracket.fromMs);
    const to = bracket.toMs === undefined ? axis.width : xOf(axis, bracket.toMs);
    element.style.visibility = to < 0 || from > axis.width ? 'hidden' : 'visible';
    const left = Math.max(0, Math.min(from + 8, axis.width - width.current));
    element.style.transform = `translateX(${Math.round(left)}px)`;
  });
  return (
    <p className="book-wait" ref={root} data-testid={`bracket-${laneId}`} data-state={bracket.state}>
      {spaced(text)}
    </p>
  );
}

/** The axis: fixed, as its right end is always now, or the moment that is looked at, with the way back. */
export function Marks({ frozen, presenting }: { frozen: boolean; presenting: boolean }) {
  const store = useLiveStore();
  return (
    <div className="book-marks">
      <span aria-hidden>−90{'\u00a0'}s</span>
      <span aria-hidden style={{ left: '33.33%' }}>
        −60{'\u00a0'}s
      </span>
      <span aria-hidden style={{ left: '66.67%' }}>
        −30{'\u00a0'}s
      </span>
      {frozen && !presenting && store.lookAt !== undefined ? (
        <button type="button" className="book-back" data-testid="to-now" onClick={() => goLive(store)}>
          Back to now
        </button>
      ) : (
        <span className="book-now" aria-hidden>
          {frozen ? 'frozen' : 'now'}
        </span>
      )}
    </div>
  );
}
