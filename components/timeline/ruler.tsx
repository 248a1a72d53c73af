import { clockText } from '../../model/time.ts';
import { offsetMinutes } from '../ui/zone.ts';
import { ticksBeforeNow, ticksOfClock } from './ticks.ts';

/** One mark for about so many points, or their labels touch. */
const apart = 88;

/** The axis. While its right end is now it stands still and counts backwards; over the past it tells the time of day. */
export function Ruler({
  spanMs,
  edgeMs,
  frozen,
  width,
}: {
  spanMs: number;
  edgeMs: number | undefined;
  frozen: boolean;
  width: number;
}) {
  const most = Math.max(2, Math.min(9, Math.floor(width / apart)));
  const ticks =
    edgeMs === undefined
      ? ticksBeforeNow(spanMs, most)
      : ticksOfClock(edgeMs - spanMs, edgeMs, most, offsetMinutes(edgeMs));
  return (
    <div className="ruler" aria-hidden>
      {ticks.map((tick) => (
        <span
          key={tick.label}
          className="ruler-mark"
          data-first={tick.at < 0.02}
          style={{ left: `${(tick.at * 100).toFixed(3)}%` }}
        >
          {tick.label}
        </span>
      ))}
      <span className="now-tag" data-edge={edgeMs === undefined ? 'now' : 'past'}>
        {edgeMs === undefined ? (frozen ? 'frozen' : 'now') : clockText(edgeMs, offsetMinutes(edgeMs)).slice(0, 8)}
      </span>
    </div>
  );
}
