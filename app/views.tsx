'use client';

import { useEffect } from 'react';
import { useLivePart } from '../components/live/provider.tsx';
import { Stage } from '../components/stage/stage.tsx';
import { Timeline } from '../components/timeline/timeline.tsx';
import { useUrlParameter } from '../components/ui/url.ts';
import { setView, viewOf } from '../components/ui/view.ts';
import { defaultView } from '../model/view/stage/default-view.ts';

/** The view that the URL names; without one, what suits the run, decided once so that nothing changes under a reader. */
export function Views() {
  const asked = viewOf(useUrlParameter('view'));
  const presenting = useUrlParameter('present') === '1';
  const suits = useLivePart(({ snapshot, phase }) => {
    if (asked !== undefined || snapshot === undefined) return undefined;
    // What happened is read along its time.
    return phase.kind === 'recorded' && !presenting ? 'timeline' : defaultView(snapshot, presenting);
  });
  useEffect(() => {
    if (suits !== undefined) setView(suits);
  }, [suits]);
  return (asked ?? suits) === 'timeline' ? <Timeline /> : <Stage />;
}
