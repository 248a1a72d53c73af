'use client';

import { openScenarios } from './open.ts';

/** The header's word: opens the list. */
export function ScenariosWord() {
  return (
    <button type="button" className="word" data-testid="scenarios-open" title="Scenarios (g)" onClick={openScenarios}>
      Scenarios
    </button>
  );
}
