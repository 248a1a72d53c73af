import type { LaneSlice, PodCount } from './frames.ts';

/** A stretch of the band: shares that hold from one instant to the next, oldest pod first. */
export type Stretch = { fromMs: number; toMs: number; shares: { uid: string; share: number }[] };

/** How finely a band is drawn, and over how much time a share is taken. */
type Grain = { binMs: number; smoothMs: number };
type Interval = { uid: string; fromMs: number; toMs: number; open: boolean };

/** Between membership changes the band is drawn in bins of this length, on a fixed grid so that they do not shimmer. */
const binMs = 500;
/** Shares in a bin are those of a window this wide, never across a membership change. */
const smoothLeastMs = 3_500;
/** At low rates wider, or the shares of a few calls would jump. */
const smoothTurns = 20;
/** A pod that answered nothing for this long, and for this many turns, has left the band. */
const leftAfterMs = 1_200;
const leftAfterTurns = 4;
/** At the now edge less patience is needed: the others went on without it. */
const leftNowMs = 450;
const leftNowTurns = 3;
/** Edges closer than this are one edge: pods that take turns never start at the same instant. */
const oneEdgeMs = 120;
/** Shares that stay within this of their mean are drawn as one straight stretch. */
const straight = 0.012;

/**
 * Who answered, over time. `order`: UIDs, oldest first. `pixelMs`: how much time a point of the picture holds; finer
 * than that nothing is drawn, and nothing is left out: a bin is the sum of what fell into it.
 */
export function band(slices: readonly LaneSlice[], order: readonly string[], pixelMs = 0): Stretch[] {
  if (slices.length === 0) return [];
  const grain: Grain = { binMs: binMs * Math.max(1, Math.ceil(pixelMs / binMs)), smoothMs: 0 };
  const turnMs = turnOf(slices, order.length);
  const rows = rowsOf(slices, order);
  const intervals = answering(slices, rows, turnMs);
  const edges = joined(intervals.flatMap((each) => (each.open ? [each.fromMs] : [each.fromMs, each.toMs])));
  const end = slices[slices.length - 1]?.toMs ?? 0;
  const stretches: Stretch[] = [];
  edges.forEach((fromMs, i) => {
    const toMs = edges[i + 1] ?? end;
    if (toMs <= fromMs) return;
    const middle = (fromMs + toMs) / 2;
    const present = new Set(
      intervals.filter((each) => each.fromMs <= middle && (each.open || each.toMs >= middle)).map((each) => each.uid),
    );
    const places = order.flatMap((uid, place) => (present.has(uid) ? [place] : []));
    const smoothMs = Math.max(smoothLeastMs, smoothTurns * turnMs, 2 * grain.binMs);
    if (places.length > 0) stretches.push(...binned(rows, order, places, fromMs, toMs, { ...grain, smoothMs }));
  });
  return stretches;
}

/** A slice's pods that answered, each with its place in the order of the pods; -1: it is not one of them. */
type Row = { key: string; slice: LaneSlice; pods: readonly PodCount[]; at: Int32Array };

const known = new WeakMap<LaneSlice, Row>();

/**
 * Looking pods up by name is most of what a band costs: 450 slices of 30 pods, for each lane, several times a second. So
 * their places are kept with the slice, as long as the order is the same.
 */
function rowsOf(slices: readonly LaneSlice[], order: readonly string[]): Row[] {
  const key = order.join(' ');
  let place: Map<string, number> | undefined;
  return slices.map((slice) => {
    const kept = known.get(slice);
    if (kept !== undefined && kept.key === key) return kept;
    place ??= new Map(order.map((uid, i) => [uid, i]));
    const pods = slice.pods.filter((pod) => pod.answered > 0 && pod.uid !== '');
    const row = { key, slice, pods, at: Int32Array.from(pods, (pod) => place?.get(pod.uid) ?? -1) };
    known.set(slice, row);
    return row;
  });
}

/** From when to when each pod answered. `turnMs`: how long each pod waits for its turn, if all take turns. */
function answering(slices: readonly LaneSlice[], rows: readonly Row[], turnMs: number): Interval[] {
  const patienceMs = Math.max(leftAfterMs, leftAfterTurns * turnMs);
  const placed: (Interval | undefined)[] = [];
  const others = new Map<string, Interval>();
  const closed: Interval[] = [];
  for (const { pods, at } of rows) {
    for (let j = 0; j < pods.length; j += 1) {
      const pod = pods[j] as PodCount;
      const i = at[j] as number;
      const current = i < 0 ? others.get(pod.uid) : placed[i];
      if (current !== undefined && pod.firstMs - current.toMs <= patienceMs) {
        current.toMs = Math.max(current.toMs, pod.lastMs);
        continue;
      }
      if (current !== undefined) closed.push({ ...current, open: false });
      const begun = { uid: pod.uid, fromMs: pod.firstMs, toMs: pod.lastMs, open: true };
      if (i < 0) others.set(pod.uid, begun);
      else placed[i] = begun;
    }
  }
  const open = [...placed.filter((each) => each !== undefined), ...others.values()];
  const end = slices[slices.length - 1]?.toMs ?? 0;
  const patienceNowMs = Math.max(leftNowMs, leftNowTurns * turnMs);
  for (const each of open) closed.push({ ...each, open: end - each.toMs <= patienceNowMs });
  return closed;
}

/** Pauses of the traffic do not count: a gap is taken as five usual ones at most. */
function turnOf(slices: readonly LaneSlice[], pods: number): number {
  const issuing = slices.filter((each) => each.issued > 0);
  const gaps = issuing.slice(1).map((each, i) => each.fromMs - (issuing[i] as LaneSlice).fromMs);
  const usual = gaps.toSorted((x, y) => x - y)[Math.floor(gaps.length / 2)] ?? 0;
  // A merged frame is as long as it is.
  const most = (i: number) => 5 * Math.max(usual, length(issuing[i] as LaneSlice));
  const spent = gaps.reduce((sum, gap, i) => sum + Math.min(gap, most(i)), 0);
  const answered = issuing.reduce((sum, each) => sum + each.answered, 0);
  return answered === 0 ? 0 : (spent / answered) * pods;
}

/**
 * Shares of the answers from one slice to another (not included), of the pods at these places; undefined where there are none.
 * All sums up to each slice in one row after the other, as this is asked for each bin of each pod, several times a second.
 */
function summed(rows: readonly Row[], places: readonly number[]): (a: number, b: number) => number[] | undefined {
  const wide = places.length;
  const column = new Int32Array(1 + Math.max(-1, ...places)).fill(-1);
  places.forEach((place, i) => {
    column[place] = i;
  });
  const sums = new Float64Array((rows.length + 1) * wide);
  rows.forEach(({ pods, at }, row) => {
    const next = (row + 1) * wide;
    sums.copyWithin(next, next - wide, next);
    for (let j = 0; j < pods.length; j += 1) {
      const place = at[j] as number;
      const i = place < 0 ? -1 : (column[place] ?? -1);
      if (i >= 0) sums[next + i] = (sums[next + i] as number) + (pods[j] as PodCount).answered;
    }
  });
  return (a, b) => {
    const [low, high] = [a * wide, b * wide];
    const shares = new Array<number>(wide);
    let total = 0;
    for (let i = 0; i < wide; i += 1) {
      const count = (sums[high + i] as number) - (sums[low + i] as number);
      shares[i] = count;
      total += count;
    }
    if (total === 0) return undefined;
    for (let i = 0; i < wide; i += 1) shares[i] = (shares[i] as number) / total;
    return shares;
  };
}

function length(slice: LaneSlice): number {
  return slice.toMs - slice.fromMs;
}

function joined(instants: number[]): number[] {
  const sorted = instants.sort((a, b) => a - b);
  const edges: number[] = [];
  for (const each of sorted) {
    const last = edges[edges.length - 1];
    if (last === undefined || each - last > oneEdgeMs) edges.push(each);
  }
  return edges;
}

/** `places`: of the pods that answer in this stretch, in the order of all. */
function binned(
  all: readonly Row[],
  order: readonly string[],
  places: readonly number[],
  fromMs: number,
  toMs: number,
  grain: Grain,
): Stretch[] {
  const uids = places.map((place) => order[place] as string);
  // Only frames wholly inside tell about this stretch, unless it is shorter than a frame.
  let rows = all.filter(({ slice }) => slice.fromMs >= fromMs - 1 && slice.toMs <= toMs + 1);
  if (rows.length === 0) rows = all.filter(({ slice }) => slice.toMs > fromMs && slice.fromMs < toMs);
  const inside = rows.map(({ slice }) => slice);
  const { binMs } = grain;
  // At least two whole frames in each window, also where they are merged ones.
  const smoothMs = Math.max(grain.smoothMs, 2.2 * inside.reduce((most, each) => Math.max(most, length(each)), 0));
  const between = summed(rows, places);
  const mean = between(0, inside.length) ?? uids.map(() => 1 / uids.length);
  const whole = { fromMs, toMs, shares: uids.map((uid, i) => ({ uid, share: mean[i] as number })) };
  if (toMs - fromMs <= smoothMs || uids.length === 1) return [whole];

  const bins: { fromMs: number; toMs: number; shares: number[] }[] = [];
  let low = 0;
  let high = 0;
  for (let at = fromMs; at < toMs; ) {
    const until = Math.min(toMs, (Math.floor(at / binMs) + 1) * binMs);
    const centre = (at + until) / 2;
    const windowFrom = Math.max(fromMs, Math.min(centre - smoothMs / 2, toMs - smoothMs));
    const windowTo = Math.min(toMs, windowFrom + smoothMs);
    while (low < inside.length && (inside[low] as LaneSlice).fromMs < windowFrom - 1) low += 1;
    while (high < inside.length && (inside[high] as LaneSlice).toMs <= windowTo + 1) high += 1;
    bins.push({ fromMs: at, toMs: until, shares: between(Math.min(low, high), high) ?? mean });
    at = until;
  }
  if (bins.every((bin) => bin.shares.every((share, i) => Math.abs(share - (mean[i] as number)) < straight)))
    return [whole];
  return bins.map((bin) => ({
    fromMs: bin.fromMs,
    toMs: bin.toMs,
    shares: uids.map((uid, i) => ({ uid, share: bin.shares[i] as number })),
  }));
}
