'use client';

import { DropdownMenu } from 'radix-ui';
import { memo, type ReactNode } from 'react';
import type { Pod } from '../../gen/lbscope/events/v1/events_pb.js';
import { useActions, useMay } from '../live/provider.tsx';
import { Swatch } from '../ui/swatch.tsx';

/** What "slow" and "failing" mean when chosen here; the API takes any value. */
const slowMs = 250;
const failingRate = 0.2;

type Props = { pod: Pod; className?: string; children?: ReactNode };

/** A pod, as a chip or as `children` draw it: opens what can be done to it. You act on the truth and watch the lanes. */
export const PodMenu = memo(function PodMenu({ pod, className = 'chip', children }: Props) {
  const { act, control } = useMay();
  const actions = useActions();
  const behavior = pod.behavior;
  const slow = (behavior?.delayMs ?? 0) > 0;
  const failing = (behavior?.errorRate ?? 0) > 0;
  const unready = behavior?.ready === false;
  const disabled = !act;
  const marks = [slow ? 'slow' : '', failing ? 'failing' : '', unready ? 'unready' : ''].filter((each) => each !== '');
  const state = pod.terminating ? 'leaving' : !pod.ready && marks.length === 0 ? 'starting' : marks.join(', ');
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <button
          type="button"
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
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="start" sideOffset={6} collisionPadding={12}>
          <DropdownMenu.Label className="menu-head">
            <Swatch slot={pod.slot} />
            <strong className="mono">{pod.handle}</strong>
            <small>{pod.ip}</small>
          </DropdownMenu.Label>
          {!control && <p className="menu-note">You are watching: only the presenter acts on pods.</p>}
          <Item
            disabled={disabled}
            name="Delete"
            what="drains, a new pod comes"
            act={() => actions()?.deletePod(pod.uid)}
          />
          <Item
            disabled={disabled}
            name="Delete now"
            what="no grace, a new pod comes"
            act={() => actions()?.deletePod(pod.uid, 0)}
          />
          <Item
            disabled={disabled}
            name="Crash"
            what="process dies, same pod returns"
            act={() => actions()?.behave(pod.uid, { crash: true })}
          />
          <DropdownMenu.Separator className="menu-line" />
          <Item
            disabled={disabled}
            name={slow ? 'Make fast again' : 'Make slow'}
            what={slow ? `now +${behavior?.delayMs} ms` : `+${slowMs} ms`}
            act={() => actions()?.behave(pod.uid, { delayMs: slow ? 0 : slowMs })}
          />
          <Item
            disabled={disabled}
            name={failing ? 'Stop failing' : 'Make failing'}
            what={failing ? `now ${Math.round((behavior?.errorRate ?? 0) * 100)} %` : `${failingRate * 100} % of calls`}
            act={() => actions()?.behave(pod.uid, { errorRate: failing ? 0 : failingRate })}
          />
          <Item
            disabled={disabled}
            name={unready ? 'Make ready' : 'Make unready'}
            what={unready ? 'passes its probe again' : 'stays alive, fails its probe'}
            act={() => actions()?.behave(pod.uid, { ready: unready })}
          />
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
});

function Item({ name, what, act, disabled }: { name: string; what: string; act(): unknown; disabled: boolean }) {
  return (
    <DropdownMenu.Item className="menu-item" disabled={disabled} onSelect={() => void act()} textValue={name}>
      <span>{name}</span> <small>{what}</small>
    </DropdownMenu.Item>
  );
}
