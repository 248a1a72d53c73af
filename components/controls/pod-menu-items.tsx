'use client';

import { DropdownMenu } from 'radix-ui';
import type { Pod } from '../../gen/lbscope/events/v1/events_pb.js';
import { useActions, useMay } from '../live/provider.tsx';
import type { MenuState } from '../ui/menu.ts';
import { MenuBody } from '../ui/menu-body.tsx';
import { Swatch } from '../ui/swatch.tsx';

/** What "slow" and "failing" mean when chosen here; the API takes any value. */
const slowMs = 250;
const failingRate = 0.2;

/** What can be done to a pod. */
export function PodMenuItems({ pod, menu }: { pod: Pod; menu: MenuState }) {
  const { act, control } = useMay();
  const actions = useActions();
  const behavior = pod.behavior;
  const slow = (behavior?.delayMs ?? 0) > 0;
  const failing = (behavior?.errorRate ?? 0) > 0;
  const unready = behavior?.ready === false;
  const disabled = !act;
  return (
    <MenuBody menu={menu} align="start">
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
    </MenuBody>
  );
}

function Item({ name, what, act, disabled }: { name: string; what: string; act(): unknown; disabled: boolean }) {
  return (
    <DropdownMenu.Item className="menu-item" disabled={disabled} onSelect={() => void act()} textValue={name}>
      <span>{name}</span> <small>{what}</small>
    </DropdownMenu.Item>
  );
}
