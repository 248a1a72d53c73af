'use client';

import dynamic from 'next/dynamic';
import { useCallback, useEffect, useState } from 'react';
import { useLivePart } from '../live/provider.tsx';
import { isSeen, onGuide, setSeen } from './seen.ts';

const Guide = dynamic(() => import('./guide.tsx').then((part) => part.Guide), { ssr: false });

/** On the first visit of a browser, once the picture runs, and whenever it is asked for. */
export function GuideHost() {
  const [open, setOpen] = useState(false);
  const [first, setFirst] = useState(false);
  const runs = useLivePart(
    ({ phase, snapshot }) => phase.kind === 'live' && snapshot?.running === true && snapshot.pods.length > 0,
  );
  // A link to a view or a moment was sent by somebody who says what is to be seen.
  useEffect(() => setFirst(window.location.search === '' && !isSeen()), []);
  useEffect(() => {
    if (!first || !runs) return;
    setFirst(false);
    setOpen(true);
  }, [first, runs]);
  // The click that asked for it is over first, or it would end it at once.
  useEffect(() => onGuide(() => setTimeout(() => setOpen(true))), []);
  const close = useCallback(() => {
    setSeen();
    setOpen(false);
  }, []);
  return open ? <Guide close={close} /> : null;
}
