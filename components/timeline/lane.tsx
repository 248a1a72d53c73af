'use client';

import { type CSSProperties, memo, useContext, useEffect, useMemo } from 'react';
import type { GetSnapshotResponse, Lane as LaneMessage } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { bindNumbers, wholeSeconds } from '../../model/time.ts';
import { beliefWords } from '../../model/view/belief-words.ts';
import { rowsOf } from '../../model/view/rows.ts';
import type { Entry } from '../../model/view/scorecard.ts';
import { statementOf } from '../../model/view/statement.ts';
import { watchRule } from '../../model/view/watch-rule.ts';
import { bandWords } from '../../model/view/words.ts';
import { CopyRule } from '../controls/copy-rule.tsx';
import { Detour } from '../controls/detour.tsx';
import { openLane } from '../lane/open.ts';
import { Scorecard } from '../ledger/scorecard.tsx';
import { TickerContext } from '../paint/ticker-context.tsx';
import { useInTurn } from '../paint/turns.ts';
import { sentence, spaced } from '../ui/text.ts';
import { Belief } from './belief.tsx';
import { LaneCanvas } from './lane-canvas.tsx';
import type { Layout } from './layout.ts';
import type { LoadTop } from './load-top.ts';
import { PathPicture } from './path-picture.tsx';
import { PodRows } from './pod-rows.tsx';
import { usePointing } from './pointed.ts';
import { Rail } from './rail.tsx';
import { Tears } from './tears.tsx';
import { type Derived, useLaneData } from './use-derived.ts';

type Props = {
  lane: LaneMessage;
  snapshot: GetSnapshotResponse;
  derived: Derived;
  loadTop: LoadTop;
  entries: readonly Entry[];
  layout: Layout;
  nowMs: number;
  silentMs: number;
  stale: boolean;
  frozen: boolean;
  /** From 0, from the top. */
  place: number;
  open: boolean;
  toggle(): void;
};

/** More than this have no room on a rail. */
const drawnBrackets = 12;

/** One path: its name and verdict, its band on the common axis, and who answers now. Renewed when its turn has come. */
export function Lane(props: Props) {
  return <Drawn {...useInTurn(props)} />;
}

const Drawn = memo(function Drawn({
  lane,
  snapshot,
  derived,
  loadTop,
  entries,
  layout,
  nowMs,
  silentMs,
  stale,
  frozen,
  place,
  open,
  toggle,
}: Props) {
  const { chain } = usePointing();
  const data = useLaneData(derived, lane.id);
  const ticker = useContext(TickerContext);
  useEffect(() => {
    if (data === undefined) return;
    loadTop.set(lane.id, data.load);
    ticker?.touch();
  }, [loadTop, lane.id, data, ticker]);
  useEffect(() => () => loadTop.remove(lane.id), [loadTop, lane.id]);
  const unavailable = lane.state === 'unavailable';
  const rule = watchRule(snapshot, lane);
  const verdict = stale
    ? `No report from the agent for ${wholeSeconds(silentMs)}. Calls may still be flowing.`
    : bindNumbers(lane.verdict);
  const healthy = (lane.belief?.missing.length ?? 0) === 0 && (lane.belief?.ghosts.length ?? 0) === 0;
  const available = layout.kind === 'phone' ? 10_000 : layout.laneHeight - layout.beliefHeight;
  const roomy = rowsOf(lane, snapshot, { available, most: layout.rowMost, least: 14 });
  // Where pods would fold only for want of height, a healthy lane gives its trigger line to them.
  const compact =
    healthy && layout.kind === 'desk' && roomy.groups.some((each) => each.kind === 'fold' && each.standing === 'used');
  const rows = compact
    ? rowsOf(lane, snapshot, { available: layout.laneHeight - 26, most: layout.rowMost, least: 12.8 })
    : roomy;
  const shown = useMemo(() => data?.brackets.slice(-drawnBrackets) ?? [], [data]);
  const words = beliefWords(snapshot, lane, nowMs);
  const key = `lane-${lane.id}-name`;
  if (data === undefined) return null;
  return (
    <section
      className="lane"
      data-testid={`lane-${lane.id}`}
      data-lane={lane.id}
      data-state={lane.state}
      data-stale={stale}
      data-open={open}
      data-compact={compact}
      style={{ '--place': place + 3 } as CSSProperties}
      aria-labelledby={key}
    >
      <div className="lane-text">
        <div className="lane-head">
          <h2 id={key} className="lane-name" title={lane.label}>
            {layout.kind === 'phone' ? (
              <button type="button" className="lane-toggle" aria-expanded={open} onClick={toggle}>
                {lane.label}
              </button>
            ) : (
              <button
                type="button"
                className="lane-toggle"
                aria-haspopup="dialog"
                title={`Open ${lane.label}: latency, connections, lookups, why this pod (o)`}
                data-testid={`open-${lane.id}`}
                onClick={() => openLane(lane.id)}
              >
                {lane.label}
              </button>
            )}
          </h2>
          <span className="lane-knows">{unavailable ? 'unavailable' : words.knows}</span>
        </div>
        <p className="lane-mechanism">{lane.spec?.mechanism}</p>
        <p className="lane-verdict" data-testid={`lane-${lane.id}-verdict`}>
          <span key={statementOf(verdict)} className="statement">
            {spaced(verdict)}
          </span>
        </p>
      </div>
      <div className="lane-time">
        <LaneCanvas
          laneId={lane.id}
          events={derived.wide.events}
          data={data}
          loadTop={loadTop}
          font={layout.handleFont}
          unavailable={unavailable}
          stale={stale}
          label={bandWords(lane, data)}
        />
        {unavailable ? (
          <p className="lane-silent">No traffic is sent on this path</p>
        ) : (
          <>
            <Rail laneId={lane.id} brackets={shown} narrow={layout.kind !== 'wide'} />
            <Tears tears={data.tears} />
          </>
        )}
        <Scorecard entries={entries} />
      </div>
      <div className="lane-now">
        {unavailable ? (
          <div className="lane-reason">
            <b>{lane.detour === undefined ? 'Not available here' : 'Out of reach from here'}</b>
            <p>{sentence(bindNumbers(lane.reason)) || 'The agent gives no reason.'}</p>
            {lane.detour !== undefined ? (
              <Detour detour={lane.detour} />
            ) : rule === undefined ? (
              <p className="quiet">The lane starts by itself when its path answers.</p>
            ) : (
              <CopyRule rule={rule} />
            )}
          </div>
        ) : (
          <>
            {layout.kind === 'phone' && (
              <button
                type="button"
                className="word lane-more"
                data-testid={`open-${lane.id}`}
                onClick={() => openLane(lane.id)}
              >
                Latency, connections, lookups, why this pod
              </button>
            )}
            <div className="lane-pods">
              {layout.pathWidth > 0 && (
                <PathPicture
                  lane={lane}
                  snapshot={snapshot}
                  rows={rows}
                  width={layout.pathWidth}
                  nowMs={nowMs}
                  moving={!stale && !frozen && lane.state === 'running'}
                />
              )}
              <PodRows laneId={lane.id} rows={rows} stale={stale} lit={chain?.uids} />
            </div>
            <Belief
              narrow={layout.kind !== 'wide'}
              words={
                stale
                  ? {
                      ...words,
                      age: 'Old',
                      next: both(`Values as of ${wholeSeconds(silentMs)} ago`),
                      source: both('No number is guessed'),
                    }
                  : words
              }
            />
          </>
        )}
      </div>
    </section>
  );
});

const both = (text: string) => ({ long: text, short: text });
