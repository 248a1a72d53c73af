import type { GetSnapshotResponse, Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { duration, toMsOrUndefined } from '../time.ts';
import { type Bracket, shortLabel } from './brackets.ts';
import { count, type Figure, type Mark, marks, ms } from './scorecard.ts';

/** One lane's value of a measure; `sample`: what it rests on, where that differs from lane to lane. */
export type Cell = { value: string; sample: string; mark: Mark };
export type Measure = {
  key: string;
  group: 'spread' | 'reaction' | 'loss' | 'time' | 'work';
  name: string;
  /** What it is, in which unit, over which time. */
  definition: string;
  cells: readonly Cell[];
};
export type Ledger = { lanes: readonly { id: string; label: string; verdict: string }[]; measures: readonly Measure[] };

type Draft = Omit<Measure, 'cells'> & {
  value(lane: Lane): string;
  sample?(lane: Lane): string;
  /** Smaller is better; without it nobody is best. */
  figure?(lane: Lane): Figure;
};

const none = '–';
const window = 'of the last 10 s';

/** Every measure with its sample and its definition, lanes beside each other. */
export function ledger(snapshot: GetSnapshotResponse, latest: ReadonlyMap<string, Bracket | undefined>): Ledger {
  const lanes = snapshot.lanes.filter((lane) => lane.state !== 'unavailable');
  const turn = Math.max(0, ...lanes.map(turnMs));
  return {
    lanes: lanes.map(({ id, label, verdict }) => ({ id, label, verdict })),
    measures: drafts(snapshot, latest, turn).map(({ value, sample, figure, ...measure }) => {
      const marked = figure === undefined ? [] : marks(lanes.map(figure));
      return {
        ...measure,
        cells: lanes.map((lane, i) => ({ value: value(lane), sample: sample?.(lane) ?? '', mark: marked[i] })),
      };
    }),
  };
}

function drafts(
  snapshot: GetSnapshotResponse,
  latest: ReadonlyMap<string, Bracket | undefined>,
  turn: number,
): Draft[] {
  const judged = (lane: Lane) => (lane.fairness?.calls ?? 0) > 0 && (lane.fairness?.podsReady ?? 0) > 1;
  const calls = (lane: Lane) => `n ${count(lane.fairness?.calls ?? 0)}`;
  const timed = (lane: Lane) => (lane.latency?.calls ?? 0) > 0;
  const nowMs = toMsOrUndefined(snapshot.at) ?? 0;
  const quantile = (key: 'p50Ms' | 'p90Ms' | 'p99Ms' | 'maxMs') => (lane: Lane) =>
    timed(lane) ? `${ms(lane.latency?.[key] ?? 0)} ms` : none;
  return [
    {
      key: 'jain',
      group: 'spread',
      name: 'Jain’s fairness',
      definition: `(Σx)² / (k·Σx²) over the answered calls x of each of the k ready pods, ${window}. 1 is even, 1/k is all on one pod. Beside it: the number of calls, and what random spreading of so many would give.`,
      value: (lane) => (judged(lane) ? (lane.fairness?.jain ?? 0).toFixed(3) : none),
      sample: (lane) => (judged(lane) ? `${calls(lane)}, random ${(lane.fairness?.random ?? 0).toFixed(3)}` : ''),
      figure: (lane) => (judged(lane) ? { value: -(lane.fairness?.jain ?? 0), slack: 0.02 } : undefined),
    },
    {
      key: 'maxOverMean',
      group: 'spread',
      name: 'Busiest pod, of the mean',
      definition: `Calls of the busiest ready pod over the mean of all ready pods, ${window}. 1 is even; k is all on one of k.`,
      value: (lane) => (judged(lane) ? (lane.fairness?.maxOverMean ?? 0).toFixed(2) : none),
      sample: (lane) => (judged(lane) ? calls(lane) : ''),
      figure: (lane) => (judged(lane) ? { value: lane.fairness?.maxOverMean ?? 0, slack: 0.15 } : undefined),
    },
    {
      key: 'variation',
      group: 'spread',
      name: 'Coefficient of variation',
      definition: `Standard deviation over mean of the calls per ready pod, ${window}. 0 is even.`,
      value: (lane) => (judged(lane) ? (lane.fairness?.coefficientOfVariation ?? 0).toFixed(2) : none),
      sample: (lane) => (judged(lane) ? calls(lane) : ''),
    },
    {
      key: 'answering',
      group: 'spread',
      name: 'Pods answering, of ready',
      definition: `Ready pods that answered at least one call, ${window}, of all ready pods.`,
      value: (lane) => `${count(lane.fairness?.podsAnswering ?? 0)} of ${count(lane.fairness?.podsReady ?? 0)}`,
      figure: (lane) => (judged(lane) ? { value: -(lane.fairness?.podsAnswering ?? 0), slack: 0 } : undefined),
    },
    {
      key: 'reaction',
      group: 'reaction',
      name: 'Ready to first call',
      definition:
        'From the instant the EndpointSlice said ready, as the agent’s own watch saw it, to the first answered call of the slowest new pod of the last change. Waiting for its turn is arithmetic (pods / calls per second), so smaller differences are none.',
      value: (lane) => {
        const bracket = latest.get(lane.id);
        if (bracket === undefined || bracket.state === 'ended') return none;
        return bracket.toMs === undefined ? shortLabel(bracket.label) : bracket.label;
      },
      sample: (lane) => (turnMs(lane) > 0 ? `its turn alone: ${duration(turnMs(lane))}` : ''),
      figure: (lane) => {
        const bracket = latest.get(lane.id);
        if (bracket === undefined || bracket.state === 'ended') return undefined;
        if (bracket.toMs !== undefined) return { value: bracket.toMs - bracket.fromMs, slack: turn };
        return { value: bracket.state === 'never' ? Number.MAX_VALUE : Number.MAX_VALUE / 2, slack: turn };
      },
    },
    {
      key: 'belief',
      group: 'reaction',
      name: 'Age of what it believes',
      definition:
        'Since the last DNS answer, watch event or membership read. A live watch is up to date however long it was silent.',
      value: (lane) => {
        const at = toMsOrUndefined(lane.belief?.resolvedAt);
        if (lane.belief?.source === 'watch' && lane.belief.nextKind === 'push') return 'live';
        return at === undefined || lane.belief?.source === 'static' ? none : duration(Math.max(0, nowMs - at));
      },
      sample: (lane) => differs(lane),
    },
    {
      key: 'removed',
      group: 'loss',
      name: 'Calls to removed pods',
      definition:
        'Sent in this run to an address after the truth showed it not ready, answered and lost ones together. Calls that were in flight at that moment are not among them.',
      value: (lane) => count(lane.toRemovedAnswered + lane.toRemovedLost),
      sample: (lane) => `${count(lane.toRemovedAnswered)} answered, ${count(lane.toRemovedLost)} lost`,
      figure: (lane) => ({ value: lane.toRemovedAnswered + lane.toRemovedLost, slack: 0 }),
    },
    {
      key: 'errors',
      group: 'loss',
      name: 'Lost calls',
      definition: 'Failed calls of this run, by class, of those issued. Differences below a tenth are none.',
      value: (lane) => count(lost(lane)),
      sample: (lane) => {
        const classes = Object.entries(lane.errors)
          .filter(([, n]) => n > 0)
          .map(([name, n]) => `${name.replaceAll('_', ' ')} ${count(n)}`);
        return [`of ${count(lane.issued)}`, ...classes].join(', ');
      },
      figure: (lane) => ({ value: lost(lane), slack: lost(lane) * 0.1 }),
    },
    {
      key: 'retries',
      group: 'loss',
      name: 'Sent again transparently',
      definition:
        'Calls of this run that no server had begun and that were sent again without any retry policy (gRFC A6). No errors, and counted apart.',
      value: (lane) => count(lane.transparentRetries),
    },
    ...(
      [
        ['p50', 'p50Ms', 'Half of the calls took no longer'],
        ['p90', 'p90Ms', 'Nine of ten calls took no longer'],
        ['p99', 'p99Ms', '99 of 100 calls took no longer'],
        ['max', 'maxMs', 'The longest call'],
      ] as const
    ).map(
      ([name, key, meaning]): Draft => ({
        key: name,
        group: 'time',
        name: name === 'max' ? 'Longest call' : `Latency ${name}`,
        definition: `${meaning}, from the intended send to the end, ${window}: a call that had to wait to be sent waited for its user too. The histogram is exact to 3.2 %.`,
        value: quantile(key),
        sample: (lane) => (timed(lane) ? `n ${count(lane.latency?.calls ?? 0)}` : ''),
        ...(key === 'p99Ms'
          ? {
              figure: (lane: Lane) =>
                (lane.latency?.calls ?? 0) >= 100
                  ? { value: lane.latency?.p99Ms ?? 0, slack: Math.max(0.5, (lane.latency?.p99Ms ?? 0) * 0.25) }
                  : undefined,
            }
          : {}),
      }),
    ),
    {
      key: 'service',
      group: 'time',
      name: 'Service time p50 / p99',
      definition: `The same from the actual send, ${window}: what the path and the pod take.`,
      value: (lane) =>
        (lane.serviceTime?.calls ?? 0) > 0
          ? `${ms(lane.serviceTime?.p50Ms ?? 0)} / ${ms(lane.serviceTime?.p99Ms ?? 0)} ms`
          : none,
      sample: (lane) => ((lane.serviceTime?.calls ?? 0) > 0 ? `n ${count(lane.serviceTime?.calls ?? 0)}` : ''),
    },
    {
      key: 'rate',
      group: 'work',
      name: 'Calls/s asked / achieved',
      definition: `Asked for by the settings, and answered, a second, ${window}. In a closed loop nothing is asked.`,
      value: (lane) =>
        `${(lane.rate?.asked ?? 0) > 0 ? `${count(lane.rate?.asked ?? 0)} / ` : ''}${count(lane.rate?.achieved ?? 0)}`,
      sample: (lane) => (lane.shortfall > 0 ? `${count(lane.shortfall)} never sent in time` : ''),
      figure: (lane) =>
        (lane.rate?.asked ?? 0) > 0
          ? { value: 1 - (lane.rate?.achieved ?? 0) / (lane.rate?.asked ?? 1), slack: 0.02 }
          : undefined,
    },
    {
      key: 'lookups',
      group: 'work',
      name: 'Lookups / watch events',
      definition: 'Answers of DNS or reads of a proxy’s membership, and messages of the watch, in this run.',
      value: (lane) => `${count(lane.lookups)} / ${count(lane.watchEvents)}`,
    },
    {
      key: 'connections',
      group: 'work',
      name: 'Connections opened / closed',
      definition: 'In this run; beside it how many are open now.',
      value: (lane) => `${count(lane.connectionsOpened)} / ${count(lane.connectionsClosed)}`,
      sample: (lane) => `${lane.connections.length} open`,
    },
  ];
}

function differs(lane: Lane): string {
  const missing = lane.belief?.missing.length ?? 0;
  const ghosts = lane.belief?.ghosts.length ?? 0;
  return [missing > 0 ? `${missing} missing` : '', ghosts > 0 ? `${ghosts} ${ghosts === 1 ? 'ghost' : 'ghosts'}` : '']
    .filter((each) => each !== '')
    .join(', ');
}

function lost(lane: Lane): number {
  return Object.values(lane.errors).reduce((sum, each) => sum + each, 0);
}

function turnMs(lane: Lane): number {
  const rate = lane.rate?.achieved ?? 0;
  return rate > 0 ? ((lane.fairness?.podsReady ?? 0) * 1_000) / rate : 0;
}

/** Headline, verdicts and all measures, to be pasted into a ticket. */
export function toMarkdown(headline: string, when: string, { lanes, measures }: Ledger): string {
  const row = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`;
  const cell = ({ value, sample, mark }: Cell) =>
    `${value}${mark === undefined ? '' : ` (${mark})`}${sample === '' ? '' : `; ${sample}`}`;
  return [
    `## ${escaped(headline)}`,
    '',
    when,
    '',
    ...lanes.map((lane) => `- **${escaped(lane.label)}**: ${escaped(lane.verdict)}`),
    '',
    row(['', ...lanes.map((lane) => lane.label)]),
    row(['---', ...lanes.map(() => '---')]),
    ...measures.map((measure) => row([measure.name, ...measure.cells.map(cell)])),
    '',
  ].join('\n');
}

/** Nothing that a pod or a server says may break out of its cell. */
function escaped(text: string): string {
  return text
    .replace(/[\u202f\u00a0\u2009]/g, ' ')
    .replace(/[\\|*_`<>[\]]/g, (sign) => `\\${sign}`)
    .replace(/\s*\n\s*/g, ' ');
}
