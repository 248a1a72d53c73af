'use client';

import dynamic from 'next/dynamic';
import { useEffect } from 'react';
import { useLivePart } from '../components/live/provider.tsx';
import { Before } from '../components/stage/before.tsx';
import { useAhead } from '../components/ui/ahead.ts';
import { useUrlParameter } from '../components/ui/url.ts';
import { setView, viewOf } from '../components/ui/view.ts';
import { defaultView } from '../model/view/stage/default-view.ts';

const loadStage = () => import('../components/stage/stage.tsx');
const loadTimeline = () => import('../components/timeline/timeline.tsx');
/** Whoever sees one view need not wait for the other; the one that is shown is here already. */
const ahead = [loadStage, loadTimeline];

const Stage = dynamic(() => loadStage().then((part) => part.Stage), { ssr: false, loading: Before });
const Timeline = dynamic(() => loadTimeline().then((part) => part.Timeline), { ssr: false, loading: Before });

/** The view that the URL names; without one, what suits the run, decided once so that nothing changes under a reader. */
export function Views() {
  const asked = viewOf(useUrlParameter('view'));
  const presenting = useUrlParameter('present') === '1';
  const suits = useLivePart(({ snapshot, phase }) => {
    if (asked !== undefined || snapshot === undefined) return undefined;
    // What happened is read along its time.
    return phase.kind === 'recorded' && !presenting ? 'timeline' : defaultView(snapshot, presenting);
  });
  const begun = useLivePart(({ snapshot }) => snapshot !== undefined);
  useAhead(begun, ahead);
  useEffect(() => {
    if (suits !== undefined) setView(suits);
  }, [suits]);
  return (asked ?? suits) === 'timeline' ? <Timeline /> : <Stage />;
}
