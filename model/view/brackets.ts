import type { Lane, Story } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { duration, toMs, toMsOrUndefined, wholeSeconds } from '../time.ts';
import { decider } from './decider.ts';
import type { EventLine } from './events.ts';

export type Step = { name: string; ms: number };

/** What one lane took to react to one change: from the slice to the first call of a pod of it, true to scale. */
export type Bracket = {
  key: string;
  fromMs: number;
  /** Absent while it is still open. */
  toMs: number | undefined;
  state: 'open' | 'answered' | 'ended' | 'never';
  /** "8 ms", "47 s and counting", "never" */
  label: string;
  /** Why it waits or how it was spent, in words; empty if `steps` say it. */
  note: string;
  steps: Step[];
};

/** The brackets of a lane, oldest first. Of the pods of one change the slowest tells: the path is done when it is. */
export function brackets(
  lane: Lane,
  lines: readonly EventLine[],
  handles: ReadonlyMap<string, string>,
  nowMs: number,
): Bracket[] {
  const found: Bracket[] = [];
  for (const line of lines) {
    const told = tellerOf(lane, line);
    if (told === undefined) continue;
    const { teller, drawn, stories } = told;
    const bracket = bracketOf(teller, lane, line.key, nowMs);
    if (drawn.length > 0) {
      const others = stories.length - drawn.length;
      const rest = others === 0 ? '' : `, not the other${others === 1 ? '' : ` ${others}`}`;
      bracket.note = `a new connection drew ${handles.get(teller.podUid) ?? 'it'}${rest}`;
    }
    found.push(bracket);
  }
  return found;
}

/** What a lane did about the change of one line. */
export function bracketFor(own: readonly Bracket[] | undefined, line: EventLine | undefined): Bracket | undefined {
  return own?.find((bracket) => bracket.key === line?.key);
}

export type Teller = { teller: Story; stories: readonly Story[]; drawn: readonly Story[] };

/**
 * The pod that speaks for a change on a lane: the slowest, or behind kube-proxy the first one drawn, as there no path is
 * ever done: each new connection draws anew. Undefined when no pod was added or restarted.
 */
export function tellerOf(lane: Lane, line: EventLine): Teller | undefined {
  const stories = line.changes
    .flatMap((change) => change.stories)
    .filter((story) => story.laneId === lane.id && story.direction !== 'removed' && storyFrom(story) !== undefined);
  const drawn = decider(lane) === 'kube-proxy' ? stories.filter((story) => story.firstCall !== undefined) : [];
  const teller = drawn.length > 0 ? firstOf(drawn) : slowestOf(stories);
  return teller === undefined ? undefined : { teller, stories, drawn };
}

const rank = { ended: 0, answered: 1, never: 2, open: 3 } as const;

function stateOf(story: Story): Bracket['state'] {
  return story.state === 'open' || story.state === 'never' || story.state === 'ended' ? story.state : 'answered';
}

export function slowestOf(stories: readonly Story[]): Story | undefined {
  return stories.reduce<Story | undefined>((worst, story) => {
    if (worst === undefined) return story;
    const order = rank[stateOf(story)] - rank[stateOf(worst)];
    if (order !== 0) return order > 0 ? story : worst;
    if (stateOf(story) === 'answered') return (story.reactionMs ?? 0) > (worst.reactionMs ?? 0) ? story : worst;
    return (storyFrom(story) ?? 0) < (storyFrom(worst) ?? 0) ? story : worst;
  }, undefined);
}

export function firstOf(stories: readonly Story[]): Story | undefined {
  return stories.toSorted((a, b) => toMs(a.firstCall) - toMs(b.firstCall))[0];
}

function storyFrom(story: Story): number | undefined {
  return toMsOrUndefined(story.slice) ?? toMsOrUndefined(story.ready);
}

function bracketOf(story: Story, lane: Lane, key: string, nowMs: number): Bracket {
  const fromMs = storyFrom(story) ?? 0;
  const state = stateOf(story);
  const first = toMsOrUndefined(story.firstCall);
  if (state === 'never') {
    return { key, fromMs, toMs: undefined, state, label: 'never', note: waitingNote(lane), steps: [] };
  }
  if (state === 'open') {
    const waited = Math.max(0, nowMs - fromMs);
    const label = waited < 1_000 ? 'counting' : `${wholeSeconds(waited)} and counting`;
    return { key, fromMs, toMs: undefined, state, label, note: waitingNote(lane), steps: [] };
  }
  if (state === 'ended' && first === undefined) {
    return { key, fromMs, toMs: fromMs, state, label: 'ended', note: 'the pod left before a call', steps: [] };
  }
  const reaction = story.reactionMs ?? (first ?? fromMs) - fromMs;
  const before = reaction < 0 ? 'before the truth watch' : '';
  return {
    key,
    fromMs,
    toMs: Math.max(fromMs, first ?? fromMs),
    state: 'answered',
    label: duration(reaction),
    note: before,
    steps: stepsOf(story, lane),
  };
}

/** Where the time went: each station's gap to the one before it. */
function stepsOf(story: Story, lane: Lane): Step[] {
  const told = { dns: 'DNS', envoy: 'Envoy', watch: 'watch' }[lane.belief?.source ?? ''] ?? 'told';
  const stations: [string, number | undefined][] = [
    ['slice', toMsOrUndefined(story.slice)],
    [told, toMsOrUndefined(story.told)],
    ['connect', toMsOrUndefined(story.connected)],
    ['pick', toMsOrUndefined(story.inPicker)],
    ['call', toMsOrUndefined(story.firstCall)],
  ];
  const steps: Step[] = [];
  let last = toMsOrUndefined(story.ready) ?? stations[0]?.[1];
  for (const [name, at] of stations) {
    if (at === undefined) continue;
    // Stations of one millisecond may be heard of out of order; a negative step would read as a mistake.
    if (last !== undefined) steps.push({ name, ms: Math.max(0, at - last) });
    last = last === undefined ? at : Math.max(last, at);
  }
  // What took no time is no news.
  return steps.filter((step) => step.ms >= 0.5);
}

function waitingNote(lane: Lane): string {
  return lane.belief?.nextTrigger ?? '';
}

/** The step that cost most, where there is room for one only. */
export function costliest(steps: readonly Step[]): Step | undefined {
  return steps.reduce<Step | undefined>(
    (most, step) => (most === undefined || step.ms > most.ms ? step : most),
    undefined,
  );
}

/** "47 s +" for "47 s and counting". */
export function shortLabel(label: string): string {
  return label.replace(/ and counting$/, '\u202f+').replace(/^counting$/, '…');
}
