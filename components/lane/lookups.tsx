import type { GetSnapshotResponse, Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { clockText, duration } from '../../model/time.ts';
import { beliefWords } from '../../model/view/belief-words.ts';
import { type LookupRow, lookupRows } from '../../model/view/opened.ts';
import { count } from '../../model/view/scorecard.ts';
import { spaced } from '../ui/text.ts';
import { offsetMinutes } from '../ui/zone.ts';
import { PodName } from './pod-name.tsx';

const listed = 30;

/** Every lookup or message that told the lane something: when, why, and what it changed. */
export function Lookups({ snapshot, lane, nowMs }: { snapshot: GetSnapshotResponse; lane: Lane; nowMs: number }) {
  const rows = lookupRows(snapshot, lane);
  const told = lane.belief?.source === 'watch' ? lane.watchEvents : lane.lookups;
  const words = beliefWords(snapshot, lane, nowMs);
  return (
    <section className="fact" aria-labelledby="lookups-title" data-testid="lookups">
      <h3 id="lookups-title">
        {lane.belief?.source === 'watch' ? 'Watch events' : 'Lookups'}{' '}
        <small className="fact-note">
          {count(told)} in this run; next: {spaced(words.next.long)}
        </small>
      </h3>
      {rows.length === 0 ? (
        <p className="quiet">Nothing was ever looked up.</p>
      ) : (
        <ol className="fact-list">
          {rows.slice(0, listed).map((row) => (
            <li key={row.sequence} data-failed={row.failure !== ''}>
              <time className="fact-time">{clockText(row.atMs, offsetMinutes(row.atMs)).slice(0, 8)}</time>
              <span>
                <b>{row.what}</b>
                {because(row)}
                <Changes row={row} />
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function because(row: LookupRow): string {
  const why = row.trigger === '' || row.trigger === 'watch' ? '' : `, because: ${row.trigger}`;
  const took = row.tookMs > 0 ? `, took ${spaced(duration(row.tookMs))}` : '';
  return `${why}${took}${row.alike > 1 ? `, ${row.alike} times` : ''}`;
}

function Changes({ row }: { row: LookupRow }) {
  if (row.failure !== '') return <span className="fact-change">{row.failure}</span>;
  if (row.added.length === 0 && row.removed.length === 0) {
    return (
      <span className="fact-change quiet">
        nothing new, {row.size} {row.size === 1 ? 'address' : 'addresses'}
      </span>
    );
  }
  return (
    <span className="fact-change">
      {row.added.length > 0 && (
        <>
          <span className="fact-sign">+</span>
          {row.added.map((each) => (
            <PodName key={keyOf(each)} of={each} />
          ))}
        </>
      )}
      {row.removed.length > 0 && (
        <>
          <span className="fact-sign">−</span>
          {row.removed.map((each) => (
            <PodName key={keyOf(each)} of={each} />
          ))}
        </>
      )}
    </span>
  );
}

function keyOf(each: LookupRow['added'][number]): string {
  return typeof each === 'string' ? each : each.uid;
}
