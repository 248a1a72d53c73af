import type { Entry } from '../../model/view/scorecard.ts';
import { spaced } from '../ui/text.ts';

/** One line under a band. Best: upright filled triangle; worst: hollow, pointing down; always with the word. */
export function Scorecard({ entries }: { entries: readonly Entry[] }) {
  return (
    <dl className="score">
      {entries.map((entry) => (
        <div
          key={entry.key}
          className="score-entry"
          data-entry={entry.key}
          data-mark={entry.mark}
          data-long={entry.value.length > 5}
        >
          <dd className={entry.strong ? 'score-value score-strong' : 'score-value'}>
            {spaced(entry.value)}
            {entry.mark !== undefined && <MarkSign mark={entry.mark} />}
          </dd>
          <dt className="score-label">
            <span className="score-long">{entry.label}</span>
            <span className="score-short">{entry.short}</span>
          </dt>
        </div>
      ))}
    </dl>
  );
}

export function MarkSign({ mark }: { mark: 'best' | 'worst' }) {
  return (
    <span className="mark">
      <svg viewBox="0 0 10 9" aria-hidden="true">
        {mark === 'best' ? (
          <path d="M5 .5 9.5 8.5H.5z" fill="currentColor" />
        ) : (
          <path d="M1 1h8L5 8z" fill="none" stroke="currentColor" strokeWidth="1.4" />
        )}
      </svg>
      <span className="mark-word">{mark}</span>
    </span>
  );
}
