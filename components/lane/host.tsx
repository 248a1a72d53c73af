'use client';

import dynamic from 'next/dynamic';
import { useEffect, useSyncExternalStore } from 'react';
import { useLive } from '../live/provider.tsx';
import { openedLane, openLane, subscribeToLane } from './open.ts';

/** Charts are large: they are fetched when a lane is opened, not with the page. */
const OpenedLane = dynamic(() => import('./opened-lane.tsx').then((module) => module.OpenedLane), {
  ssr: false,
  loading: () => <p className="opened-loading">Opening…</p>,
});

/** Shows the lane that the URL names, over whatever view is below. The key `o` opens the lane that has the focus. */
export function LaneHost() {
  const id = useSyncExternalStore(subscribeToLane, openedLane, () => undefined);
  const { snapshot } = useLive();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== 'o' || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      const target = event.target instanceof Element ? event.target : undefined;
      if (
        target?.closest('input:not([type="range"]), textarea, select, [contenteditable], [role="menu"], dialog') != null
      )
        return;
      const lane = (target?.closest('[data-lane]') ??
        document.querySelector('[data-lane]:hover')) as HTMLElement | null;
      if (lane?.dataset.lane !== undefined) openLane(lane.dataset.lane);
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
  if (id === undefined || snapshot === undefined) return null;
  return <OpenedLane id={id} close={() => openLane(undefined)} />;
}
