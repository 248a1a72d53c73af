import { reactionMs, storyState, turnNow } from './changes.ts';
import { jain, randomJain } from './measures.ts';
import { scoreOf } from './score.ts';
import type { LaneRun, Run, StoryRun } from './state.ts';
import { duration } from './time.ts';
import { readyUids } from './truth.ts';

export type ScoreName = 'fairness' | 'reaction' | 'toRemoved' | 'errors' | 'latency' | 'rate';
export type Mark = 'best' | 'worst' | undefined;

export interface ScoreEntry {
  /** What to compare; undefined where there is nothing to show, and then `text` says why. */
  readonly value: number | undefined;
  readonly text: string;
  /** What the number is, with its sample where that matters. */
  readonly label: string;
  readonly mark: Mark;
}

export interface LaneScorecard {
  readonly laneId: string;
  readonly entries: Readonly<Record<ScoreName, ScoreEntry>>;
}

interface Raw {
  readonly value: number | undefined;
  readonly text: string;
  readonly label: string;
  /** Values nearer than this are equal. */
  readonly tolerance: number;
}

const names: readonly ScoreName[] = ['fairness', 'reaction', 'toRemoved', 'errors', 'latency', 'rate'];

/** Six entries per lane, in the order of the lanes. Marked only where lanes really differ; ties are marked together at the bad end, and never all. */
export function scorecard(run: Run, now: number): LaneScorecard[] {
  const lanes = [...run.lanes.values()];
  const raw = lanes.map((lane) => ({ lane, entries: rawOf(run, lane, now) }));
  const marks = new Map(
    names.map((name) => [
      name,
      marksOf(
        raw.map(({ entries }) => entries[name]),
        name === 'fairness' || name === 'rate',
      ),
    ]),
  );
  return raw.map(({ lane, entries }, index) => {
    const entry = (name: ScoreName): ScoreEntry => {
      const { value, text, label } = entries[name];
      return { value, text, label, mark: marks.get(name)![index] };
    };
    return {
      laneId: lane.id,
      entries: {
        fairness: entry('fairness'),
        reaction: entry('reaction'),
        toRemoved: entry('toRemoved'),
        errors: entry('errors'),
        latency: entry('latency'),
        rate: entry('rate'),
      },
    };
  });
}

function rawOf(run: Run, lane: LaneRun, now: number): Record<ScoreName, Raw> {
  const score = scoreOf(run, lane.id);
  const ready = readyUids(run);
  const spread = ready.map((uid) => score.pods.get(uid)?.answered ?? 0);
  const n = spread.reduce((a, b) => a + b, 0);
  const expected = randomJain(n, ready.length);
  const index = jain(spread);
  const errors = [...lane.errors.values()].reduce((a, b) => a + b, 0);
  const toRemoved = lane.counts.toRemovedAnswered + lane.counts.toRemovedLost;
  const [p50, p99] = [score.latency.quantile(0.5) / 1000, score.latency.quantile(0.99) / 1000];
  return {
    fairness: {
      value: n === 0 ? undefined : index,
      text: n === 0 ? 'no calls' : index.toFixed(2),
      label: n === 0 ? 'Jain' : `Jain, n ${grouped(n)}, random ${expected.toFixed(3)}`,
      // What random spreading of this sample costs is no difference between paths.
      tolerance: Math.max(0.01, 3 * (1 - expected)),
    },
    reaction: reactionOf(run, lane, now),
    toRemoved: { value: toRemoved, text: grouped(toRemoved), label: 'to removed pods', tolerance: 0.5 },
    errors: { value: errors, text: grouped(errors), label: 'errors', tolerance: 0.5 },
    latency: {
      value: score.latency.count < 100 ? undefined : p99,
      text: score.latency.count === 0 ? 'no calls' : `${decimal(p50)} / ${decimal(p99)}`,
      label: 'p50 / p99 ms',
      // Quantiles of 10 s on a busy machine wobble by more than the histogram's error.
      tolerance: Math.max(0.5, p99 * 0.25),
    },
    rate: {
      value: score.activeMs < 2_000 ? undefined : score.asked > 0 ? score.achieved / score.asked : undefined,
      text: `${score.asked > 0 ? decimal(score.asked) : 'max'} / ${decimal(score.achieved)}`,
      label: 'asked / got per s',
      tolerance: 0.02,
    },
  };
}

/** The newest change that brought pods; its slowest pod. */
function reactionOf(run: Run, lane: LaneRun, now: number): Raw {
  const label = 'Ready to first call';
  for (const change of run.changes.toReversed()) {
    const stories = change.stories.filter(
      (s) => s.laneId === lane.id && s.direction === 'added' && s.slice !== undefined && storyState(run, s) !== 'ended',
    );
    if (stories.length === 0) continue;
    const length = (story: StoryRun) => reactionMs(story) ?? now - story.slice!;
    const story = stories.reduce((a, b) => (length(b) > length(a) ? b : a));
    const state = storyState(run, story);
    const turn = story.firstCall === undefined ? turnNow(run, lane) : story.turnMs;
    // Waiting for its turn is arithmetic, not merit: a difference within it is a tie.
    const common = { label, tolerance: Math.max(turn, 1) };
    if (state === 'never') return { ...common, value: Number.POSITIVE_INFINITY, text: 'never' };
    if (state === 'open') return { ...common, value: length(story), text: `${duration(length(story))} +` };
    const early = length(story) < 0;
    return { ...common, value: Math.max(0, length(story)), text: early ? 'before truth' : duration(length(story)) };
  }
  return { value: undefined, text: 'no new pod', label, tolerance: 1 };
}

function marksOf(entries: readonly Raw[], moreIsBetter: boolean): Mark[] {
  const values = entries.map(({ value }) => (value === undefined ? undefined : moreIsBetter ? -value : value));
  const known = values.filter((value) => value !== undefined);
  const tolerance = Math.max(...entries.filter(({ value }) => value !== undefined).map((entry) => entry.tolerance), 0);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  if (known.length < 2 || !(high - low > tolerance)) return values.map(() => undefined);
  const good = (value: number) => value - low <= tolerance;
  const bad = (value: number) => high === value || high - value <= tolerance;
  return values.map((value) => {
    if (value === undefined) return undefined;
    if (bad(value)) return 'worst';
    return good(value) ? 'best' : undefined;
  });
}

function decimal(value: number): string {
  return value < 99.95 ? value.toFixed(1) : grouped(Math.round(value));
}

function grouped(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}
