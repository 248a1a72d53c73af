'use client';

import { type CSSProperties, useRef, useState } from 'react';
import type { GetSnapshotResponse, Lane } from '../../../gen/lbscope/agent/v1/agent_pb.js';
import { type Bracket, bracketFor } from '../../../model/view/brackets.ts';
import type { EventLine } from '../../../model/view/events.ts';
import { scorecards } from '../../../model/view/scorecard.ts';
import { type Chain as ChainData, chainOf, chainTitle } from '../../../model/view/stage/chain.ts';
import { tallyCells, tallyHeads } from '../../../model/view/stage/tally.ts';
import { sizeOf } from '../../paint/surface.ts';
import { usePainter } from '../../paint/ticker-context.tsx';
import { spaced } from '../../ui/text.ts';
import type { LaneBand } from '../derive.ts';
import type { Size } from '../layout.ts';
import { EventNames, Marks, Waiting } from './axis.tsx';
import { Chain } from './chain.tsx';
import { LostFlags } from './flags.tsx';
import { type BookMetrics, type BookPicture, paintBook } from './paint.ts';
import { Tally } from './tally.tsx';
import { useLookBack } from './use-look-back.ts';

export type BookProps = {
  snapshot: GetSnapshotResponse | undefined;
  lanes: readonly Lane[];
  bands: ReadonlyMap<string, LaneBand>;
  handles: ReadonlyMap<string, string>;
  lines: readonly EventLine[];
  slots: ReadonlyMap<string, number>;
  size: Size;
  presenting: boolean;
  stale: boolean;
  frozen: boolean;
  reportedMs: number;
  lit: string | undefined;
};

/** The ledger: all lanes on one axis, what was waited for and why, and what it cost. */
export function Book(props: BookProps) {
  const { snapshot, lanes, bands, lines, slots, presenting, stale, lit } = props;
  const [asked, setAsked] = useState<string>();
  const [markedMs, setMarkedMs] = useState<number>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const root = useRef<HTMLElement>(null);
  useLookBack(root, windowMs);
  const shown = lines.filter((line) => inWindow(line, props.reportedMs));
  // The newest change that moved anything, until another is chosen.
  const chosen = lines.find((line) => line.key === asked) ?? lines.findLast(tellsOf(lanes));
  const latest = new Map(lanes.map((lane) => [lane.id, bracketFor(bands.get(lane.id)?.brackets, chosen)]));
  const entries = scorecards(lanes, latest);
  const heads = tallyHeads(lanes);
  const cells = new Map(lanes.map((lane) => [lane.id, tallyCells(lane, lanes, entries.get(lane.id) ?? [])]));
  const narrow = props.size !== 'wide' && props.size !== 'desk';
  const title = chosen === undefined ? undefined : chainTitle(chosen);
  const picture: BookPicture = {
    rows: lanes.map((lane) => {
      const known = bands.get(lane.id);
      return {
        band: {
          stretches: known?.stretches ?? [],
          slots,
          handles: props.handles,
          stale,
          oldestOnTop: true,
          lit: lit !== undefined && lit !== lane.id ? nothing : undefined,
        },
        tears: known?.tears ?? [],
        bracket: latest.get(lane.id),
        unavailable: lane.state === 'unavailable' || snapshot === undefined,
        dim: lit !== undefined && lit !== lane.id,
      };
    }),
    lines: shown,
    chosen: chosen?.key,
    markedMs,
    reportedMs: props.reportedMs,
    stale,
  };
  const metrics = useRef<{ key: string; value: BookMetrics }>(undefined);
  usePainter('canvas', (axis) => {
    const element = canvas.current;
    if (element === null) return;
    const key = `${window.innerWidth} ${lanes.length} ${presenting} ${sizeOf(element).height}`;
    if (metrics.current?.key !== key) {
      const style = getComputedStyle(element);
      const read = (name: string) => Number.parseFloat(style.getPropertyValue(name)) || 0;
      const value = {
        head: read('--book-head'),
        row: read('--book-row'),
        band: read('--book-band'),
        bar: read('--book-bar'),
        font: 13,
      };
      metrics.current = { key, value };
    }
    paintBook(element, picture, metrics.current.value, axis);
  });
  return (
    <>
      <section
        ref={root}
        className="book"
        aria-label="Ledger: who answered over time, what was waited for, and what it cost"
      >
        <div className="book-heads">
          <h2 className="book-title book-who">Who answered</h2>
          <div className="book-top">
            <EventNames lines={shown} chosen={chosen?.key} choose={setAsked} />
            <Marks frozen={props.frozen} presenting={presenting} />
          </div>
          {narrow && <span className="book-noticed-head">noticed</span>}
          {!presenting && !narrow && (
            <>
              <div className="chain-heads">
                <h2 className="book-title">{title?.title ?? 'No change yet'}</h2>
                <div className="chain-names" aria-hidden>
                  {title?.heads.map((head, i) => (
                    <span key={head} style={{ left: `${(i / (title.heads.length - 1)) * 100}%` }}>
                      {head}
                    </span>
                  ))}
                  {title === undefined && (
                    <p className="chain-none">Scale, delete or roll out: how each path takes it</p>
                  )}
                </div>
              </div>
              <div className="tally-heads">
                <h2 className="book-title">
                  Score, last 10{'\u00a0'}s, <span>{heads.sample}</span>
                </h2>
                <div className="tally-names" aria-hidden>
                  {heads.columns.map((column) => (
                    <span key={column.key}>{column.label}</span>
                  ))}
                </div>
              </div>
            </>
          )}
        </div>
        {lanes.map((lane, place) => {
          const bracket = latest.get(lane.id);
          const chain = chosen === undefined ? undefined : chainOf(lane, chosen);
          return (
            <div
              key={lane.id}
              className="book-row"
              data-lane={lane.id}
              data-testid={`book-${lane.id}`}
              style={{ '--place': place + 2 } as CSSProperties}
            >
              <h3 className="book-name" title={lane.label}>
                {lane.label}
              </h3>
              <div className="book-band">
                <LostFlags tears={bands.get(lane.id)?.tears ?? []} />
                {bracket !== undefined && bracket.state !== 'ended' && !presenting && (
                  <Waiting laneId={lane.id} bracket={bracket} text={waitWords(bracket, chain)} />
                )}
              </div>
              {presenting || narrow ? null : (
                <>
                  <Chain
                    chain={chain}
                    words={(props.size === 'wide' ? chain?.words : chain?.brief) ?? ''}
                    point={setMarkedMs}
                  />
                  <Tally cells={cells.get(lane.id) ?? []} />
                </>
              )}
              {narrow && <b className="book-noticed">{spaced(cells.get(lane.id)?.[0]?.value ?? '')}</b>}
            </div>
          );
        })}
        <canvas ref={canvas} className="book-canvas" role="img" aria-label={bookWords(lanes, latest)} />
      </section>
      {narrow && !presenting && (
        <div className="details">
          {lanes.map((lane) => {
            const chain = chosen === undefined ? undefined : chainOf(lane, chosen);
            return (
              <section key={lane.id} className="detail" data-lane={lane.id} aria-label={`${lane.label}, in full`}>
                <h3 className="detail-name">{lane.label}</h3>
                {chain !== undefined && (
                  <>
                    <div className="chain-names" aria-hidden>
                      {title?.heads.map((head, i) => (
                        <span key={head} style={{ left: `${(i / (title.heads.length - 1)) * 100}%` }}>
                          {head}
                        </span>
                      ))}
                    </div>
                    <Chain chain={chain} words={chain.words} point={setMarkedMs} />
                  </>
                )}
                <Tally cells={cells.get(lane.id) ?? []} />
              </section>
            );
          })}
        </div>
      )}
    </>
  );
}

/** Another lane is pointed at: this one steps back. */
const nothing = { uids: new Set<string>(), fromMs: Number.POSITIVE_INFINITY };

const windowMs = 90_000;

function inWindow(line: EventLine, nowMs: number): boolean {
  return line.atMs > nowMs - windowMs;
}

/** A change is worth a chain when a lane has a story of it. */
function tellsOf(lanes: readonly Lane[]): (line: EventLine) => boolean {
  return (line) => lanes.some((lane) => chainOf(lane, line) !== undefined);
}

function waitWords(bracket: Bracket, chain: ChainData | undefined): string {
  if (bracket.toMs !== undefined) return `first call after ${bracket.label}`;
  const why = chain?.words ?? '';
  return why === '' ? bracket.label : `${bracket.label}: ${why}`;
}

/** The bands in words: how each lane took the change that is shown. */
function bookWords(lanes: readonly Lane[], latest: ReadonlyMap<string, Bracket | undefined>): string {
  const told = lanes.flatMap((lane) => {
    const bracket = latest.get(lane.id);
    if (bracket === undefined) return [];
    return [`${lane.label}: ${bracket.toMs === undefined ? bracket.label : `first call after ${bracket.label}`}`];
  });
  return told.length === 0 ? 'Who answered in the last 90 seconds; nothing changed in the cluster' : told.join('; ');
}
