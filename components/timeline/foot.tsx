'use client';

import { StartStop } from '../controls/commands.tsx';
import { toggleFreeze } from '../controls/freeze.ts';
import { Replicas } from '../controls/replicas.tsx';
import { useLive, useLiveStore } from '../live/provider.tsx';

export const windows = [30_000, 60_000, 90_000] as const;

/** Freeze, go live, and how much of the past is shown. */
export function Foot({ windowMs, zoom }: { windowMs: number; zoom(windowMs: number): void }) {
  const { frozen, snapshot } = useLive();
  const store = useLiveStore();
  return (
    <footer className="foot">
      <div className="foot-phone">
        <StartStop secondary />
        <span className="foot-replicas">
          Replicas <Replicas secondary />
        </span>
      </div>
      <div className="zoom" role="radiogroup" aria-label="Time shown">
        <span aria-hidden>Last</span>
        {windows.map((each) => (
          // biome-ignore lint/a11y/useSemanticElements: a row of words, not of circles
          <button
            key={each}
            type="button"
            role="radio"
            aria-checked={each === windowMs}
            className="zoom-word"
            onClick={() => zoom(each)}
          >
            {each / 1_000}
            {'\u202f'}s
          </button>
        ))}
      </div>
      <span className="foot-run">
        {snapshot !== undefined &&
          `Run ${snapshot.runId.slice(0, 8)}${snapshot.agentVersion === '' ? '' : `, agent ${snapshot.agentVersion}`}`}
      </span>
      <button
        type="button"
        className="freeze"
        data-testid="freeze"
        aria-pressed={frozen}
        disabled={snapshot === undefined}
        onClick={() => toggleFreeze(store)}
      >
        <span className={frozen ? 'sign-live' : 'sign-pause'} aria-hidden />
        {frozen ? 'Go live' : 'Freeze'}
      </button>
    </footer>
  );
}
