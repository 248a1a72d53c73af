'use client';

import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';
import { setUrlParameter } from '../ui/theme.ts';
import { actual, fromQuery, type Limits, pan, span, toQuery, usual, type View, zoom } from './window.ts';

export type WindowControl = {
  /** As it is drawn, at once; React hears of it a few times a second. */
  now(): View;
  view: View;
  /** With "all" as it is now. */
  shown: View;
  zoom(factor: number, at?: number): void;
  pan(part: number): void;
  span(spanMs: number): void;
  follow(): void;
};

/** Wheel steps of browsers and mice differ; this is one notch. */
const notch = 100;
const perNotch = 1.25;
const publishEveryMs = 90;
/** Less than this is a click that slipped. */
const dragFrom = 4;

/** Zoom and pan by wheel, drag, pinch and keys; the URL remembers. `axis`: the element whose width is the time shown. */
export function useWindow(root: RefObject<HTMLElement | null>, limits: Limits): WindowControl {
  const [view, setView] = useState<View>(usual);
  const drawn = useRef(view);
  const pending = useRef<ReturnType<typeof setTimeout>>(undefined);
  const limitsNow = useRef(limits);
  limitsNow.current = limits;

  useEffect(() => {
    drawn.current = fromQuery(new URLSearchParams(window.location.search)).view;
    setView(drawn.current);
    return () => clearTimeout(pending.current);
  }, []);

  const change = useCallback((to: (view: View, limits: Limits) => View) => {
    const next = to(drawn.current, limitsNow.current);
    if (next === drawn.current) return;
    drawn.current = next;
    scheduleUrl(next);
    // A drag moves sixty times a second: the canvases follow at once, texts need not.
    pending.current ??= setTimeout(() => {
      pending.current = undefined;
      setView(drawn.current);
    }, publishEveryMs);
  }, []);

  useEffect(() => {
    const element = root.current;
    return element === null ? undefined : gestures(element, change);
  }, [root, change]);

  return {
    now: () => actual(drawn.current, limitsNow.current),
    view,
    shown: actual(view, limits),
    zoom: (factor, at = 1) => change((old, known) => zoom(old, factor, at, known)),
    pan: (part) => change((old, known) => pan(old, part * actual(old, known).spanMs, known)),
    span: (spanMs) => change((old, known) => span(old, spanMs, known)),
    follow: () => change((old) => ({ ...old, edgeMs: undefined })),
  };
}

let urlTimer: ReturnType<typeof setTimeout> | undefined;

/** Browsers allow a hundred changes of the URL in half a minute: the last one of a gesture is enough. */
function scheduleUrl(view: View): void {
  clearTimeout(urlTimer);
  urlTimer = setTimeout(() => {
    for (const [name, value] of Object.entries(toQuery(view))) setUrlParameter(name, value);
  }, 250);
}

type Change = (to: (view: View, limits: Limits) => View) => void;

function gestures(element: HTMLElement, change: Change): () => void {
  const axis = () => element.querySelector('.axis')?.getBoundingClientRect();
  const placeOf = (x: number) => {
    const box = axis();
    return box === undefined || box.width === 0 ? 1 : (x - box.left) / box.width;
  };
  const isOnAxis = (event: { clientX: number; clientY: number }) => {
    const box = axis();
    return box !== undefined && event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top;
  };

  const onWheel = (event: WheelEvent) => {
    if (!isOnAxis(event)) return;
    const steps = (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : 1) / notch;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      change((view, limits) => zoom(view, perNotch ** (event.deltaY * steps), placeOf(event.clientX), limits));
      return;
    }
    const across = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
    if (Math.abs(across) <= Math.abs(event.shiftKey ? 0 : event.deltaY)) return;
    event.preventDefault();
    const width = axis()?.width ?? 1;
    change((view, limits) => pan(view, (across / width) * actual(view, limits).spanMs, limits));
  };

  const fingers = new Map<number, { x: number; y: number }>();
  let start: { view: View; x: number; gap: number; place: number; moved: boolean } | undefined;
  const gap = () => {
    const [a, b] = [...fingers.values()];
    return a === undefined || b === undefined ? 0 : Math.abs(a.x - b.x);
  };
  const middle = () => [...fingers.values()].reduce((sum, each) => sum + each.x, 0) / fingers.size;
  const begin = (view: View) => {
    start = { view, x: middle(), gap: gap(), place: placeOf(middle()), moved: start?.moved ?? false };
  };

  const onDown = (event: PointerEvent) => {
    const target = event.target instanceof Element ? event.target : undefined;
    if (!isOnAxis(event) || event.button !== 0 || target?.closest('button, a, input, [role="menu"], dialog') != null)
      return;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    change((view) => {
      begin(view);
      return view;
    });
  };
  const onMove = (event: PointerEvent) => {
    if (start === undefined || !fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const from = start;
    const by = middle() - from.x;
    if (!from.moved && fingers.size === 1 && Math.abs(by) < dragFrom) return;
    if (!from.moved) {
      from.moved = true;
      element.setPointerCapture(event.pointerId);
      element.dataset.dragging = 'true';
    }
    const width = axis()?.width ?? 1;
    change((_, limits) => {
      const wide = actual(from.view, limits);
      const panned = pan(from.view, (-by / width) * wide.spanMs, limits);
      if (from.gap < 20 || fingers.size < 2) return panned;
      return zoom(panned, from.gap / Math.max(20, gap()), from.place, limits);
    });
  };
  const onUp = (event: PointerEvent) => {
    if (!fingers.delete(event.pointerId)) return;
    if (fingers.size === 0) {
      start = undefined;
      delete element.dataset.dragging;
    } else
      change((view) => {
        begin(view);
        return view;
      });
  };

  element.addEventListener('wheel', onWheel, { passive: false });
  element.addEventListener('pointerdown', onDown);
  element.addEventListener('pointermove', onMove);
  element.addEventListener('pointerup', onUp);
  element.addEventListener('pointercancel', onUp);
  return () => {
    element.removeEventListener('wheel', onWheel);
    element.removeEventListener('pointerdown', onDown);
    element.removeEventListener('pointermove', onMove);
    element.removeEventListener('pointerup', onUp);
    element.removeEventListener('pointercancel', onUp);
  };
}
