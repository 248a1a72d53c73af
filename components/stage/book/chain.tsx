'use client';

import { memo } from 'react';
import { duration } from '../../../model/time.ts';
import { type Chain as ChainData, feltMs } from '../../../model/view/stage/chain.ts';
import { spaced } from '../../ui/text.ts';
import { same } from '../same.ts';

/** Five stations in equal steps with measured gaps; milliseconds cannot be seen on an axis of 90 s. */
export const Chain = memo(function Chain({
  chain,
  words,
  point,
}: {
  chain: ChainData | undefined;
  words: string;
  /** Marks a station's instant on the axis. */
  point(atMs: number | undefined): void;
}) {
  if (chain === undefined) return <div className="chain" />;
  const { stations, end, longest } = chain;
  const last = stations.findLastIndex((each) => each.state === 'passed');
  const n = stations.length;
  const at = (i: number) => `${(i / (n - 1)) * 100}%`;
  return (
    <div className="chain" data-end={end}>
      <ol className="chain-line">
        {stations.map((station, i) => (
          <li
            key={station.name}
            className="chain-step"
            data-state={station.state}
            style={{ left: at(i) }}
            onPointerEnter={() => point(station.atMs)}
            onPointerLeave={() => point(undefined)}
          >
            {i === last && end === 'arrived' && i === n - 1 ? (
              <svg className="chain-arrow" viewBox="0 0 12 12" aria-hidden="true">
                <path d="M1 0 12 6 1 12z" />
              </svg>
            ) : (
              <i className="chain-dot" />
            )}
            <span className="sr-only">
              {station.name}: {stationWords(station.state, station.gapMs)}
            </span>
          </li>
        ))}
        {stations.map((station, i) => {
          if (i === 0) return null;
          const from = stations.slice(0, i).findLastIndex((each) => each.state === 'passed');
          if (station.state === 'passed' && from >= 0) {
            const felt = (station.gapMs ?? 0) > feltMs;
            return (
              <span
                key={station.name}
                aria-hidden
                className="chain-gap"
                data-longest={i === longest && felt}
                style={{ left: at(from), width: `${((i - from) / (n - 1)) * 100}%` }}
              >
                {station.gapMs !== undefined && (
                  <b className={felt ? 'chain-ms chain-felt' : 'chain-ms'}>{spaced(duration(station.gapMs))}</b>
                )}
              </span>
            );
          }
          return i > last && end !== 'over' ? (
            <span
              key={station.name}
              aria-hidden
              className="chain-wait"
              style={{ left: at(i - 1), width: `${100 / (n - 1)}%` }}
            />
          ) : null;
        })}
      </ol>
      <p className="chain-words" title={words}>
        {words}
      </p>
    </div>
  );
}, same);

function stationWords(state: string, gapMs: number | undefined): string {
  if (state === 'ahead') return 'not yet';
  if (state === 'skipped') return 'not on this path, or not seen';
  return gapMs === undefined ? 'passed' : `${duration(gapMs)} later`;
}
