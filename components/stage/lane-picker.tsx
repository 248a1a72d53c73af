'use client';

import { DropdownMenu } from 'radix-ui';
import { mostLanes } from '../../model/view/stage/sides.ts';
import { setUrlParameter } from '../ui/theme.ts';

/** Over six lanes: which six stand on the stage. The URL remembers. */
export function LanePicker({
  lanes,
  shown,
}: {
  lanes: readonly { id: string; label: string }[];
  shown: readonly string[];
}) {
  const toggle = (id: string, on: boolean) => {
    const next = lanes.map((lane) => lane.id).filter((each) => (each === id ? on : shown.includes(each)));
    setUrlParameter('lanes', next.join(','));
  };
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <button type="button" className="word stage-pick" data-testid="lane-picker">
          {shown.length} of {lanes.length} lanes
        </button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={6} collisionPadding={12}>
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
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
