'use client';

import { useEffect, useRef, useState } from 'react';
import type { RunRow } from '../../model/view/run-row.ts';
import type { RunsActions } from './use-runs.ts';

/** A row of the list while its name, tags and notes are being changed. Enter keeps, Escape does not. */
export function EditRun({ row, actions, close }: { row: RunRow; actions: RunsActions; close(): void }) {
  const [name, setName] = useState(row.name);
  const [tags, setTags] = useState(row.tags.join(', '));
  const [notes, setNotes] = useState(row.notes);
  const first = useRef<HTMLInputElement>(null);
  // It was opened by a button to be typed into.
  useEffect(() => first.current?.focus(), []);
  const keep = async () => {
    const list = tags
      .split(',')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== '');
    if (await actions.update(row.runId, { name: name.trim(), tags: list, notes })) close();
  };
  return (
    <tr data-testid={`run-${row.runId}`}>
      <td colSpan={10}>
        <form
          className="runs-edit"
          onSubmit={(event) => {
            event.preventDefault();
            void keep();
          }}
          onKeyDown={(event) => event.key === 'Escape' && close()}
        >
          <label>
            Name
            <input
              data-testid="run-name"
              ref={first}
              maxLength={120}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          </label>
          <label>
            Tags, with commas between
            <input data-testid="run-tags" value={tags} onChange={(event) => setTags(event.target.value)} />
          </label>
          <label className="runs-notes">
            Notes
            <textarea
              data-testid="run-notes"
              rows={2}
              maxLength={10_000}
              value={notes}
              onChange={(event) => setNotes(event.target.value)}
            />
          </label>
          <span className="runs-actions">
            <button type="submit" className="word" data-testid="run-keep">
              Keep
            </button>
            <button type="button" className="word" onClick={close}>
              Cancel
            </button>
          </span>
        </form>
      </td>
    </tr>
  );
}
