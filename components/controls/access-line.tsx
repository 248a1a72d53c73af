'use client';

import { useLive } from '../live/provider.tsx';
import { openPanel } from './panels/panels.ts';

/** Why nothing can be acted on here, and how it could be: one line in place of the commands. */
export function AccessLine() {
  const { access } = useLive();
  const refused = access.kind === 'refused';
  return (
    <span className="access-line" data-testid="access-line">
      <span>{refused ? 'The agent does not know this tab’s token.' : 'You are watching; the presenter acts.'}</span>{' '}
      <button type="button" className="word" data-testid="enter-token" onClick={() => openPanel('token')}>
        {refused ? 'What to do' : 'Enter token'}
      </button>
    </span>
  );
}
