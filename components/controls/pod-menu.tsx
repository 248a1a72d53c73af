'use client';

import dynamic from 'next/dynamic';
import { memo, type ReactNode } from 'react';
import type { Pod } from '../../gen/lbscope/events/v1/events_pb.js';
import { useMenu } from '../ui/menu.ts';
import { Swatch } from '../ui/swatch.tsx';

export const loadPodMenu = () => import('./pod-menu-items.tsx');
const PodMenuItems = dynamic(() => loadPodMenu().then((part) => part.PodMenuItems), { ssr: false });

type Props = { pod: Pod; className?: string; children?: ReactNode };

/** A pod, as a chip or as `children` draw it: opens what can be done to it. You act on the truth and watch the lanes. */
export const PodMenu = memo(function PodMenu({ pod, className = 'chip', children }: Props) {
  const { trigger, menu } = useMenu();
  const behavior = pod.behavior;
  const marks = [
    (behavior?.delayMs ?? 0) > 0 ? 'slow' : '',
    (behavior?.errorRate ?? 0) > 0 ? 'failing' : '',
    behavior?.ready === false ? 'unready' : '',
  ].filter((each) => each !== '');
  const state = pod.terminating ? 'leaving' : !pod.ready && marks.length === 0 ? 'starting' : marks.join(', ');
  return (
    <>
      <button
        type="button"
        {...trigger}
        className={className}
        data-testid={`pod-menu-${pod.handle}`}
        data-ready={pod.ready}
        title={pod.name}
      >
        {children ?? (
          <>
            <Swatch slot={pod.slot} standing={pod.ready ? 'used' : pod.terminating ? 'gone' : 'idle'} />
            <span className="mono chip-handle">{pod.handle}</span>
            {state !== '' && <span className="chip-state">{state}</span>}
          </>
        )}
        <span className="sr-only">
          {state === '' || children === undefined ? '' : ` ${state},`} what to do to this pod
        </span>
        <svg className="dots" viewBox="0 0 4 14" aria-hidden="true">
          <path d="M1 2h2M1 7h2M1 12h2" />
        </svg>
      </button>
      {menu !== undefined && <PodMenuItems pod={pod} menu={menu} />}
    </>
  );
});
