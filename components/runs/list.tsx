'use client';

import { useEffect, useState } from 'react';
import { clockText } from '../../model/time.ts';
import { bytesText, type RunRow, runRow } from '../../model/view/run-row.ts';
import { sentence, spaced } from '../ui/text.ts';
import { setUrlParameter } from '../ui/theme.ts';
import { offsetMinutes } from '../ui/zone.ts';
import { EditRun } from './edit-run.tsx';
import { ExportMenu } from './export-menu.tsx';
import { ImportRun } from './import-run.tsx';
import { type RunsActions, type RunsState, useRuns } from './use-runs.ts';

/** How long one waits for the next letter before asking. */
const typingMs = 200;

/** Every run that was kept: search, open, name, delete with undo, and choose two to compare. */
export function RunList() {
  const [typed, setTyped] = useState('');
  const [search, setSearch] = useState('');
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [state, actions] = useRuns(search);

  useEffect(() => {
    const asked = new URLSearchParams(window.location.search).get('q') ?? '';
    setTyped(asked);
    setSearch(asked);
  }, []);
  useEffect(() => {
    const timer = setTimeout(() => {
      setSearch(typed.trim());
      setUrlParameter('q', typed.trim() || undefined);
    }, typingMs);
    return () => clearTimeout(timer);
  }, [typed]);

  const toggle = (runId: string) =>
    setChosen((old) => (old.includes(runId) ? old.filter((each) => each !== runId) : [...old.slice(-1), runId]));
  return (
    <main className="runs">
      <header className="runs-head">
        <a className="brand" href="/">
          lbscope
        </a>
        <h1>Runs</h1>
        <label className="runs-search">
          <span className="sr-only">Search</span>
          <input
            type="search"
            data-testid="runs-search"
            placeholder="Search name, tags, notes, lanes, scenario"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </label>
        <span className="runs-summary" data-testid="runs-summary">
          {summary(state)}
        </span>
        <a
          className="word"
          data-testid="compare"
          aria-disabled={chosen.length !== 2}
          href={chosen.length === 2 ? `/compare?a=${chosen[0]}&b=${chosen[1]}` : undefined}
          title={chosen.length === 2 ? undefined : 'Tick two runs first'}
        >
          Compare {chosen.length === 2 ? 'the two' : 'two'}
        </a>
        <ImportRun done={actions.refresh} refuse={actions.refuse} />
        <a className="word" href="/">
          Live
        </a>
      </header>
      <Table state={state} actions={actions} chosen={chosen} toggle={toggle} search={search} />
      {state.answer !== undefined && state.answer.nextPageToken !== '' && (
        <button type="button" className="word runs-more" onClick={actions.more}>
          Show more
        </button>
      )}
      <Said state={state} actions={actions} />
    </main>
  );
}

function summary({ kind, answer }: RunsState): string {
  if (answer === undefined) return kind === 'asking' ? 'Asking the agent…' : '';
  const runs = answer.total === 1 ? '1 run' : `${answer.total} runs`;
  return spaced(
    `${runs}; ${bytesText(answer.bytes)} of ${bytesText(answer.bytesLimit)} used, kept for ${answer.daysLimit} days`,
  );
}

function Table({
  state,
  actions,
  chosen,
  toggle,
  search,
}: {
  state: RunsState;
  actions: RunsActions;
  chosen: readonly string[];
  toggle(runId: string): void;
  search: string;
}) {
  const [editing, setEditing] = useState<string>();
  const rows = state.runs.map(runRow);
  const aside = state.answer?.setAside ?? [];
  return (
    <>
      {aside.length > 0 && (
        <p className="runs-aside" data-testid="runs-aside">
          {aside.length === 1 ? 'One file' : `${aside.length} files`} in the folder of recordings cannot be read and{' '}
          {aside.length === 1 ? 'is' : 'are'} kept as {aside.length === 1 ? 'it is' : 'they are'}: {aside.join(', ')}.
        </p>
      )}
      {rows.length === 0 && state.kind === 'shown' ? (
        <p className="runs-none">{search === '' ? 'No run has been kept yet.' : `No run matches “${search}”.`}</p>
      ) : (
        <table className="runs-table">
          <thead>
            <tr>
              <th className="runs-tick">
                <span className="sr-only">Compare</span>
              </th>
              <th>Begun</th>
              <th>Run</th>
              <th className="runs-number">Lasted</th>
              <th className="runs-wide">Lanes</th>
              <th className="runs-number runs-wide">Calls</th>
              <th className="runs-number">Lost</th>
              <th className="runs-wide">Outcome</th>
              <th className="runs-number runs-wide">Size</th>
              <th>
                <span className="sr-only">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) =>
              editing === row.runId ? (
                <EditRun key={row.runId} row={row} actions={actions} close={() => setEditing(undefined)} />
              ) : (
                <Row
                  key={row.runId}
                  row={row}
                  chosen={chosen.includes(row.runId)}
                  toggle={() => toggle(row.runId)}
                  edit={() => setEditing(row.runId)}
                  refuse={actions.refuse}
                  remove={() => void actions.remove(row.runId, nameOf(row))}
                />
              ),
            )}
          </tbody>
        </table>
      )}
    </>
  );
}

function Row({
  row,
  chosen,
  toggle,
  edit,
  refuse,
  remove,
}: {
  row: RunRow;
  chosen: boolean;
  toggle(): void;
  edit(): void;
  refuse(reason: string): void;
  remove(): void;
}) {
  const live = row.state === 'live';
  return (
    <tr data-testid={`run-${row.runId}`} data-state={row.state}>
      <td className="runs-tick">
        <input type="checkbox" aria-label={`Compare ${nameOf(row)}`} checked={chosen} onChange={toggle} />
      </td>
      <td className="runs-when">
        <time dateTime={new Date(row.startedMs).toISOString()}>{dayAndTime(row.startedMs)}</time>
      </td>
      <td className="runs-name">
        <a href={`/runs/${row.runId}`} data-testid="run-open">
          {nameOf(row)}
        </a>
        {live && <span className="runs-live">live now</span>}
        {row.tags.map((tag) => (
          <span key={tag} className="runs-tag">
            {tag}
          </span>
        ))}
        {(row.notes !== '' || row.remark !== '') && (
          <p>
            {row.notes.split('\n', 1)[0]}
            {row.remark !== '' && <em> {sentence(row.remark)}</em>}
          </p>
        )}
      </td>
      <td className="runs-number">{spaced(row.duration)}</td>
      <td className="runs-wide runs-lanes">{row.lanes}</td>
      <td className="runs-number runs-wide">{grouped(row.calls)}</td>
      <td className="runs-number">
        {row.lost === 0 ? '0' : <strong className="runs-lost">× {grouped(row.lost)}</strong>}
      </td>
      <td className="runs-wide">{row.outcome || '–'}</td>
      <td className="runs-number runs-wide">{spaced(row.size)}</td>
      <td className="runs-actions">
        <button type="button" className="word" data-testid="run-edit" onClick={edit}>
          Edit
        </button>
        <ExportMenu runId={row.runId} refuse={refuse} />
        <button
          type="button"
          className="word"
          data-testid="run-delete"
          disabled={live}
          title={live ? 'It is live: begin a new run first' : undefined}
          onClick={remove}
        >
          Delete
        </button>
      </td>
    </tr>
  );
}

function Said({ state, actions }: { state: RunsState; actions: RunsActions }) {
  const { refused, deleted } = state;
  return (
    <div role="status" aria-live="polite">
      {(refused !== undefined || deleted !== undefined) && (
        <div className="notice" data-testid="notice">
          <span>
            {refused === undefined ? `Deleted: ${deleted?.name}. It can come back for ten minutes.` : sentence(refused)}
          </span>
          {refused === undefined && (
            <button type="button" data-testid="run-undo" onClick={() => void actions.undo()}>
              Undo
            </button>
          )}
          <button type="button" onClick={actions.dismiss}>
            Close
          </button>
        </div>
      )}
    </div>
  );
}

function nameOf(row: RunRow): string {
  return row.name || `Run ${row.runId.slice(0, 8)}`;
}

function dayAndTime(ms: number): string {
  const day = new Date(ms + offsetMinutes(ms) * 60_000).toISOString().slice(0, 10);
  return `${day} ${clockText(ms, offsetMinutes(ms)).slice(0, 8)}`;
}

function grouped(count: number): string {
  return count.toLocaleString('en').replaceAll(',', '\u2009');
}
