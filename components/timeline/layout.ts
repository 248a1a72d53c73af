'use client';

import { type RefObject, useEffect, useState } from 'react';
import { pageWidth } from '../ui/page.ts';

/** What of the size classes code needs to know; everything else is in the style sheet. */
export type Layout = {
  kind: 'wide' | 'desk' | 'tablet' | 'phone';
  timeWidth: number;
  laneHeight: number;
  beliefHeight: number;
  rowMost: number;
  pathWidth: number;
  handleFont: number;
};

const classes: Record<Layout['kind'], Omit<Layout, 'kind' | 'timeWidth' | 'laneHeight'>> = {
  wide: { beliefHeight: 68, rowMost: 25, pathWidth: 190, handleFont: 15 },
  desk: { beliefHeight: 44, rowMost: 19, pathWidth: 112, handleFont: 13 },
  tablet: { beliefHeight: 22, rowMost: 18, pathWidth: 0, handleFont: 13 },
  phone: { beliefHeight: 0, rowMost: 22, pathWidth: 0, handleFont: 13 },
};

export function kindFor(width: number): Layout['kind'] {
  if (width >= 1600) return 'wide';
  if (width >= 1100) return 'desk';
  return width >= 700 ? 'tablet' : 'phone';
}

/** Measures the axis and a lane; the picture is drawn for these. */
/** Larger letters, and no path pictures: for the last row of a room. */
const presented: Partial<Record<Layout['kind'], Partial<Layout>>> = {
  wide: { beliefHeight: 46, rowMost: 34, pathWidth: 0, handleFont: 21 },
  desk: { beliefHeight: 30, rowMost: 24, pathWidth: 0, handleFont: 16 },
};

export function useLayout(root: RefObject<HTMLElement | null>, presenting: boolean): Layout {
  const [measured, setMeasured] = useState({ kind: 'desk' as Layout['kind'], timeWidth: 0, laneHeight: 138 });
  useEffect(() => {
    const element = root.current;
    if (element === null) return;
    const measure = () => {
      const axis = element.querySelector('.axis');
      const lane = element.querySelector('.lane');
      const next = {
        kind: kindFor(pageWidth()),
        timeWidth: axis?.clientWidth ?? 0,
        laneHeight: Math.round(lane?.clientHeight ?? 138),
      };
      setMeasured((old) =>
        old.kind === next.kind && old.timeWidth === next.timeWidth && old.laneHeight === next.laneHeight ? old : next,
      );
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    for (const each of element.querySelectorAll('.axis, .lane')) observer.observe(each);
    return () => observer.disconnect();
  }, [root]);
  return { ...measured, ...classes[measured.kind], ...(presenting ? presented[measured.kind] : {}) };
}
