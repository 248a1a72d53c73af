import type { Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { type Bracket, shortLabel } from './brackets.ts';
import { grouped } from './grouped.ts';

export type Mark = 'best' | 'worst' | undefined;
export type Entry = { key: string; value: string; label: string; short: string; mark: Mark; strong: boolean };

/** A figure to compare: smaller is better. `slack`: differences up to this are none. */
export type Figure = { value: number; slack: number } | undefined;

/** Best and worst of one figure over the lanes. All alike: no marks. A tie at the good end: no best; at the bad end: all. */
export function marks(figures: readonly Figure[]): Mark[] {
  const known = figures.filter((each) => each !== undefined);
  if (known.length < 2) return figures.map(() => undefined);
  const slack = Math.max(...known.map((each) => each.slack));
  const best = Math.min(...known.map((each) => each.value));
  const worst = Math.max(...known.map((each) => each.value));
  // Not `worst - best`: both may be infinite.
  if (!(worst > best + slack)) return figures.map(() => undefined);
  const atBest = known.filter((each) => each.value <= best + slack).length;
  return figures.map((each) => {
    if (each === undefined) return undefined;
    if (each.value <= best + slack) return atBest === 1 ? 'best' : undefined;
    if (each.value === worst || each.value >= worst - slack) return 'worst';
    return undefined;
  });
}

/** Six entries for each lane, in the same order on all, so that the eye compares downwards. */
export function scorecards(
  lanes: readonly Lane[],
  latest: ReadonlyMap<string, Bracket | undefined>,
): Map<string, Entry[]> {
  const shown = lanes.filter((lane) => lane.state !== 'unavailable');
  const lostOf = (lane: Lane) => Object.values(lane.errors).reduce((sum, each) => sum + each, 0);
  const removedOf = (lane: Lane) => lane.toRemovedAnswered + lane.toRemovedLost;
  const compare = (figure: (lane: Lane) => Figure) => {
    const all = marks(shown.map(figure));
    return new Map(shown.map((lane, i) => [lane.id, all[i]]));
  };
  const turn = Math.max(0, ...shown.map((lane) => turnMs(lane)));
  const jain = compare((lane) =>
    lane.fairness !== undefined && lane.fairness.calls > 0 && lane.fairness.podsReady > 1
      ? { value: -lane.fairness.jain, slack: 0.02 }
      : undefined,
  );
  // Waiting for its turn is arithmetic, not reaction: differences up to it are none.
  const reaction = compare((lane) => {
    const bracket = latest.get(lane.id);
    if (bracket === undefined || bracket.state === 'ended') return undefined;
    if (bracket.state === 'never') return { value: Number.MAX_VALUE, slack: turn };
    if (bracket.toMs === undefined) return { value: Number.MAX_VALUE / 2, slack: turn };
    return { value: bracket.toMs - bracket.fromMs, slack: turn };
  });
  const removed = compare((lane) => ({ value: removedOf(lane), slack: 0 }));
  // Outages of one length differ by a few calls: a tenth is no difference between paths.
  const errors = compare((lane) => ({ value: lostOf(lane), slack: lostOf(lane) * 0.1 }));
  const latency = compare((lane) =>
    lane.latency !== undefined && lane.latency.calls >= 100
      ? { value: lane.latency.p99Ms, slack: Math.max(0.5, lane.latency.p99Ms * 0.25) }
      : undefined,
  );
  const achieved = compare((lane) =>
    lane.rate !== undefined && lane.rate.asked > 0
      ? { value: 1 - lane.rate.achieved / lane.rate.asked, slack: 0.02 }
      : undefined,
  );
  return new Map(
    lanes.map((lane): [string, Entry[]] => {
      if (lane.state === 'unavailable') return [lane.id, []];
      const fairness = lane.fairness;
      const bracket = latest.get(lane.id);
      const one = (fairness?.podsReady ?? 0) < 2;
      const entries: Entry[] = [
        {
          key: 'jain',
          value: fairness === undefined || fairness.calls === 0 || one ? '–' : fairness.jain.toFixed(2),
          label: one
            ? 'Jain needs two pods'
            : `Jain, n ${count(fairness?.calls ?? 0)}, random ${(fairness?.random ?? 0).toFixed(3)}`,
          short: one ? 'Jain' : `Jain, n ${briefCount(fairness?.calls ?? 0)}`,
          mark: jain.get(lane.id),
          strong: false,
        },
        {
          key: 'reaction',
          value: reactionText(bracket),
          label: 'Ready to first call',
          short: 'Ready to call',
          mark: reaction.get(lane.id),
          strong: false,
        },
        {
          key: 'removed',
          value: count(removedOf(lane)),
          label: 'to removed pods',
          short: 'to removed',
          mark: removed.get(lane.id),
          strong: false,
        },
        {
          key: 'errors',
          value: count(lostOf(lane)),
          label: 'errors',
          short: 'errors',
          mark: errors.get(lane.id),
          strong: false,
        },
        {
          key: 'latency',
          value:
            lane.latency === undefined || lane.latency.calls === 0
              ? '–'
              : `${ms(lane.latency.p50Ms)} / ${ms(lane.latency.p99Ms)}`,
          label: 'p50 / p99 ms',
          short: 'p50 / p99 ms',
          mark: latency.get(lane.id),
          strong: false,
        },
        {
          key: 'rate',
          value: `${lane.rate !== undefined && lane.rate.asked > 0 ? `${briefCount(lane.rate.asked)} / ` : ''}${briefCount(lane.rate?.achieved ?? 0)}`,
          label: lane.rate !== undefined && lane.rate.asked > 0 ? 'asked / got per s' : 'got per s',
          short: lane.rate !== undefined && lane.rate.asked > 0 ? 'asked / got' : 'got per s',
          mark: achieved.get(lane.id),
          strong: false,
        },
      ];
      return [lane.id, entries.map((each) => ({ ...each, strong: each.mark !== undefined }))];
    }),
  );
}

function turnMs(lane: Lane): number {
  const pods = lane.fairness?.podsReady ?? 0;
  const rate = lane.rate?.achieved ?? 0;
  return rate > 0 ? (pods * 1_000) / rate : 0;
}

function reactionText(bracket: Bracket | undefined): string {
  if (bracket === undefined || bracket.state === 'ended') return '–';
  if (bracket.state === 'never') return 'never';
  if (bracket.toMs === undefined) return shortLabel(bracket.label);
  return bracket.label;
}

/** Calls, with thin spaces between thousands; a fraction only below ten. */
export function count(value: number): string {
  return value >= 10 || Number.isInteger(value) ? grouped(value) : String(Math.round(value * 10) / 10);
}

/** The same where there is little room: from 10,000 on in thousands, with one digit. */
export function briefCount(value: number): string {
  return value < 10_000 ? count(value) : `${Math.round(value / 100) / 10}k`;
}

/** Two digits that matter, which is what the histogram's error leaves; all of them from 100 on. */
export function ms(value: number): string {
  if (value >= 9.95) return count(value);
  return value.toFixed(value < 0.995 ? 2 : 1);
}
