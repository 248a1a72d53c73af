'use client';

import dynamic from 'next/dynamic';
import { useMenu } from '../ui/menu.ts';

const LanePickerItems = dynamic(() => import('./lane-picker-items.tsx').then((part) => part.LanePickerItems), {
  ssr: false,
});

/** Over six lanes: which six stand on the stage. The URL remembers. */
export function LanePicker({
  lanes,
  shown,
}: {
  lanes: readonly { id: string; label: string }[];
  shown: readonly string[];
}) {
  const { trigger, menu } = useMenu();
  return (
    <>
      <button type="button" {...trigger} className="word stage-pick" data-testid="lane-picker">
        {shown.length} of {lanes.length} lanes
      </button>
      {menu !== undefined && <LanePickerItems lanes={lanes} shown={shown} menu={menu} />}
    </>
  );
}
