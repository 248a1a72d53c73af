'use client';

import { useLive } from '../live/provider.tsx';
import { openPanel } from './panels/panels.ts';

/** While nothing is known: what would end that. Said once; the headline says why. */
export function WayOut() {
  const { access, phase } = useLive();
  if (access.kind === 'refused') {
    return (
      <div className="way-out" data-testid="way-out">
        <p>The current link is on the presenter’s screen, behind Share, with a code for the camera.</p>
        <button type="button" className="start-stop" onClick={() => openPanel('token')}>
          Enter a token
        </button>
      </div>
    );
  }
  if (phase.kind === 'lost') {
    return (
      <div className="way-out" data-testid="way-out">
        <p>
          This page tries again by itself. If nothing runs there, <code>npm start</code> starts it all.
        </p>
      </div>
    );
  }
  return (
    <div className="way-out" data-testid="way-out">
      <p>Waiting for the first report.</p>
    </div>
  );
}
