'use client';

import { useRef } from 'react';
import type { Tear } from '../../model/view/losses.ts';
import { xOf } from '../paint/axis.ts';
import { useMeasured } from '../paint/measured.ts';
import { usePainter } from '../paint/ticker-context.tsx';
import { LostTag } from '../ui/swatch.tsx';

/** The tags of the tears: always a cross and the number, left of the cut. */
export function Tears({ tears }: { tears: readonly Tear[] }) {
  const root = useRef<HTMLDivElement>(null);
  const widths = useRef<number[]>([]);
  useMeasured(() => {
    widths.current = [...(root.current?.children ?? [])].map((child) => (child as HTMLElement).offsetWidth);
  }, [tears.map(({ fromMs, count }) => `${fromMs} ${count}`).join('|')]);
  usePainter('texts', (axis) => {
    let limit = axis.width;
    const children = [...(root.current?.children ?? [])] as HTMLElement[];
    for (let i = children.length - 1; i >= 0; i -= 1) {
      const child = children[i] as HTMLElement;
      const tear = tears[i];
      // A tag that came with the report that is being shown: it has its place in the next frame.
      if (tear === undefined) continue;
      const width = widths.current[i] ?? 0;
      const from = xOf(axis, tear.fromMs);
      const to = xOf(axis, tear.toMs);
      // Left of the cut; at the window's edge right of it; never over a newer one.
      const left = from - width - 8 >= 0 ? from - width - 8 : Math.max(0, to + 8);
      const visible = to > 0 && left + width <= limit;
      child.style.visibility = visible ? 'visible' : 'hidden';
      if (visible) limit = left - 4;
      child.style.transform = `translateX(${Math.min(left, axis.width - width).toFixed(1)}px)`;
    }
  });
  return (
    <div className="tears" ref={root}>
      {tears.map((tear) => (
        <div key={tear.fromMs} className="tear">
          <LostTag count={tear.count} large={tear.count > 10} word="lost" />
          <span className="sr-only">calls lost</span>
        </div>
      ))}
    </div>
  );
}
