'use client';

import { useUrlParameter } from '../ui/url.ts';
import { setView, viewOf } from '../ui/view.ts';

/** To the other view of the same run. */
export function ViewSwitch() {
  const view = viewOf(useUrlParameter('view')) ?? 'stage';
  const other = view === 'stage' ? 'timeline' : 'stage';
  const name = other === 'stage' ? 'Stage' : 'Timeline';
  return (
    <button
      type="button"
      className="word"
      data-testid="view-switch"
      title={`${name} (v)`}
      aria-label={`Show the ${name}`}
      onClick={() => setView(other)}
    >
      {name}
    </button>
  );
}
