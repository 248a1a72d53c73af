import { openedAt, reactionMs, type StoryState, storyState, turnNow } from './changes.ts';
import type { ChangeRun, Run, StoryRun } from './state.ts';
import { duration } from './time.ts';

export interface EventFlag {
  /** Of the first change in it: a key that stays. */
  readonly sequence: number;
  readonly at: number;
  /** Where the last change of a group ends; equal to `at` for a single one. */
  readonly until: number;
  readonly titles: readonly string[];
  /** "asked 2.6 s before Ready" */
  readonly detail: string;
  readonly askedAt: number | undefined;
  /** Additions are solid lines, removals dashed. */
  readonly line: 'solid' | 'dashed';
  readonly kinds: readonly string[];
}

/**
 * One flag per change, oldest first. Flags that would stand closer than `minGapMs` (what their text needs) are one flag
 * with several titles; a rollout is one change already.
 */
export function eventFlags(run: Run, from: number, to: number, minGapMs = 0): EventFlag[] {
  const flags: EventFlag[] = [];
  const single = run.changes.map((change) => flagOf(change)).filter((flag) => flag !== undefined);
  for (const flag of single.sort((a, b) => a.at - b.at)) {
    if (flag.until < from || flag.at >= to) continue;
    const last = flags.at(-1);
    if (last === undefined || flag.at - last.at >= minGapMs) {
      flags.push(flag);
      continue;
    }
    flags[flags.length - 1] = {
      ...last,
      until: Math.max(last.until, flag.until),
      titles: [...last.titles, ...flag.titles],
      detail: '',
      line: last.line === 'solid' || flag.line === 'solid' ? 'solid' : 'dashed',
      kinds: [...last.kinds, ...flag.kinds],
    };
  }
  return flags;
}

function flagOf(change: ChangeRun): EventFlag | undefined {
  const at = change.at ?? change.askedAt;
  if (at === undefined) return undefined;
  const grows = change.removedUids.length === 0 && change.kind !== 'crash';
  const last = change.kind === 'rollout' ? Math.max(at, ...change.stories.map((s) => s.slice ?? s.ready ?? at)) : at;
  let detail = '';
  if (change.askedAt !== undefined) {
    const gap = at - change.askedAt;
    if (change.at === undefined) detail = 'asked, not seen yet';
    else if (grows && gap > 0) detail = `asked ${duration(gap)} before Ready`;
    else if (gap > 0) detail = `seen ${duration(gap)} after it was asked`;
  }
  return {
    sequence: change.sequence,
    at,
    until: last,
    titles: [change.title],
    detail,
    askedAt: change.askedAt,
    line: grows ? 'solid' : 'dashed',
    kinds: [change.kind],
  };
}

export type StationName = 'asked' | 'ready' | 'slice' | 'told' | 'connected' | 'in_picker' | 'first_call';

export interface Station {
  readonly name: StationName;
  /** Undefined: not reached, or passed over. */
  readonly at: number | undefined;
  /** From the station before it that was reached; negative where it was heard of earlier. */
  readonly gapMs: number | undefined;
}

export interface Bracket {
  /** Of the change. */
  readonly sequence: number;
  readonly podUid: string;
  readonly podUids: readonly string[];
  readonly direction: 'added' | 'restarted';
  readonly from: number;
  /** Undefined while it is open. */
  readonly to: number | undefined;
  readonly state: StoryState;
  /** Milliseconds from slice to first call, still counting while open. */
  readonly reactionMs: number;
  /** "8 ms", "47 s and counting", "never" */
  readonly label: string;
  /** Waiting for its turn alone would cost this much. */
  readonly turnMs: number;
  readonly stations: readonly Station[];
  /** The station with the largest gap from the one before, after the slice. */
  readonly slowest: StationName | undefined;
}

/** One per change with pods that came: its slowest pod speaks for it. */
export function brackets(run: Run, laneId: string, from: number, to: number, now: number): Bracket[] {
  const found: Bracket[] = [];
  for (const change of run.changes) {
    const stories = change.stories.filter(
      (s) => s.laneId === laneId && s.direction !== 'removed' && s.slice !== undefined,
    );
    const alive = stories.filter((s) => !s.ended);
    const pool = alive.length > 0 ? alive : stories;
    if (pool.length === 0) continue;
    const story = pool.reduce((a, b) => (lengthOf(b, now) > lengthOf(a, now) ? b : a));
    const end = story.firstCall ?? (story.ended ? leftAt(run, story) : undefined);
    if (story.slice! >= to || (end !== undefined && Math.max(end, story.slice!) < from)) continue;
    found.push(bracketOf(run, change, story, pool, end, now));
  }
  return found;
}

function lengthOf(story: StoryRun, now: number): number {
  return (story.firstCall ?? now) - story.slice!;
}

function leftAt(run: Run, story: StoryRun): number {
  const interval = run.intervals.findLast((i) => i.podUid === story.podUid && i.readyTo !== undefined);
  return Math.max(story.slice!, interval?.readyTo ?? run.pods.get(story.podUid)?.goneAt ?? story.slice!);
}

function bracketOf(
  run: Run,
  change: ChangeRun,
  story: StoryRun,
  pool: StoryRun[],
  end: number | undefined,
  now: number,
): Bracket {
  const lane = run.lanes.get(story.laneId);
  const state = storyState(run, story);
  const stations = stationsOf(story);
  const reaction = reactionMs(story) ?? (end ?? now) - story.slice!;
  const after = stations.filter((s) => s.gapMs !== undefined && !['asked', 'ready', 'slice'].includes(s.name));
  return {
    sequence: change.sequence,
    podUid: story.podUid,
    podUids: pool.map((s) => s.podUid),
    direction: story.direction === 'restarted' ? 'restarted' : 'added',
    from: story.slice!,
    to: end,
    state,
    reactionMs: reaction,
    label: labelOf(state, reaction),
    turnMs: story.firstCall === undefined && lane !== undefined ? turnNow(run, lane) : story.turnMs,
    stations,
    slowest: after.length === 0 ? undefined : after.reduce((a, b) => (b.gapMs! > a.gapMs! ? b : a)).name,
  };
}

function labelOf(state: StoryState, reaction: number): string {
  if (state === 'never') return 'never';
  if (state === 'ended') return 'ended without a call';
  if (reaction < 0) return 'before the truth watch';
  return state === 'open' ? `${duration(reaction)} and counting` : duration(reaction);
}

export function stationsOf(story: StoryRun): Station[] {
  const instants: [StationName, number | undefined][] = [
    ['asked', story.asked],
    ['ready', story.ready],
    ['slice', story.slice],
    ['told', story.told],
    ['connected', story.connected],
    ['in_picker', story.inPicker],
    ['first_call', story.firstCall],
  ];
  let before: number | undefined;
  return instants.map(([name, at]) => {
    const gapMs = at === undefined || before === undefined ? undefined : at - before;
    before = at ?? before;
    return { name, at, gapMs };
  });
}

export interface PodLifeline {
  readonly uid: string;
  readonly handle: string;
  readonly slot: number;
  /** When somebody asked for it, if known; the comb is drawn from here (else from `addedAt`) to the first ready span. */
  readonly askedAt: number | undefined;
  readonly addedAt: number | undefined;
  readonly ready: readonly { readonly from: number; readonly to: number | undefined }[];
  /** Crashes. */
  readonly crosses: readonly number[];
  readonly goneAt: number | undefined;
}

/** The cluster track: oldest first, every pod that has something to draw between `from` and `to`. */
export function podLifelines(run: Run, from: number, to: number): PodLifeline[] {
  const lines: PodLifeline[] = [];
  for (const [uid, { pod, goneAt }] of run.pods) {
    const own = run.intervals.filter((i) => i.podUid === uid);
    const addedAt = own[0]?.from;
    if ((goneAt !== undefined && goneAt < from) || (addedAt ?? from) >= to) continue;
    const changes = run.changes.filter((c) => c.addedUids.includes(uid) && c.kind !== 'ready');
    const spans = own
      .filter((i) => i.readyFrom !== undefined && i.readyFrom < to && (i.readyTo ?? to) > from)
      .map((i) => ({ from: i.readyFrom!, to: i.readyTo }));
    const crosses = run.changes
      .filter((c) => c.kind === 'crash' && c.stories.some((s) => s.podUid === uid))
      .map(openedAt)
      .filter((at) => at >= from && at < to);
    lines.push({
      uid,
      handle: pod.handle,
      slot: pod.slot,
      askedAt: changes[0]?.askedAt,
      addedAt,
      ready: spans,
      crosses,
      goneAt,
    });
  }
  return lines;
}
