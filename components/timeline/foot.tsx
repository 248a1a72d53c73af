'use client';

import type { ReactNode } from 'react';
import { coarsestMs } from '../../model/past.ts';
import { duration } from '../../model/time.ts';
import { StartStop } from '../controls/commands.tsx';
import { toggleFreeze } from '../controls/freeze.ts';
import { Replicas } from '../controls/replicas.tsx';
import { useLive, useLiveStore } from '../live/provider.tsx';
import { spaced } from '../ui/text.ts';
import type { PastState } from './use-past.ts';
import type { WindowControl } from './use-window.ts';
import { type Limits, presetOf, presets } from './window.ts';

/** How much of the past is shown, freeze, and the way back to now. */
export function Foot({
  control,
  limits,
  past,
  seen,
  follow,
  children,
}: {
  control: WindowControl;
  limits: Limits;
  past: PastState;
  seen: { fromMs: number; toMs: number };
  follow(): void;
  children?: ReactNode;
}) {
  const { frozen, snapshot, phase } = useLive();
  const store = useLiveStore();
  const chosen = presetOf(control.view, limits);
  const inPast = control.view.edgeMs !== undefined;
  return (
    <footer className="foot">
      <div className="foot-phone">
        <StartStop secondary />
        <span className="foot-replicas">
          Replicas <Replicas secondary />
        </span>
      </div>
      <div className="zoom">
        <div className="zoom-presets" role="radiogroup" aria-label="Time shown">
          <span aria-hidden>Last</span>
          {presets.map((each) => (
            // biome-ignore lint/a11y/useSemanticElements: a row of words, not of circles
            <button
              key={each.key}
              type="button"
              role="radio"
              aria-checked={each.key === chosen}
              className="zoom-word"
              data-testid={`span-${each.key}`}
              onClick={() => control.span(each.spanMs)}
            >
              {spaced(each.label)}
            </button>
          ))}
          {chosen === undefined && (
            <span className="zoom-other" data-testid="span-other">
              {spaced(duration(control.shown.spanMs))}
            </span>
          )}
        </div>
        <span className="zoom-steps">
          <button type="button" className="step" aria-label="Show more time" onClick={() => control.zoom(1.6)}>
            −
          </button>
          <button type="button" className="step" aria-label="Show less time" onClick={() => control.zoom(1 / 1.6)}>
            +
          </button>
        </span>
        {inPast && (
          <button type="button" className="freeze" data-testid="to-now" onClick={follow}>
            <span className="sign-live" aria-hidden />
            Back to now
          </button>
        )}
      </div>
      <span className="foot-run" data-testid="foot-run">
        {pastWords(past, seen) ??
          (snapshot !== undefined &&
            `Run ${snapshot.runId.slice(0, 8)}${snapshot.agentVersion === '' ? '' : `, agent ${snapshot.agentVersion}`}`)}
      </span>
      {children}
      {phase.kind !== 'recorded' && (
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
      )}
    </footer>
  );
}

/** How coarse the past is, and where it ends: what is not held any more is not drawn, and said. */
function pastWords(past: PastState, seen: { fromMs: number; toMs: number }): string | undefined {
  if (past.kind === 'reading') return 'Reading the run’s past…';
  if (past.kind === 'failed') return `The past cannot be read: ${past.reason}`;
  if (past.kind !== 'held') return undefined;
  const widest = coarsestMs(past.past.frames, seen.fromMs, seen.toMs);
  const lost = past.past.sinceMs > seen.fromMs + 2_000 && past.past.sinceMs < seen.toMs;
  const grain = widest > 400 ? `The past in sums of ${spaced(duration(widest))}` : undefined;
  return lost ? `${grain ?? 'The past'}; older is not held` : grain;
}
