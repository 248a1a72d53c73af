import type { GetSnapshotResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';
import type { Frame } from '../../gen/lbscope/events/v1/events_pb.js';
import { Merged } from '../histogram.ts';
import { sumOf } from '../lanes.ts';
import { toMs } from '../time.ts';

/** One step of an opened lane's charts. null: nothing was measured then, and nothing is drawn. */
export type SeriesPoint = {
  /** The middle of the step. */
  atMs: number;
  calls: number;
  /** From the intended send, ms. */
  p50: number | null;
  p90: number | null;
  p99: number | null;
  /** From the actual send, ms. */
  service50: number | null;
  service99: number | null;
  /** Calls a second; null where no rate is asked for (a closed loop). */
  asked: number | null;
  answered: number | null;
  failed: number | null;
  /** Open at the end of the step. */
  connections: number | null;
};

const niceMs = [200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000];
/** Of fewer calls the 99th of a hundred is one call's luck. */
const wanted = 200;

/** A step that gives about `points` of them, and enough calls in each for its percentiles to mean something. */
export function stepMs(spanMs: number, callsPerSecond: number, points: number): number {
  const least = spanMs / points;
  const enough = callsPerSecond > 0 ? Math.min((wanted * 1_000) / callsPerSecond, spanMs / 12) : 0;
  const step = Math.max(least, enough) * 0.999;
  return niceMs.find((each) => each >= step) ?? Math.ceil(step / 600_000) * 600_000;
}

/** Percentiles, rates and connections of one lane over time, on a fixed grid, so that points do not wander. */
export function series(
  snapshot: GetSnapshotResponse,
  laneId: string,
  fromMs: number,
  untilMs: number,
  points = 100,
): SeriesPoint[] {
  const lane = snapshot.lanes.find((each) => each.id === laneId);
  const step = stepMs(untilMs - fromMs, lane?.rate?.achieved ?? 0, points);
  const cells = new Map<number, Cell>();
  for (const frame of snapshot.bins) {
    if (toMs(frame.to) <= fromMs || toMs(frame.from) >= untilMs) continue;
    addFrame(cells, frame, laneId, step);
  }
  const changes = connectionChanges(snapshot, laneId);
  const sorted = [...cells].sort((a, b) => a[0] - b[0]);
  const newest = sorted.at(-1)?.[0];
  return sorted.flatMap(([cell, sum]) => {
    // The newest step is not over: its rate would fall at the right end of every chart.
    if (cell === newest && sum.ms < step * 0.9 && sorted.length > 1) return [];
    const q = (of: Merged, part: number) => (of.count === 0 ? null : of.quantile(part) / 1_000);
    const per = 1_000 / sum.ms;
    return [
      {
        atMs: (cell + 0.5) * step,
        calls: sum.latency.count,
        p50: q(sum.latency, 0.5),
        p90: q(sum.latency, 0.9),
        p99: q(sum.latency, 0.99),
        service50: q(sum.service, 0.5),
        service99: q(sum.service, 0.99),
        asked: sum.asked > 0 ? sum.asked : null,
        answered: sum.answered * per,
        // Red is drawn for lost calls only: none is nothing.
        failed: sum.failed > 0 ? sum.failed * per : null,
        connections: connectionsAt(changes, (cell + 1) * step),
      },
    ];
  });
}

type Cell = { latency: Merged; service: Merged; answered: number; failed: number; asked: number; ms: number };

function addFrame(cells: Map<number, Cell>, frame: Frame, laneId: string, step: number): void {
  const part = frame.lanes.find((each) => each.laneId === laneId);
  if (part === undefined) return;
  const from = toMs(frame.from);
  // A merged frame wider than a step falls into the step in which it begins.
  const cell = Math.floor((from + 0.5) / step);
  let sum = cells.get(cell);
  if (sum === undefined) {
    sum = { latency: new Merged(), service: new Merged(), answered: 0, failed: 0, asked: 0, ms: 0 };
    cells.set(cell, sum);
  }
  sum.latency.add(part.latency);
  sum.service.add(part.serviceTime);
  sum.answered += part.answered;
  sum.failed += sumOf(part.failed);
  sum.asked = part.askedRate;
  sum.ms += toMs(frame.to) - from;
}

type Opened = { now: number; changes: { atMs: number; by: number }[] };

function connectionChanges(snapshot: GetSnapshotResponse, laneId: string): Opened {
  const lane = snapshot.lanes.find((each) => each.id === laneId);
  const open = (lane?.connections ?? []).filter((each) => each.state !== 'CONNECTING').length;
  const changes = snapshot.events.flatMap(({ laneId: own, kind, at }) => {
    if (own !== laneId || (kind.case !== 'connected' && kind.case !== 'disconnected')) return [];
    return [{ atMs: toMs(at), by: kind.case === 'connected' ? 1 : -1 }];
  });
  return { now: open, changes };
}

/** Read backwards from now, as now is known for certain. */
function connectionsAt({ now, changes }: Opened, atMs: number): number {
  return Math.max(
    0,
    changes.reduce((open, change) => (change.atMs > atMs ? open - change.by : open), now),
  );
}

/** The top of a chart: a round number that holds all values, so that it rarely changes. */
export function chartTop(values: readonly (number | null)[], least = 0): number {
  const most = values.reduce<number>((top, value) => Math.max(top, value ?? 0), least);
  if (most <= 0) return 1;
  const high = most * 1.06;
  const power = 10 ** Math.floor(Math.log10(high));
  // Half of it is written too, and should be as round.
  return ([1, 2, 4, 6, 8, 10].find((each) => each * power >= high) ?? 10) * power;
}
