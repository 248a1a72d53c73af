'use client';

import { type RefObject, useEffect, useState } from 'react';
import type { Metrics } from '../../model/view/stage/geometry.ts';
import { pageWidth } from '../ui/page.ts';

export type Size = 'wide' | 'desk' | 'slim' | 'tablet' | 'phone';

/** What of the size classes code needs to know; everything else is in the style sheet. */
export type StageLayout = {
  size: Size;
  /** Turned by a quarter: pods are a row, clients above and below. */
  turned: boolean;
  metrics: Metrics;
  /** Of the picture: clients, streams and pods. */
  width: number;
  height: number;
};

const wide: Metrics = {
  box: 117,
  client: 60,
  wheel: 41,
  ring: 51,
  inClient: 88,
  onTheWay: 152,
  wing: 140,
  core: 155,
  gap: 10,
  head: 40,
  foot: 8,
  widest: 68,
  tallest: 150,
};
const desk: Metrics = {
  box: 86,
  client: 54,
  wheel: 29,
  ring: 37,
  inClient: 72,
  onTheWay: 107,
  wing: 109,
  core: 98,
  gap: 7,
  head: 28,
  foot: 6,
  widest: 48,
  tallest: 110,
};
const phone: Metrics = {
  box: 76,
  client: 52,
  wheel: 26,
  ring: 33,
  inClient: 58,
  onTheWay: 58,
  wing: 31,
  core: 38,
  gap: 6,
  head: 2,
  foot: 2,
  widest: 40,
  tallest: 100,
};

/** Upright still: a small window, or a drawer beside the picture. Numbers without words, so that streams keep their way. */
const slim: Metrics = {
  ...desk,
  box: 72,
  client: 44,
  wheel: 25,
  ring: 31,
  inClient: 38,
  onTheWay: 84,
  wing: 60,
  core: 80,
  widest: 38,
  tallest: 96,
};

const metrics: Record<Size, Metrics> = {
  wide,
  desk,
  slim,
  tablet: {
    ...phone,
    box: 96,
    client: 60,
    wheel: 34,
    ring: 42,
    inClient: 70,
    onTheWay: 70,
    wing: 44,
    core: 56,
    widest: 56,
    gap: 8,
    tallest: 150,
  },
  phone,
};

/** With many pods the wings are one cell for each lane, and rows need room beside the handle. */
const rowMetrics: Record<Size, Partial<Metrics>> = {
  wide: { wing: 214, core: 96, gap: 2, head: 62, tallest: 24 },
  desk: { wing: 140, core: 72, gap: 2, head: 46, tallest: 22 },
  slim: { wing: 92, core: 64, gap: 2, head: 46, tallest: 22 },
  tablet: { gap: 2 },
  phone: { gap: 2 },
};

const presenterMetrics: Record<Size, Partial<Metrics>> = {
  wide: { widest: 86, box: 132, wheel: 46, ring: 57, inClient: 96 },
  desk: { widest: 60, box: 97, wheel: 33, ring: 41, client: 58, inClient: 78, core: 114, wing: 106 },
  slim: {},
  tablet: {},
  phone: {},
};

export function sizeFor(width: number): Size {
  if (width >= 1600) return 'wide';
  if (width >= 1100) return 'desk';
  if (width >= 820) return 'slim';
  return width >= 700 ? 'tablet' : 'phone';
}

export function metricsFor(size: Size, rows: boolean, presenting: boolean): Metrics {
  return { ...metrics[size], ...(presenting ? presenterMetrics[size] : {}), ...(rows ? rowMetrics[size] : {}) };
}

/** Measures the picture; what stands still is computed for this. */
export function useStageLayout(
  picture: RefObject<HTMLElement | null>,
  rows: boolean,
  presenting: boolean,
): StageLayout {
  const [measured, setMeasured] = useState({ size: 'desk' as Size, width: 0, height: 0 });
  useEffect(() => {
    const element = picture.current;
    if (element === null) return;
    const measure = () => {
      const next = { size: sizeFor(pageWidth()), width: element.clientWidth, height: element.clientHeight };
      setMeasured((old) =>
        old.size === next.size && old.width === next.width && old.height === next.height ? old : next,
      );
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [picture]);
  const { size } = measured;
  const turned = size === 'tablet' || size === 'phone';
  return { ...measured, turned, metrics: metricsFor(size, rows, presenting) };
}
