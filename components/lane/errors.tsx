import type { GetSnapshotResponse, Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { clockText, wholeSeconds } from '../../model/time.ts';
import { burstRows, errorRows } from '../../model/view/opened.ts';
import { count } from '../../model/view/scorecard.ts';
import { LostTag } from '../ui/swatch.tsx';
import { spaced } from '../ui/text.ts';
import { offsetMinutes } from '../ui/zone.ts';
import { PodName } from './pod-name.tsx';

const listed = 20;

/** Lost calls by class, and when. Transparent retries are no errors and are counted apart. */
export function Errors({ snapshot, lane, nowMs }: { snapshot: GetSnapshotResponse; lane: Lane; nowMs: number }) {
  const rows = errorRows(lane);
  const bursts = burstRows(snapshot, lane.id);
  const retries = lane.transparentRetries;
  return (
    <section className="fact" aria-labelledby="errors-title" data-testid="errors">
      <h3 id="errors-title">
        Lost calls{' '}
        <small className="fact-note">
          of {count(lane.issued)}; {count(retries)} sent again transparently, {count(lane.shortfall)} never sent in time
        </small>
      </h3>
      {rows.length === 0 ? (
        <p className="quiet">None in this run.</p>
      ) : (
        <p className="error-classes">
          {rows.map((row) => (
            <span key={row.errorClass} data-testid={`error-${row.errorClass}`}>
              <LostTag count={row.count} /> {row.errorClass.replaceAll('_', ' ')}{' '}
              <small className="error-part">{(row.part * 100).toFixed(row.part < 0.1 ? 2 : 1)} %</small>
            </span>
          ))}
        </p>
      )}
      {bursts.length > 0 && (
        <ol className="fact-list">
          {bursts.slice(0, listed).map((burst) => (
            <li key={burst.sequence}>
              <time className="fact-time">{clockText(burst.fromMs, offsetMinutes(burst.fromMs)).slice(0, 8)}</time>
              <span>
                <b>{count(burst.count)}</b> {burst.errorClass.replaceAll('_', ' ')}
                {burst.toMs - burst.fromMs >= 1_000 ? ` in ${spaced(wholeSeconds(burst.toMs - burst.fromMs))}` : ''},{' '}
                {spaced(wholeSeconds(nowMs - burst.toMs))} ago
                <span className="fact-change">
                  {burst.pod !== undefined && <PodName of={burst.pod} />} <span className="quiet">{burst.how}</span>
                  {burst.message !== '' && <span className="quiet"> {burst.message}</span>}
                </span>
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
