import type { Lane } from '../../../gen/lbscope/agent/v1/agent_pb.js';
import { briefCount, count, type Entry, type Mark, ms } from '../scorecard.ts';

/** One figure of a lane's row: a value, its quiet second half, and what is said under it. */
export type TallyCell = {
  key: string;
  label: string;
  value: string;
  rest: string;
  mark: Mark;
  lost: boolean;
  note: string;
};

export type TallyHead = { key: string; label: string };

/** What holds for all lanes stands once, over the figures. */
export type TallyHeads = { sample: string; columns: TallyHead[] };

export function tallyHeads(lanes: readonly Lane[]): TallyHeads {
  const known = lanes.filter((lane) => (lane.fairness?.calls ?? 0) > 0);
  const most = known.toSorted((a, b) => (b.fairness?.calls ?? 0) - (a.fairness?.calls ?? 0))[0];
  const asked = askedByAll(lanes);
  const random =
    most !== undefined && (most.fairness?.podsReady ?? 0) > 1
      ? `, random spreading ${(most.fairness?.random ?? 0).toFixed(3)}`
      : '';
  return {
    sample: most === undefined ? 'no calls yet' : `n\u00a0${count(most.fairness?.calls ?? 0)}${random}`,
    columns: [
      { key: 'reaction', label: 'total' },
      { key: 'jain', label: 'fairness' },
      { key: 'removed', label: 'to removed' },
      { key: 'errors', label: 'errors' },
      { key: 'latency', label: 'p50 / p99 ms' },
      {
        key: 'rate',
        label: asked === undefined ? 'calls/s' : `of ${briefCount(asked)}/s`,
      },
    ],
  };
}

function askedByAll(lanes: readonly Lane[]): number | undefined {
  const all = new Set(lanes.filter((lane) => lane.state === 'running').map((lane) => lane.rate?.asked ?? 0));
  const [only] = all;
  return all.size === 1 && only !== undefined && only > 0 ? only : undefined;
}

/** `entries`: of this lane, as the scorecard derives and marks them. A sample that differs from the head's is said. */
export function tallyCells(lane: Lane, lanes: readonly Lane[], entries: readonly Entry[]): TallyCell[] {
  const of = (key: string) => entries.find((each) => each.key === key);
  const cell = (key: string, label: string, value: string, more: Partial<TallyCell> = {}): TallyCell => ({
    key,
    label,
    value,
    rest: '',
    mark: of(key)?.mark,
    lost: false,
    note: '',
    ...more,
  });
  if (entries.length === 0) return [];
  const most = Math.max(...lanes.map((each) => each.fairness?.calls ?? 0));
  const own = lane.fairness?.calls ?? 0;
  const lost = Object.values(lane.errors).reduce((sum, each) => sum + each, 0);
  const reaction = of('reaction')?.value ?? '–';
  const asked = lane.rate?.asked ?? 0;
  return [
    cell('reaction', 'Ready to first call', compact(reaction), {
      note: reaction.endsWith('+') ? 'counting' : '',
    }),
    cell('jain', 'Jain’s fairness', of('jain')?.value ?? '–', {
      // A tenth less is a lane that lost calls or began later: its figure rests on fewer.
      note: own > 0 && own < most * 0.9 ? `n ${count(own)}` : '',
    }),
    cell('removed', 'To removed pods', of('removed')?.value ?? '–'),
    cell('errors', 'Calls lost', of('errors')?.value ?? '–', { lost: lost > 0 }),
    cell('latency', 'p50 / p99, ms', (lane.latency?.calls ?? 0) > 0 ? ms(lane.latency?.p50Ms ?? 0) : '–', {
      rest: (lane.latency?.calls ?? 0) > 0 ? ` / ${ms(lane.latency?.p99Ms ?? 0)}` : '',
    }),
    cell('rate', 'Answered per s', count(lane.rate?.achieved ?? 0), {
      rest: askedByAll(lanes) === undefined && asked > 0 ? ` of ${count(asked)}` : '',
    }),
  ];
}

/** In a narrow column: up to 100 s in seconds, then in whole minutes, and the sign of what goes on. */
export function compact(reaction: string): string {
  return reaction
    .replace(/^(\d+)\u202fmin(?:\u00a0(\d+)\u202fs)?/, (_, minutes: string, seconds: string | undefined) => {
      const all = 60 * Number(minutes) + Number(seconds ?? 0);
      return all < 100 ? `${all}\u202fs` : `${minutes}\u202fmin`;
    })
    .replace(/\u202f\+$/, '…');
}
