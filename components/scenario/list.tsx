import { sentence, spaced } from '../ui/text.ts';
import type { Shelf } from './use-scenarios.ts';

/** Choose: title, what it teaches, how long and what it needs. What cannot be run here says why. */
export function List({ shelf, open }: { shelf: Shelf; open: (id: string) => void }) {
  if (shelf.kind === 'asking') return <p className="scenario-quiet">Asking the agent for its scenarios…</p>;
  if (shelf.kind === 'refused') return <p className="scenario-quiet">{sentence(shelf.reason)}</p>;
  if (shelf.rows.length === 0) return <p className="scenario-quiet">The agent has no scenario files.</p>;
  return (
    <ol className="scenario-list">
      {shelf.rows.map((row) => (
        <li key={row.id}>
          <button
            type="button"
            className="scenario-entry"
            data-testid={`scenario-${row.id}`}
            data-available={row.why === ''}
            onClick={() => open(row.id)}
          >
            <span className="scenario-title">{row.title}</span>
            <span className="scenario-teaches">{row.teaches}</span>
            {row.why === '' ? (
              <span className="scenario-needs">{spaced(row.needs)}</span>
            ) : (
              <span className="scenario-why">Not here: {sentence(row.why)}</span>
            )}
          </button>
        </li>
      ))}
    </ol>
  );
}
