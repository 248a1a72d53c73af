import type { Frame, LaneFrame } from '../gen/lbscope/events/v1/events_pb.js';
import { sumOf } from './lanes.ts';
import type { Run } from './state.ts';
import { toMs } from './time.ts';

export interface BandBin {
  readonly from: number;
  readonly to: number;
  /** Oldest pod first; they add up to 1, or the list is empty where nothing was answered. */
  readonly shares: readonly { readonly uid: string; readonly value: number }[];
  /** Answered. */
  readonly calls: number;
  readonly failed: number;
}

const binMs = 500;
/** Two frames further apart than this have a gap between them that is drawn as one. */
const seamMs = 20;

interface OpenBin {
  from: number;
  to: number;
  era: number;
  counts: Map<string, number>;
  calls: number;
  failed: number;
}

/**
 * Shares over time: half-second bins, cut at the frame edge where anything changed that decides who answers. Frames
 * are cut at those instants, so such an edge is exact. Between two of them a spread that never strays more than a
 * call from its average (round robin: what is left over is rounding) is drawn as that average, ruler straight.
 */
export function bandBins(run: Run, laneId: string, from: number, to: number): BandBin[] {
  const edges = edgesOf(run, laneId);
  const bins: OpenBin[] = [];
  for (const { frame, part } of partsIn(run, laneId, from, to)) {
    const [start, end] = [toMs(frame.from), toMs(frame.to)];
    // The era of a frame is the number of edges before its middle: half a frame off at most where one was not cut.
    const era = countUpTo(edges, (start + end) / 2);
    let bin = bins.at(-1);
    const slot = Math.floor((start + 0.5) / binMs);
    if (
      bin === undefined ||
      bin.era !== era ||
      start - bin.to > seamMs ||
      Math.floor((bin.from + 0.5) / binMs) !== slot
    ) {
      bin = { from: start, to: end, era, counts: new Map(), calls: 0, failed: 0 };
      bins.push(bin);
    }
    bin.to = end;
    bin.calls += part.answered;
    bin.failed += sumOf(part.failed);
    for (const pod of part.pods) {
      if (pod.answered > 0 && pod.podUid !== '') {
        bin.counts.set(pod.podUid, (bin.counts.get(pod.podUid) ?? 0) + pod.answered);
      }
    }
  }
  const eras = Map.groupBy(bins, (bin) => bin.era);
  const order = new Map([...run.pods.keys()].map((uid, index) => [uid, index]));
  const place = (uid: string) => order.get(uid) ?? order.size;
  return bins.map((bin) => {
    const counts = straight(eras.get(bin.era)!) ?? bin.counts;
    const total = bin.calls > 0 ? [...counts.values()].reduce((a, b) => a + b, 0) : 0;
    const shares = [...counts]
      .filter(() => total > 0)
      .sort(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1))
      .map(([uid, n]) => ({ uid, value: n / total }));
    return { from: bin.from, to: bin.to, shares, calls: bin.calls, failed: bin.failed };
  });
}

/** The era's sums, where each of its bins is within about a call of them. */
function straight(bins: readonly OpenBin[]): Map<string, number> | undefined {
  const sums = new Map<string, number>();
  let calls = 0;
  for (const bin of bins) {
    for (const [uid, n] of bin.counts) {
      sums.set(uid, (sums.get(uid) ?? 0) + n);
      calls += n;
    }
  }
  for (const bin of bins) {
    const total = [...bin.counts.values()].reduce((a, b) => a + b, 0);
    for (const [uid, sum] of sums) {
      if (Math.abs((bin.counts.get(uid) ?? 0) - (total * sum) / calls) > 1.5) return undefined;
    }
  }
  return sums;
}

/** Instants at which who answers may change on that lane, ascending. */
function edgesOf(run: Run, laneId: string): number[] {
  const edges: number[] = [];
  for (const i of run.intervals) {
    if (i.readyFrom !== undefined) edges.push(i.readyFrom);
    if (i.readyTo !== undefined) edges.push(i.readyTo);
  }
  for (const event of run.events) {
    if (event.laneId !== laneId) continue;
    const { kind } = event;
    const matters =
      kind.case === 'pickerUpdated' ||
      kind.case === 'connected' ||
      kind.case === 'disconnected' ||
      kind.case === 'firstAnswer' ||
      kind.case === 'laneState' ||
      (kind.case === 'resolved' && kind.value.changed);
    if (matters) edges.push(toMs(event.at));
  }
  return edges.sort((a, b) => a - b);
}

function countUpTo(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function* partsIn(run: Run, laneId: string, from: number, to: number): Iterable<{ frame: Frame; part: LaneFrame }> {
  for (const frame of run.frames) {
    if (toMs(frame.to) <= from || toMs(frame.from) >= to) continue;
    const part = frame.lanes.find((lane) => lane.laneId === laneId);
    if (part !== undefined) yield { frame, part };
  }
}

export interface Tear {
  readonly at: number;
  readonly until: number;
  readonly count: number;
  /** all: nothing was answered meanwhile; part: other calls were. */
  readonly extent: 'all' | 'part';
  readonly classes: Readonly<Record<string, number>>;
  /** Whose calls they were, by attribution; "" is unattributed. */
  readonly pods: Readonly<Record<string, number>>;
}

/** Losses less than this apart are one tear. */
const tearGapMs = 600;

/** Bursts of losses. Counts are those of the frames; the instants are exact where a lossBurst event tells them. */
export function tears(run: Run, laneId: string, from: number, to: number): Tear[] {
  const found: {
    at: number;
    until: number;
    count: number;
    answered: number;
    classes: Record<string, number>;
    pods: Record<string, number>;
  }[] = [];
  for (const { frame, part } of partsIn(run, laneId, from, to)) {
    const count = sumOf(part.failed);
    if (count === 0) continue;
    const [start, end] = [toMs(frame.from), toMs(frame.to)];
    let tear = found.at(-1);
    if (tear === undefined || start - tear.until > tearGapMs) {
      tear = { at: start, until: end, count: 0, answered: 0, classes: {}, pods: {} };
      found.push(tear);
    }
    tear.until = end;
    tear.count += count;
    tear.answered += part.answered;
    for (const one of part.failed) tear.classes[one.errorClass] = (tear.classes[one.errorClass] ?? 0) + one.count;
    for (const pod of part.pods) {
      const lost = sumOf(pod.failed);
      if (lost > 0) tear.pods[pod.podUid] = (tear.pods[pod.podUid] ?? 0) + lost;
    }
  }
  return found.map(({ answered, ...tear }) => ({
    ...tear,
    ...exact(run, laneId, tear),
    extent: answered === 0 ? 'all' : 'part',
  }));
}

function exact(run: Run, laneId: string, tear: { at: number; until: number }): { at: number; until: number } {
  let at = Number.POSITIVE_INFINITY;
  let until = Number.NEGATIVE_INFINITY;
  for (const event of run.events) {
    if (event.laneId !== laneId || event.kind.case !== 'lossBurst') continue;
    const [first, last] = [toMs(event.kind.value.first), toMs(event.kind.value.last)];
    if (last < tear.at || first > tear.until) continue;
    at = Math.min(at, first);
    until = Math.max(until, last);
  }
  return at <= until ? { at: Math.max(at, tear.at), until: Math.min(until, tear.until) } : tear;
}
