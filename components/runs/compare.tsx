'use client';

import { useEffect, useState } from 'react';
import { margins, type Row, type Verdict } from '../../model/compare/compare.ts';
import { toMarkdown } from '../../model/compare/markdown.ts';
import { confidence } from '../../model/compare/resample.ts';
import { type RunSummary, wholeBlockMs } from '../../model/compare/summary.ts';
import { clockText, duration, toMs } from '../../model/time.ts';
import { agentClient } from '../live/client.ts';
import { type Compared, compared } from '../live/compared.ts';
import { reasonOf } from '../live/outcome.ts';
import { sentence, spaced } from '../ui/text.ts';
import { offsetMinutes } from '../ui/zone.ts';

type State = { kind: 'asking' } | { kind: 'refused'; reason: string } | ({ kind: 'shown' } & Compared);

const verdictWords: Record<Verdict, string> = {
  same: 'same',
  different: 'different',
  unclear: 'unclear',
  'too few': 'too few',
};

/** Two runs side by side: each measure of each lane, the difference, and how sure it is. */
export function Compare() {
  const [state, setState] = useState<State>({ kind: 'asking' });
  useEffect(() => {
    const query = new URLSearchParams(window.location.search);
    const [a, b] = [query.get('a') ?? '', query.get('b') ?? ''];
    if (a === '' || b === '') {
      setState({ kind: 'refused', reason: 'Choose two runs in the list of runs' });
      return;
    }
    let over = false;
    compared(agentClient(), a, b).then(
      (found) => over || setState({ kind: 'shown', ...found }),
      (error: unknown) => over || setState({ kind: 'refused', reason: reasonOf(error) }),
    );
    return () => {
      over = true;
    };
  }, []);

  if (state.kind !== 'shown') {
    return (
      <main className="runs-alone" aria-busy={state.kind === 'asking'}>
        <h1>{state.kind === 'asking' ? 'Comparing…' : 'These two cannot be compared'}</h1>
        {state.kind === 'refused' && <p>{sentence(state.reason)}</p>}
        <a className="word" href="/runs">
          All runs
        </a>
      </main>
    );
  }
  const { a, b, comparison } = state;
  const lanes = [...new Set(comparison.rows.map(({ laneId }) => laneId))];
  return (
    <main className="runs compare">
      <header className="runs-head">
        <a className="brand" href="/">
          lbscope
        </a>
        <h1>Two runs</h1>
        <span className="runs-summary" data-testid="compare-summary">
          {counted(comparison.rows)}
        </span>
        <CopyMarkdown text={() => toMarkdown(a, b, comparison)} />
        <a className="word" href="/runs">
          All runs
        </a>
      </header>
      <div className="compare-runs">
        <Who letter="A" run={a} />
        <Who letter="B" run={b} />
      </div>
      {[
        ...comparison.onlyA.map((label) => `${label} is only in A.`),
        ...comparison.onlyB.map((label) => `${label} is only in B.`),
      ].map((each) => (
        <p key={each} className="runs-aside">
          {each}
        </p>
      ))}
      {a.span !== undefined && (
        <p className="runs-aside">
          Of each run the part from where its scenario was prepared to where it began to put things back.
        </p>
      )}
      {lanes.map((laneId) => (
        <Lane key={laneId} rows={comparison.rows.filter((row) => row.laneId === laneId)} />
      ))}
      <p className="compare-how">
        {spaced(
          `Bars: B − A with its ${confidence * 100} % interval, on the scale of what counts as equal (the grey part): ` +
            `${margins.share * 100} points of share, ${margins.pods} pods, ${margins.loss * 1_000} lost in 1000, a tenth or ` +
            `${margins.latencyMs} ms of latency, a tenth or ${margins.reactionMs} ms of reaction. Intervals: bootstraps over ` +
            `blocks of ${(a.lanes[0]?.blockMs ?? wholeBlockMs) / 1_000} s, of reactions over pods, of losses the wider of that and Newcombe’s.`,
        )}
      </p>
    </main>
  );
}

function counted(rows: readonly Row[]): string {
  return (['same', 'different', 'unclear', 'too few'] as const)
    .map((verdict) => ({ verdict, count: rows.filter((row) => row.verdict === verdict).length }))
    .filter(({ count }) => count > 0)
    .map(({ verdict, count }) => `${count} ${verdictWords[verdict]}`)
    .join(', ');
}

function Who({ letter, run }: { letter: string; run: RunSummary }) {
  const { info } = run;
  const at = toMs(info.startedAt);
  const day = new Date(at + offsetMinutes(at) * 60_000).toISOString().slice(0, 10);
  return (
    <p className="compare-who">
      <strong>{letter}</strong>
      <a href={`/runs/${info.runId}`}>{info.name || info.scenario || `Run ${info.runId.slice(0, 8)}`}</a>
      <span>
        {spaced(`${day} ${clockText(at, offsetMinutes(at)).slice(0, 8)}, ${duration(toMs(info.lastAt) - at)}`)}
        {info.outcome === '' ? '' : `, ${info.outcome}`}
      </span>
    </p>
  );
}

function Lane({ rows }: { rows: readonly Row[] }) {
  return (
    <section className="compare-lane" data-testid={`compare-${rows[0]?.laneId}`}>
      <h2>{rows[0]?.label}</h2>
      <table className="runs-table">
        <thead>
          <tr>
            <th />
            <th className="runs-number">A</th>
            <th className="runs-number">B</th>
            <th className="runs-number">B − A</th>
            <th className="compare-bar-head" aria-hidden />
            <th className="runs-wide">95 % interval</th>
            <th className="runs-wide">of</th>
            <th>Verdict</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.measure} data-testid={`compare-${row.laneId}-${row.measure}`} data-verdict={row.verdict}>
              <td>{row.what}</td>
              <td className="runs-number">{spaced(row.a)}</td>
              <td className="runs-number">{spaced(row.b)}</td>
              <td className="runs-number">{spaced(row.difference) || '–'}</td>
              <td className="compare-bar-cell">
                <Bar row={row} />
              </td>
              <td className="runs-wide compare-quiet">{spaced(row.interval) || '–'}</td>
              <td className="runs-wide compare-quiet">{row.sample}</td>
              <td className="compare-verdict">{verdictWords[row.verdict]}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Zero in the middle; the margin is a third of either side, and what lies beyond the end is an arrow. */
function Bar({ row }: { row: Row }) {
  if (row.drawn === undefined) return null;
  const { difference, low, high, margin } = row.drawn;
  const x = (value: number) => 80 + Math.max(-1, Math.min(1, value / (margin * 3))) * 76;
  return (
    <svg className="compare-bar" viewBox="0 0 160 18" role="img" aria-label={`${row.difference}, ${row.interval}`}>
      <rect className="compare-margin" x={x(-margin)} y="2" width={x(margin) - x(-margin)} height="14" />
      <line className="compare-zero" x1="80" x2="80" y1="0" y2="18" />
      <line className="compare-interval" x1={x(low)} x2={Math.max(x(high), x(low) + 1)} y1="9" y2="9" />
      {low < -margin * 3 && <path className="compare-beyond" d="M8 5 3 9l5 4" />}
      {high > margin * 3 && <path className="compare-beyond" d="m152 5 5 4-5 4" />}
      <circle className="compare-point" cx={x(difference)} cy="9" r="3.5" />
    </svg>
  );
}

function CopyMarkdown({ text }: { text(): string }) {
  const [copied, setCopied] = useState(false);
  return (
    <button
      type="button"
      className="word"
      onClick={() => void navigator.clipboard.writeText(text()).then(() => setCopied(true))}
    >
      {copied ? 'Copied' : 'Copy as Markdown'}
    </button>
  );
}
