'use client';

import { LiveMark } from '../controls/live-mark.tsx';
import { MoreMenu } from '../controls/more-menu.tsx';

/** What is left of the header while presenting. */
export function PresenterMarks() {
  return (
    <div className="presenter-marks">
      <LiveMark />
      <MoreMenu />
    </div>
  );
}
