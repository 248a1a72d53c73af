'use client';

import { useMemo, useState } from 'react';
import type { GetSnapshotResponse, Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { clockText, duration } from '../../model/time.ts';
import { sampledCalls, type Why, whyThisPod } from '../../model/view/why.ts';
import { Cross, Swatch } from '../ui/swatch.tsx';
import { spaced } from '../ui/text.ts';
import { offsetMinutes } from '../ui/zone.ts';

const listed = 24;

/** Why this pod? For one call of about every second: who chose, from what list, over which connection, and how long it took. */
export function WhyPanel({ snapshot, lane }: { snapshot: GetSnapshotResponse; lane: Lane }) {
  const [kept, keep] = useState<Why>();
  const calls = useMemo(
    () =>
      sampledCalls(snapshot, lane.id)
        .slice(0, listed)
        .flatMap((event) => whyThisPod(snapshot, lane, event) ?? []),
    [snapshot, lane],
  );
  // The newest of each pod, so that every pod can be asked for.
  const pods = [...new Map(calls.toReversed().map((why) => [why.podUid ?? '', why])).values()].sort((a, b) =>
    a.handle < b.handle ? -1 : 1,
  );
  const why = kept ?? calls[0];
  return (
    <section className="fact" aria-labelledby="why-title" data-testid="why">
      <h3 id="why-title">Why this pod?</h3>
      {why === undefined ? (
        <p className="quiet">No call has been looked at closely yet: one a second is.</p>
      ) : (
        <>
          <p className="why-pick">
            {pods.map((each) => (
              <button
                key={each.podUid ?? 'nobody'}
                type="button"
                className="why-pod"
                data-testid={`why-pod-${each.handle}`}
                aria-pressed={kept?.podUid === each.podUid && kept !== undefined}
                onClick={() => keep(each)}
              >
                <Swatch slot={each.slot} />
                <span className="mono">{each.handle}</span>
              </button>
            ))}
            {kept !== undefined && (
              <button type="button" className="word" onClick={() => keep(undefined)}>
                Newest
              </button>
            )}
          </p>
          <One why={why} />
        </>
      )}
    </section>
  );
}

function One({ why }: { why: Why }) {
  return (
    <>
      <p className="why-sentence" data-testid="why-sentence">
        {spaced(why.sentence)}
      </p>
      <dl className="why-steps">
        {why.steps.map((step) => (
          <div key={step.key} data-step={step.key}>
            <dt>{step.title}</dt>
            <dd>{spaced(step.text)}</dd>
          </div>
        ))}
        <div data-step="outcome">
          <dt>Call</dt>
          <dd>
            {clockText(why.atMs, offsetMinutes(why.atMs))},{' '}
            {why.ok ? (
              'answered by '
            ) : (
              <>
                <Cross /> {why.outcome},{' '}
              </>
            )}
            <span className="mono">{why.handle}</span>
          </dd>
        </div>
      </dl>
      <Timing why={why} />
    </>
  );
}

/** From the intended send to the end, true to scale. */
function Timing({ why }: { why: Why }) {
  const total = Math.max(0.001, why.totalMs);
  return (
    <div
      className="timing"
      data-testid="why-timing"
      role="img"
      aria-label={`${why.parts.map((part) => `${part.label} ${duration(part.ms)}`).join(', ')}; in all ${duration(total)}`}
    >
      <div className="timing-bar">
        {why.parts.map((part) => (
          <i key={part.key} className={`timing-${part.key}`} style={{ width: `${(part.ms / total) * 100}%` }} />
        ))}
      </div>
      <p className="timing-words">
        {why.parts.map((part) => (
          <span key={part.key}>
            <i className={`timing-sign timing-${part.key}`} /> {part.label} <b>{spaced(duration(part.ms))}</b>
          </span>
        ))}
        <span>
          in all <b>{spaced(duration(total))}</b>
        </span>
      </p>
    </div>
  );
}
