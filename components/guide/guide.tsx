'use client';

import { useEffect, useLayoutEffect, useRef } from 'react';
import { mayControl } from '../live/access.ts';
import { useLivePart } from '../live/provider.tsx';
import { useUrlParameter } from '../ui/url.ts';
import { viewOf } from '../ui/view.ts';
import { captions } from './captions.ts';
import { edgeOf, type Point, placed } from './place.ts';

/** The picture moves little while it is explained. */
const arrangeEveryMs = 500;

/** A few sentences on the real, running picture; any key or click ends it. */
export function Guide({ close }: { close(): void }) {
  const view = viewOf(useUrlParameter('view')) === 'timeline' ? 'timeline' : 'stage';
  const control = useLivePart(({ access }) => mayControl(access));
  const root = useRef<HTMLElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const shown = captions[view].filter((each) => control || each.key !== 'controls');

  // biome-ignore lint/correctness/useExhaustiveDependencies: other captions are arranged anew
  useLayoutEffect(() => {
    if (root.current === null) return;
    const element = root.current;
    const arrange = () =>
      place(
        element,
        shown.map((each) => each.at()),
      );
    arrange();
    const timer = setInterval(arrange, arrangeEveryMs);
    window.addEventListener('resize', arrange);
    return () => {
      clearInterval(timer);
      window.removeEventListener('resize', arrange);
    };
  }, [view, control]);
  useEffect(() => {
    button.current?.focus({ preventScroll: true });
    const onKey = (event: KeyboardEvent) => {
      if (!['Tab', 'Shift', 'Control', 'Alt', 'Meta'].includes(event.key)) close();
    };
    window.addEventListener('keydown', onKey);
    window.addEventListener('click', close);
    return () => {
      window.removeEventListener('keydown', onKey);
      window.removeEventListener('click', close);
    };
  }, [close]);

  return (
    <aside className="guide" ref={root} data-testid="guide" aria-label="What you see">
      <svg className="guide-lines" aria-hidden="true">
        {shown.map(({ key }) => (
          <line key={key} />
        ))}
      </svg>
      <ol className="guide-captions">
        {shown.map(({ key, text }) => (
          <li key={key} className="guide-caption" data-caption={key}>
            <span className="guide-number" aria-hidden />
            {text}
          </li>
        ))}
      </ol>
      {shown.map(({ key }) => (
        <span key={key} className="guide-dot" aria-hidden />
      ))}
      <p className="guide-end">
        <span>
          Any key or click closes this; <kbd>?</kbd> brings it back
        </span>
        <button type="button" ref={button} className="guide-close" data-testid="guide-close" onClick={close}>
          Got it
        </button>
      </p>
    </aside>
  );
}

/** Where each caption's subject is now; what cannot be seen is left out. */
function place(root: HTMLElement, points: readonly (Point | undefined)[]): void {
  // On a phone the sentences are a list below, with numbers; what lies behind it is not pointed at.
  const listed = getComputedStyle(root).getPropertyValue('--listed').trim() === '1';
  const under = listed ? (root.querySelector('ol')?.getBoundingClientRect().top ?? 0) - 14 : Number.POSITIVE_INFINITY;
  const items = [...root.querySelectorAll<HTMLElement>('.guide-caption')];
  const dots = [...root.querySelectorAll<HTMLElement>('.guide-dot')];
  const lines = [...root.querySelectorAll<SVGLineElement>('line')];
  let number = 0;
  items.forEach((item, i) => {
    const seen = points[i] !== undefined;
    if (seen) number += 1;
    for (const each of [item, lines[i]]) each?.toggleAttribute('data-out', !seen);
    dots[i]?.toggleAttribute('data-out', !seen || (points[i]?.y ?? 0) > under);
    for (const each of [item.firstElementChild, dots[i]]) if (each != null) each.textContent = String(number);
  });
  const seen = items.flatMap((item, i) => {
    const point = points[i];
    return point === undefined ? [] : [{ item, point, dot: dots[i], line: lines[i] }];
  });
  const sizes = seen.map(({ item }) => ({ width: item.offsetWidth, height: item.offsetHeight }));
  const room = { width: window.innerWidth, height: window.innerHeight - 46 };
  const at = placed(
    seen.map(({ point }) => point),
    sizes,
    room,
  );
  seen.forEach(({ item, point, dot, line }, i) => {
    const corner = at[i] as Point;
    if (dot !== undefined) dot.style.transform = `translate(${point.x}px, ${point.y}px) translate(-50%, -50%)`;
    item.style.transform = listed ? '' : `translate(${Math.round(corner.x)}px, ${Math.round(corner.y)}px)`;
    const edge = edgeOf(point, corner, sizes[i] as { width: number; height: number });
    for (const [name, value] of [
      ['x1', point.x],
      ['y1', point.y],
      ['x2', edge.x],
      ['y2', edge.y],
    ] as const)
      line?.setAttribute(name, String(value));
  });
}
