'use client';

import { useEffect, useRef } from 'react';
import type { GetSnapshotResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';
import type { EventLine } from '../../model/view/events.ts';
import { type StationRow, type StationTable, stationTables } from '../../model/view/stations.ts';
import { spaced } from '../ui/text.ts';

/** An event line unfolded: what each path heard, and when. The same columns for all lanes; it pushes them down. */
export function StationView({
  snapshot,
  line,
  nowMs,
  fold,
}: {
  snapshot: GetSnapshotResponse;
  line: EventLine;
  nowMs: number;
  fold(): void;
}) {
  const root = useRef<HTMLElement>(null);
  useEffect(() => {
    root.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  const tables = stationTables(snapshot, line, nowMs);
  return (
    <section ref={root} className="stations" data-testid="stations" aria-labelledby="stations-title">
      <header className="stations-head">
        <h2 id="stations-title">{spaced(line.title)}</h2>
        <p>What each path heard, and when. Not to scale; every gap is measured.</p>
        <button type="button" className="word" data-testid="stations-fold" onClick={fold}>
          Fold <kbd>Esc</kbd>
        </button>
      </header>
      <div className="stations-scroll">
        {tables.map((table) => (
          <Table key={table.direction} table={table} many={tables.length > 1} />
        ))}
      </div>
      <p className="stations-key" aria-hidden>
        Hollow: reached. Filled: the journey’s end. Dashed: not reached. The thick way is where the time went.
      </p>
    </section>
  );
}

const whose: Record<StationTable['direction'], (pods: string) => string> = {
  added: (pods) => `${pods} coming`,
  removed: (pods) => `${pods} leaving`,
  restarted: (pods) => `${pods} restarting`,
};

function Table({ table, many }: { table: StationTable; many: boolean }) {
  return (
    <table className="station-table" data-many={many} data-direction={table.direction}>
      <thead>
        <tr>
          <th scope="col">{many ? whose[table.direction](table.whose) : ''}</th>
          {table.heads.map((head) => (
            <th key={head} scope="col">
              <span className="station-head">{head}</span>
            </th>
          ))}
          <th scope="col" className="station-result">
            {table.resultHead}
          </th>
        </tr>
      </thead>
      <tbody>
        {table.rows.map((row) => (
          <Row key={row.laneId} row={row} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ row }: { row: StationRow }) {
  return (
    <tr data-testid={`stations-${row.laneId}`}>
      <th scope="row">{row.label}</th>
      {row.stations.map((station, i) => {
        // The way to the next station leaves from this one's cell.
        const leg = row.legs[i];
        const next = row.stations[i + 1];
        return (
          <td key={station.key} data-state={station.state} data-station={station.key}>
            {next !== undefined && leg !== undefined && (
              <span className="leg" data-state={next.state} data-longest={leg.longest}>
                <b className="leg-ms">{spaced(leg.label)}</b>
                <i className="leg-way" aria-hidden />
                <small className="leg-words">{spaced(leg.words)}</small>
              </span>
            )}
            <span className="station" aria-hidden />
            <span className="sr-only">{stateWords[station.state]}</span>
          </td>
        );
      })}
      <td className="station-result">{spaced(row.result)}</td>
    </tr>
  );
}

const stateWords = {
  reached: 'reached',
  last: 'reached, the end',
  passed: 'not on this path',
  open: 'not reached yet',
  never: 'cannot be reached',
} as const;
