'use client';

import { useRef } from 'react';
import type { Tear } from '../../../model/view/losses.ts';
import { xOf } from '../../paint/axis.ts';
import { useMeasured } from '../../paint/measured.ts';
import { usePainter } from '../../paint/ticker-context.tsx';
import { LostTag } from '../../ui/swatch.tsx';

/** The number of each cut in a band, on its left; never over a newer one. */
export function LostFlags({ tears }: { tears: readonly Tear[] }) {
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
      const left = from - width - 7 >= 0 ? from - width - 7 : Math.max(0, xOf(axis, tear.toMs) + 7);
      const visible = xOf(axis, tear.toMs) > 0 && left + width <= limit + 8;
      child.style.visibility = visible ? 'visible' : 'hidden';
      if (visible) limit = left - 4;
      child.style.transform = `translateX(${Math.min(left, axis.width - width).toFixed(1)}px)`;
    }
  });
  return (
    <div className="book-flags" ref={root}>
      {tears.map((tear) => (
        <div key={tear.fromMs}>
          <LostTag count={tear.count} />
          <span className="sr-only">calls lost</span>
        </div>
      ))}
    </div>
  );
}
