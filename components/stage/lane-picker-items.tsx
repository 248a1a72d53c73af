'use client';

import { DropdownMenu } from 'radix-ui';
import { mostLanes } from '../../model/view/stage/sides.ts';
import type { MenuState } from '../ui/menu.ts';
import { MenuBody } from '../ui/menu-body.tsx';
import { setUrlParameter } from '../ui/theme.ts';

/** All lanes of the run, six of them at most with a tick. */
export function LanePickerItems({
  lanes,
  shown,
  menu,
}: {
  lanes: readonly { id: string; label: string }[];
  shown: readonly string[];
  menu: MenuState;
}) {
  const toggle = (id: string, on: boolean) => {
    const next = lanes.map((lane) => lane.id).filter((each) => (each === id ? on : shown.includes(each)));
    setUrlParameter('lanes', next.join(','));
  };
  return (
    <MenuBody menu={menu} align="end">
      <DropdownMenu.Label className="menu-head">Six lanes fit on the stage</DropdownMenu.Label>
      {lanes.map((lane) => {
        const on = shown.includes(lane.id);
        return (
          <DropdownMenu.CheckboxItem
            key={lane.id}
            className="menu-item"
            checked={on}
            disabled={on ? shown.length === 1 : shown.length >= mostLanes}
            onCheckedChange={(checked) => toggle(lane.id, checked)}
            onSelect={(event) => event.preventDefault()}
          >
            <span>{lane.label}</span> <small>{on ? 'shown' : ''}</small>
          </DropdownMenu.CheckboxItem>
        );
      })}
    </MenuBody>
  );
}
