'use client';

import { useLive, useLiveStore } from '../live/provider.tsx';

/** What the agent refused, in its own words; or what was done, and the way back. In an open sheet it stands there. */
export function Notice({ inSheet = false }: { inSheet?: boolean }) {
  const { notice } = useLive();
  const store = useLiveStore();
  return (
    <div role="status" aria-live="polite" className={inSheet ? 'notice-sheet' : 'notice-page'}>
      {notice !== undefined && (
        <div className="notice" key={notice.id} data-testid="notice" data-kind={notice.kind}>
          <span>
            {notice.kind === 'refused' && <b>Not done. </b>}
            {notice.text}
          </span>
          {notice.undo !== undefined && (
            <button
              type="button"
              data-testid="undo"
              onClick={() => {
                notice.undo?.run();
                store.dismiss();
              }}
            >
              {notice.undo.label}
            </button>
          )}
          <button type="button" onClick={store.dismiss}>
            Close
          </button>
        </div>
      )}
    </div>
  );
}
