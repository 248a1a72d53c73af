'use client';

import { type RefObject, useEffect, useRef } from 'react';
import { toMs } from '../../../model/time.ts';
import { goLive } from '../../controls/freeze.ts';
import { useLiveStore } from '../../live/provider.tsx';
import { stamp } from '../../ui/instant.ts';
import { setUrlParameter } from '../../ui/theme.ts';

/** px: less is a click. */
const dragFrom = 4;
/** The least that there is to be seen of a run. */
const leastMs = 1_000;

/**
 * Dragging the ledger's axis looks back: the whole screen shows the moment that comes to its right end, as it was. Dragged
 * back beyond now it is live again. A recorded run has its own transport for that.
 */
export function useLookBack(book: RefObject<HTMLElement | null>, windowMs: number): void {
  const store = useLiveStore();
  /** The newest instant seen live, and when that was here. */
  const live = useRef({ atMs: 0, seenMs: 0 });
  useEffect(
    () =>
      store.subscribe(() => {
        const { frozen, nowMs } = store.getView();
        if (!frozen) live.current = { atMs: nowMs, seenMs: performance.now() };
      }),
    [store],
  );
  useEffect(() => {
    const element = book.current;
    if (element === null) return;
    let from: { x: number; atMs: number; pixelMs: number; pointer: number; moved: boolean } | undefined;
    let wanted: number | undefined;
    let asking = false;
    /** One question at a time, and the newest wish next. */
    const ask = async () => {
      if (asking) return;
      asking = true;
      while (wanted !== undefined) {
        const atMs = wanted;
        wanted = undefined;
        await store.lookAt?.(atMs);
      }
      asking = false;
    };
    const onDown = (event: PointerEvent) => {
      const { snapshot, nowMs, phase } = store.getView();
      const axis = element.querySelector('.book-top')?.getBoundingClientRect();
      const target = event.target instanceof Element ? event.target : undefined;
      if (snapshot === undefined || axis === undefined || store.lookAt === undefined || phase.kind === 'recorded')
        return;
      if (event.button !== 0 || target?.closest('button, a, input') != null) return;
      if (event.clientX < axis.left || event.clientX > axis.right) return;
      from = { x: event.clientX, atMs: nowMs, pixelMs: windowMs / axis.width, pointer: event.pointerId, moved: false };
    };
    const onMove = (event: PointerEvent) => {
      if (from === undefined || event.pointerId !== from.pointer) return;
      const by = event.clientX - from.x;
      if (!from.moved && Math.abs(by) < dragFrom) return;
      if (!from.moved) {
        from.moved = true;
        element.setPointerCapture(event.pointerId);
        element.dataset.dragging = 'true';
      }
      const { snapshot } = store.getView();
      if (snapshot === undefined) return;
      const begunMs = toMs(snapshot.runStartedAt) + leastMs;
      const { atMs, seenMs } = live.current;
      const nowMs = atMs === 0 ? Number.POSITIVE_INFINITY : atMs + performance.now() - seenMs;
      const toAt = Math.max(begunMs, from.atMs - by * from.pixelMs);
      if (toAt >= nowMs) {
        wanted = undefined;
        goLive(store);
      } else {
        wanted = toAt;
        void ask();
      }
    };
    const onUp = (event: PointerEvent) => {
      if (from === undefined || event.pointerId !== from.pointer) return;
      const { moved } = from;
      from = undefined;
      delete element.dataset.dragging;
      if (!moved) return;
      // Once the last wish is shown, the address names that moment.
      const stop = store.subscribe(() => {
        const { frozen, nowMs, snapshot } = store.getView();
        if (asking) return;
        stop();
        if (!frozen || snapshot === undefined) return;
        setUrlParameter('at', stamp(nowMs));
        setUrlParameter('run', snapshot.runId);
      });
    };
    element.addEventListener('pointerdown', onDown);
    element.addEventListener('pointermove', onMove);
    element.addEventListener('pointerup', onUp);
    element.addEventListener('pointercancel', onUp);
    return () => {
      element.removeEventListener('pointerdown', onDown);
      element.removeEventListener('pointermove', onMove);
      element.removeEventListener('pointerup', onUp);
      element.removeEventListener('pointercancel', onUp);
    };
  }, [book, store, windowMs]);
}
