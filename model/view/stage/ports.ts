/** Something that wants `size` px of an edge, best around `at`. */
export type Wish = { at: number; size: number };

/**
 * Places the wishes on an edge from `from` to `to`, in the given order, without overlap and as near to what each wants as
 * the others allow. Where they do not fit, all shrink alike. Returns centre and size of each.
 */
export function pack(wishes: readonly Wish[], from: number, to: number, gap: number): Wish[] {
  const room = Math.max(0, to - from);
  const gaps = Math.min(gap * Math.max(0, wishes.length - 1), room / 2);
  const between = wishes.length > 1 ? gaps / (wishes.length - 1) : 0;
  const wanted = wishes.reduce((sum, each) => sum + each.size, 0);
  const shrink = wanted > room - gaps ? (room - gaps) / wanted : 1;
  const placed = wishes.map(({ at, size }) => ({ at, size: size * shrink }));
  let low = from;
  for (const each of placed) {
    each.at = Math.max(each.at, low + each.size / 2);
    low = each.at + each.size / 2 + between;
  }
  let high = to;
  for (const each of placed.toReversed()) {
    each.at = Math.min(each.at, high - each.size / 2);
    high = each.at - each.size / 2 - between;
  }
  return placed;
}

/** One after the other, without gaps, around a centre; the sum of the sizes is kept. */
export function stack(sizes: readonly number[], centre: number): Wish[] {
  let at = centre - sizes.reduce((sum, size) => sum + size, 0) / 2;
  return sizes.map((size) => {
    const placed = { at: at + size / 2, size };
    at += size;
    return placed;
  });
}

/** A stream from an origin (its place across the flow) to a place on a pod's edge. */
export type Line = { origin: number; port: number };

/** How many pairs of streams of one side cross on their way. */
export function crossings(lines: readonly Line[]): number {
  let count = 0;
  lines.forEach((a, i) => {
    for (const b of lines.slice(i + 1)) if ((a.origin - b.origin) * (a.port - b.port) < 0) count += 1;
  });
  return count;
}

/**
 * The order of lanes on a pod's edge that makes their streams cross least: that of their origins. Two lanes that meet at
 * one pod then never cross on the way to it; what is left comes from the places of pods and clients alone.
 */
export function portOrder<T>(lanes: readonly T[], originOf: (lane: T) => number): T[] {
  return lanes.toSorted((a, b) => originOf(a) - originOf(b));
}
