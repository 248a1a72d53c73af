'use client';

import { openPanel } from './panels/panels.ts';

export function Help() {
  return (
    <button
      type="button"
      className="theme help-open"
      data-testid="help-open"
      aria-label="Help and keys"
      title="Help and keys (?)"
      onClick={() => openPanel('help')}
    >
      ?
    </button>
  );
}
