import { memo } from 'react';
import type { Mark } from '../../../model/view/scorecard.ts';
import { MarkSign } from '../../ledger/scorecard.tsx';
import { Cross } from '../../ui/swatch.tsx';
import { spaced } from '../../ui/text.ts';
import { same } from '../same.ts';

export type Cell = { key: string; label: string; value: string; rest: string; mark: Mark; lost: boolean; note: string };

/** A lane's scores in the columns of all lanes; the sample and what chance would give stand once, in the head. */
export const Tally = memo(function Tally({ cells }: { cells: readonly Cell[] }) {
  return (
    <dl className="tally">
      {cells.map((cell) => (
        <div key={cell.key} className="tally-cell" data-entry={cell.key} data-mark={cell.mark} data-lost={cell.lost}>
          <dt className="sr-only">{cell.label}</dt>
          <dd>
            <b className="tally-value">
              {cell.lost && <Cross />}
              {spaced(cell.value)}
              {cell.rest !== '' && <small>{cell.rest}</small>}
            </b>
            {cell.mark !== undefined ? (
              <MarkSign mark={cell.mark} />
            ) : (
              cell.note !== '' && <span className="tally-note">{cell.note}</span>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}, same);
