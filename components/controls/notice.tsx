'use client';

import { useLive, useLiveStore } from '../live/provider.tsx';

/** What the agent refused, in its own words. */
export function Notice() {
  const { notice } = useLive();
  const store = useLiveStore();
  return (
    <div role="status" aria-live="polite">
      {notice !== undefined && (
        <div className="notice" key={notice.id} data-testid="notice">
          <span>{notice.text}</span>
          <button type="button" onClick={store.dismiss}>
            Close
          </button>
        </div>
      )}
    </div>
  );
}
