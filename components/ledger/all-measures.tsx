'use client';

import { useRef, useState } from 'react';
import type { GetSnapshotResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { toMs } from '../../model/time.ts';
import type { Bracket } from '../../model/view/brackets.ts';
import { ledger, toMarkdown } from '../../model/view/ledger.ts';
import { copyText } from '../controls/clipboard.ts';
import { stamp } from '../ui/instant.ts';
import { spaced } from '../ui/text.ts';
import { MarkSign } from './scorecard.tsx';

/** Every measure of every lane, each with its sample, and what it means on demand; to be copied as Markdown. */
export function AllMeasures({
  snapshot,
  latest,
}: {
  snapshot: GetSnapshotResponse | undefined;
  latest: ReadonlyMap<string, Bracket | undefined>;
}) {
  const sheet = useRef<HTMLDialogElement>(null);
  const [open, setOpen] = useState(false);
  const show = () => {
    setOpen(true);
    sheet.current?.showModal();
  };
  return (
    <>
      <button
        type="button"
        className="word measures-open"
        data-testid="measures-open"
        disabled={snapshot === undefined}
        onClick={show}
      >
        All measures
      </button>
      <dialog
        ref={sheet}
        className="measures"
        data-testid="measures"
        aria-labelledby="measures-title"
        onClose={() => setOpen(false)}
      >
        {open && snapshot !== undefined && (
          <Sheet snapshot={snapshot} latest={latest} close={() => sheet.current?.close()} />
        )}
      </dialog>
    </>
  );
}

function Sheet({
  snapshot,
  latest,
  close,
}: {
  snapshot: GetSnapshotResponse;
  latest: ReadonlyMap<string, Bracket | undefined>;
  close(): void;
}) {
  const book = ledger(snapshot, latest);
  const [explained, explain] = useState<string>();
  const [copied, setCopied] = useState<boolean>();
  const copy = async () => {
    const when = `Run ${snapshot.runId}, ${stamp(toMs(snapshot.at))}, sequence ${snapshot.sequence}`;
    setCopied(await copyText(toMarkdown(snapshot.headline, when, book)));
  };
  return (
    <>
      <header className="measures-head">
        <h2 id="measures-title">All measures</h2>
        <span role="status" className="quiet">
          {copied === true && 'Copied, verdicts and all'}
          {copied === false && 'Nothing may be copied here'}
        </span>
        <button type="button" className="word" data-testid="copy-markdown" onClick={() => void copy()}>
          Copy as Markdown
        </button>
        <button type="button" className="word" data-testid="measures-close" onClick={close}>
          Close <kbd>Esc</kbd>
        </button>
      </header>
      <table className="measures-table">
        <thead>
          <tr>
            <th scope="col">
              <span className="sr-only">Measure</span>
            </th>
            {book.lanes.map((lane) => (
              <th key={lane.id} scope="col">
                {lane.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {book.measures.map((measure, i) => (
            <tr key={measure.key} data-measure={measure.key} data-first={measure.group !== book.measures[i - 1]?.group}>
              <th scope="row">
                <button
                  type="button"
                  className="measures-name"
                  aria-expanded={explained === measure.key}
                  onClick={() => explain(explained === measure.key ? undefined : measure.key)}
                >
                  {measure.name} <span aria-hidden>?</span>
                </button>
                {explained === measure.key && <p className="measures-definition">{measure.definition}</p>}
              </th>
              {measure.cells.map((cell, lane) => (
                <td key={book.lanes[lane]?.id} data-mark={cell.mark}>
                  {spaced(cell.value)}
                  {cell.mark !== undefined && <MarkSign mark={cell.mark} />}
                  {cell.sample !== '' && <small>{spaced(cell.sample)}</small>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
