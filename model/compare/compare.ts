import { Merged } from '../histogram.ts';
import { duration } from '../time.ts';
import { differenceInterval, type Interval, median, proportionsInterval } from './resample.ts';
import type { Block, LaneSummary, RunSummary } from './summary.ts';

export type Measure = 'busiest' | 'answering' | 'reaction' | 'losses' | 'p50' | 'p99';

/**
 * same: the interval lies within what counts as equal (equivalence, not "no evidence").
 * different: it lies wholly on one side of zero, and not within what counts as equal.
 * unclear: it allows both. too few: not enough for an interval.
 */
export type Verdict = 'same' | 'different' | 'unclear' | 'too few';

export interface Row {
  readonly laneId: string;
  readonly label: string;
  readonly measure: Measure;
  readonly what: string;
  readonly a: string;
  readonly b: string;
  /** B minus A, in words, with its unit; empty: there is none. */
  readonly difference: string;
  /** 95 %; empty: too few. */
  readonly interval: string;
  readonly verdict: Verdict;
  /** How many of what stand behind it: blocks of seconds, calls, or pods that came. */
  readonly sample: string;
  /** For drawing; absent without an interval. */
  readonly drawn?: {
    readonly difference: number;
    readonly low: number;
    readonly high: number;
    readonly margin: number;
  };
}

export interface Comparison {
  readonly rows: readonly Row[];
  /** Lanes that only one of the runs has. */
  readonly onlyA: readonly string[];
  readonly onlyB: readonly string[];
}

/**
 * What counts as equal. Shares: 5 points, about what a person sees in a band. Losses: 1 call in 1,000. Latency: a tenth, or
 * 1 ms where that is more (a bucket is 3 % wide). Reaction: a tenth, or 50 ms, a few turns of a rotation.
 */
export const margins = { share: 0.05, pods: 0.25, loss: 0.001, part: 0.1, latencyMs: 1, reactionMs: 50 } as const;

/** Fewer give no interval that means anything. */
export const leastBlocks = 5;
export const leastReactions = 3;
/** A block with fewer calls says nothing about shares. */
const leastCalls = 20;

/** Two runs, lane by lane. Lanes are matched by id. */
export function compareRuns(a: RunSummary, b: RunSummary): Comparison {
  const pairs = a.lanes.flatMap((lane) => {
    const other = b.lanes.find(({ id }) => id === lane.id);
    return other === undefined ? [] : [[lane, other] as const];
  });
  const only = (one: RunSummary, two: RunSummary) =>
    one.lanes.filter(({ id }) => two.lanes.every((lane) => lane.id !== id)).map(({ label }) => label);
  return {
    rows: pairs.flatMap(([one, two]) => [
      shareRow(one, two),
      answeringRow(one, two),
      reactionRow(one, two),
      lossRow(one, two),
      latencyRow(one, two, 'p50', 0.5),
      latencyRow(one, two, 'p99', 0.99),
    ]),
    onlyA: only(a, b),
    onlyB: only(b, a),
  };
}

function shareRow(a: LaneSummary, b: LaneSummary): Row {
  return blockRow(a, b, {
    measure: 'busiest',
    what: 'share of the busiest pod',
    of: meanOf(({ ranked, answered }) => (ranked[0] ?? 0) / answered),
    margin: margins.share,
    show: percent,
    showDifference: points,
  });
}

function answeringRow(a: LaneSummary, b: LaneSummary): Row {
  return blockRow(a, b, {
    measure: 'answering',
    what: 'pods that answer',
    of: meanOf(({ ranked }) => ranked.filter((calls) => calls > 0).length),
    margin: margins.pods,
    show: (value) => value.toFixed(1),
    showDifference: (value) => signed(value, (size) => size.toFixed(2)),
  });
}

function lossRow(a: LaneSummary, b: LaneSummary): Row {
  const rate = (lane: LaneSummary) => lane.lost / (lane.answered + lane.lost);
  const calls = [a.answered + a.lost, b.answered + b.lost] as const;
  const base = { measure: 'losses' as const, what: 'calls lost', a: ofCalls(a), b: ofCalls(b) };
  if (Math.min(...calls) === 0) return tooFew(a, { ...base, sample: `${calls[0]} and ${calls[1]} calls` });
  // Losses come in bursts, so calls are not independent; single bursts are too few to resample. The wider of both.
  const score = proportionsInterval(a.lost, calls[0], b.lost, calls[1]);
  const drawn = differenceInterval(a.blocks, b.blocks, (blocks) => {
    let [lost, all] = [0, 0];
    for (const block of blocks) {
      lost += block.lost;
      all += block.lost + block.answered;
    }
    return all === 0 ? 0 : lost / all;
  });
  const interval = { low: Math.min(score.low, drawn.low), high: Math.max(score.high, drawn.high) };
  return finished(a, {
    ...base,
    sample: `${calls[0]} and ${calls[1]} calls`,
    value: rate(b) - rate(a),
    interval,
    margin: margins.loss,
    show: (value) => signed(value, (size) => `${(size * 1_000).toFixed(2)} in 1000`),
  });
}

function reactionRow(a: LaneSummary, b: LaneSummary): Row {
  const words = ({ reactions, unanswered }: LaneSummary) => {
    const none = unanswered > 0 ? `, ${unanswered} never called` : '';
    return reactions.length === 0 ? `none${none}` : `${duration(median(reactions))}${none}`;
  };
  const base = {
    measure: 'reaction' as const,
    what: 'reaction, median',
    a: words(a),
    b: words(b),
    sample: `${a.reactions.length} and ${b.reactions.length} pods`,
  };
  if (a.unanswered + b.unanswered > 0 && (a.reactions.length === 0) !== (b.reactions.length === 0)) {
    // One path never reacted and the other did: no interval is needed to see that.
    const enough = Math.max(a.reactions.length, b.reactions.length) >= leastReactions;
    return { ...tooFew(a, base), verdict: enough ? 'different' : 'too few' };
  }
  if (a.reactions.length + b.reactions.length === 0 && Math.min(a.unanswered, b.unanswered) >= leastReactions) {
    return { ...tooFew(a, base), verdict: 'same' };
  }
  if (Math.min(a.reactions.length, b.reactions.length) < leastReactions) return tooFew(a, base);
  return finished(a, {
    ...base,
    value: median(b.reactions) - median(a.reactions),
    interval: differenceInterval(a.reactions, b.reactions, median),
    margin: Math.max(margins.reactionMs, margins.part * median(a.reactions)),
    show: (value) => signed(value, duration),
  });
}

function latencyRow(a: LaneSummary, b: LaneSummary, measure: 'p50' | 'p99', q: number): Row {
  const of = (blocks: readonly Block[]) => {
    const merged = new Merged();
    for (const { latency } of blocks) for (const part of latency) merged.add(part);
    return merged.quantile(q) / 1_000;
  };
  const before = of(a.blocks);
  return blockRow(a, b, {
    measure,
    what: `latency ${measure}`,
    of,
    margin: Math.max(margins.latencyMs, margins.part * before),
    show: duration,
    showDifference: (value) => signed(value, duration),
    // Each resample merges every block's histogram.
    times: 300,
  });
}

function blockRow(
  a: LaneSummary,
  b: LaneSummary,
  row: {
    readonly measure: Measure;
    readonly what: string;
    of(blocks: readonly Block[]): number;
    readonly margin: number;
    show(value: number): string;
    showDifference(value: number): string;
    readonly times?: number;
  },
): Row {
  const usable = (lane: LaneSummary) => lane.blocks.filter(({ answered }) => answered >= leastCalls);
  const [one, two] = [usable(a), usable(b)];
  const base = {
    measure: row.measure,
    what: row.what,
    a: one.length === 0 ? 'no calls' : row.show(row.of(one)),
    b: two.length === 0 ? 'no calls' : row.show(row.of(two)),
    sample: `${one.length} and ${two.length} blocks of ${a.blockMs / 1_000} s`,
  };
  if (Math.min(one.length, two.length) < leastBlocks) return tooFew(a, base);
  return finished(a, {
    ...base,
    value: row.of(two) - row.of(one),
    interval: differenceInterval(one, two, (blocks) => row.of(blocks), undefined, row.times),
    margin: row.margin,
    show: row.showDifference,
  });
}

type Base = Pick<Row, 'measure' | 'what' | 'a' | 'b' | 'sample'>;

function tooFew(lane: LaneSummary, base: Base): Row {
  return { laneId: lane.id, label: lane.label, ...base, difference: '', interval: '', verdict: 'too few' };
}

function finished(
  lane: LaneSummary,
  {
    value,
    interval,
    margin,
    show,
    ...base
  }: Base & { value: number; interval: Interval; margin: number; show(value: number): string },
): Row {
  return {
    laneId: lane.id,
    label: lane.label,
    ...base,
    difference: show(value),
    interval: fromTo(show(interval.low), show(interval.high)),
    verdict: judge(interval, margin),
    drawn: { difference: value, ...interval, margin },
  };
}

/** The unit once, where both have the same. */
function fromTo(low: string, high: string): string {
  const unit = high.replace(/^[+\u2212]?[\d.]+/, '');
  return `${low.endsWith(unit) ? low.slice(0, low.length - unit.length) : low} to ${high}`;
}

export function judge({ low, high }: Interval, margin: number): Verdict {
  if (low >= -margin && high <= margin) return 'same';
  return low > 0 || high < 0 ? 'different' : 'unclear';
}

function meanOf(of: (block: Block) => number): (blocks: readonly Block[]) => number {
  return (blocks) => blocks.reduce((sum, block) => sum + of(block), 0) / blocks.length;
}

function percent(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}

function points(value: number): string {
  return signed(value, (size) => `${(size * 100).toFixed(1)} points`);
}

function signed(value: number, show: (size: number) => string): string {
  const text = show(Math.abs(value));
  // What rounds to nothing has no sign.
  if (!/[1-9]/.test(text)) return text;
  return `${value < 0 ? '\u2212' : '+'}${text}`;
}

function ofCalls({ lost, answered }: LaneSummary): string {
  return `${lost} of ${answered + lost}`;
}
