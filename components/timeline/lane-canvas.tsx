'use client';

import { useContext, useMemo, useRef } from 'react';
import type { Event } from '../../gen/lbscope/events/v1/events_pb.js';
import { toMs } from '../../model/time.ts';
import type { LaneData } from '../../model/view/lane.ts';
import { xOf } from '../paint/axis.ts';
import { sizeOf } from '../paint/surface.ts';
import { TickerContext, usePainter } from '../paint/ticker-context.tsx';
import type { LoadTop } from './load-top.ts';
import { type LaneMetrics, paintLane } from './paint/lane.ts';
import { usePointing } from './pointed.ts';

/** So near to a tick of the belief strip is on it. */
const nearTick = 5;

/** Brackets, load, band and belief strip of one lane. Pointing at a lookup lights up what led to it and what followed. */
export function LaneCanvas({
  laneId,
  events,
  data,
  loadTop,
  font,
  unavailable,
  stale,
  label,
}: {
  laneId: string;
  events: readonly Event[];
  data: LaneData;
  loadTop: LoadTop;
  font: number;
  unavailable: boolean;
  stale: boolean;
  label: string;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const ticker = useContext(TickerContext);
  const { chain, point } = usePointing();
  const picture = useMemo(() => {
    const lit = chain && { ...chain, told: chain.told.get(laneId) ?? [], lost: chain.lost.get(laneId) ?? [] };
    return { ...data, unavailable, stale, lit };
  }, [data, unavailable, stale, chain, laneId]);
  const metrics = useRef<{ key: string; value: LaneMetrics }>(undefined);
  usePainter('canvas', (axis) => {
    const element = canvas.current;
    if (element === null) return;
    const key = `${sizeOf(element).width} ${font}`;
    if (metrics.current?.key !== key) {
      const style = getComputedStyle(element);
      const read = (name: string) => Number.parseFloat(style.getPropertyValue(name)) || 0;
      metrics.current = { key, value: { rail: read('--rail'), load: read('--load'), strip: read('--strip'), font } };
    }
    paintLane(element, picture, metrics.current.value, axis, loadTop.perSecond);
  });
  const onTick = useRef(false);
  const onMove = (event: React.PointerEvent) => {
    const box = canvas.current?.getBoundingClientRect();
    const axis = ticker?.axis;
    if (box === undefined || axis === undefined || event.buttons !== 0) return;
    const x = event.clientX - box.left;
    const inStrip = event.clientY > box.bottom - (metrics.current?.value.strip ?? 0) - 8;
    const at = inStrip ? data.belief.ticks.find((each) => Math.abs(xOf(axis, each) - x) <= nearTick) : undefined;
    const told = at === undefined ? undefined : events.findLast((each) => isTold(each, laneId, at));
    if (told !== undefined) point({ sequence: told.sequence });
    else if (onTick.current) point(undefined);
    onTick.current = told !== undefined;
  };
  const leave = () => {
    if (onTick.current) point(undefined);
    onTick.current = false;
  };
  return (
    <canvas
      ref={canvas}
      className="lane-canvas"
      role="img"
      aria-label={label}
      onPointerMove={onMove}
      onPointerLeave={leave}
    />
  );
}

function isTold(event: Event, laneId: string, at: number): boolean {
  const { case: kind } = event.kind;
  return event.laneId === laneId && (kind === 'resolved' || kind === 'resolutionFailed') && toMs(event.at) === at;
}
