import type { Lane, Story } from '../../../gen/lbscope/agent/v1/agent_pb.js';
import { bindNumbers, duration, toMsOrUndefined } from '../../time.ts';
import { nextWords } from '../belief-words.ts';
import { tellerOf } from '../brackets.ts';
import { decider } from '../decider.ts';
import type { EventLine } from '../events.ts';

/** passed: at a known instant; skipped: the path has no such station, or nobody saw it; ahead: not reached. */
export type Station = {
  name: string;
  state: 'passed' | 'skipped' | 'ahead';
  atMs: number | undefined;
  /** From the last passed station; absent for the first, and where it was not passed. */
  gapMs: number | undefined;
};

/** What happened on one lane between a change and its effect: five stations in equal steps, with measured gaps. */
export type Chain = {
  stations: Station[];
  /** arrived: the last station was passed; waiting: it may come; never: nothing can bring it. */
  end: 'arrived' | 'waiting' | 'never' | 'over';
  /** Index of the station with the longest gap before it; -1 without gaps. */
  longest: number;
  /** Why it took so long, or why it waits; and the same for narrow columns. */
  words: string;
  brief: string;
};

/** From here on a gap can be felt, and is printed bold. */
export const feltMs = 60;

const arrival = ['Ready', 'slice', 'told', 'connect', '1st call'] as const;
const removal = ['asked', 'out of set', 'told', 'let go'] as const;

/** Over the chains of all lanes. */
export function chainTitle(line: EventLine): { title: string; heads: readonly string[] } {
  return arrives(line)
    ? { title: 'From Ready to first call', heads: arrival }
    : { title: 'From asked to let go', heads: removal };
}

/** Whether any pod came, or came back, with it. */
export function arrives(line: EventLine): boolean {
  return line.changes.some((change) =>
    change.stories.some((story) => story.direction !== 'removed' && (story.ready ?? story.slice) !== undefined),
  );
}

export function chainOf(lane: Lane, line: EventLine): Chain | undefined {
  if (lane.state === 'unavailable') return undefined;
  return arrives(line) ? arrivalOf(lane, line) : removalOf(lane, line);
}

function arrivalOf(lane: Lane, line: EventLine): Chain | undefined {
  const story = tellerOf(lane, line)?.teller;
  if (story === undefined) return undefined;
  const known = [story.ready, story.slice, story.told, story.connected, story.firstCall].map(toMsOrUndefined);
  const stations = passed(arrival, known);
  const arrived = story.firstCall !== undefined;
  const end = arrived ? 'arrived' : story.state === 'never' ? 'never' : story.state === 'ended' ? 'over' : 'waiting';
  const words = arrivalWords(lane, story, stations, end);
  return { stations, end, longest: longestOf(stations), words, brief: briefOf(lane, end, words) };
}

function removalOf(lane: Lane, line: EventLine): Chain | undefined {
  const stories = line.changes.flatMap((change) => change.stories).filter((story) => story.laneId === lane.id);
  // The slowest to let go tells.
  const story = stories.reduce<Story | undefined>((worst, each) => {
    if (worst === undefined || each.inPicker === undefined) return each;
    if (worst.inPicker === undefined) return worst;
    return (toMsOrUndefined(each.inPicker) ?? 0) > (toMsOrUndefined(worst.inPicker) ?? 0) ? each : worst;
  }, undefined);
  if (story === undefined) return undefined;
  const known = [story.asked, story.slice, story.told, story.inPicker].map(toMsOrUndefined);
  const stations = passed(removal, known);
  const lost = stories.reduce((sum, each) => sum + each.lost, 0);
  const late = stories.reduce((sum, each) => sum + each.toRemoved, 0);
  const words = [
    late > 0 ? `${late} ${late === 1 ? 'call' : 'calls'} sent after it left` : '',
    lost > 0 ? `${lost} lost` : 'none lost',
  ];
  const told = bindNumbers(words.filter((each) => each !== '').join(', '));
  return {
    stations,
    end: story.inPicker !== undefined ? 'arrived' : 'over',
    longest: longestOf(stations),
    words: told,
    brief: told,
  };
}

/** A gap reaches back to the last station that was passed. One millisecond's messages may come out of order. */
function passed(names: readonly string[], known: readonly (number | undefined)[]): Station[] {
  const last = known.findLastIndex((at) => at !== undefined);
  let before: number | undefined;
  return names.map((name, i) => {
    const atMs = known[i];
    if (atMs === undefined) return { name, state: i < last ? 'skipped' : 'ahead', atMs: undefined, gapMs: undefined };
    const gapMs = before === undefined ? undefined : Math.max(0, atMs - before);
    before = before === undefined ? atMs : Math.max(before, atMs);
    return { name, state: 'passed', atMs, gapMs };
  });
}

function longestOf(stations: readonly Station[]): number {
  let longest = -1;
  stations.forEach(({ gapMs }, i) => {
    if (gapMs !== undefined && gapMs > (stations[longest]?.gapMs ?? -1)) longest = i;
  });
  return longest;
}

function arrivalWords(lane: Lane, story: Story, stations: readonly Station[], end: Chain['end']): string {
  if (end === 'over') return 'the pod left before a call';
  const who = decider(lane);
  if (end !== 'arrived') {
    if (who === 'kube-proxy') return 'no new connection to choose for';
    return bindNumbers(decapitalised(lane.belief?.nextTrigger ?? ''));
  }
  if ((story.reactionMs ?? 0) < 0) return 'before the truth watch';
  if (story.direction === 'restarted') return 'same pod, same address: the connection is made again';
  if (who === 'kube-proxy') return 'a new connection drew it';
  const longest = stations[longestOf(stations)];
  if (longest?.name === '1st call' && story.turnMs >= 1 && (longest.gapMs ?? 0) <= 2 * story.turnMs) {
    return `waiting for its turn: up to ${duration(story.turnMs)}`;
  }
  switch (who) {
    case 'envoy':
      return 'waited for Envoy’s next DNS lookup';
    case 'dns':
      return 'a DNS lookup told it';
    case 'api':
      return 'a watch event told it';
    default:
      return '';
  }
}

/** Why nothing is pending, in the words that a narrow column has for it. */
function briefOf(lane: Lane, end: Chain['end'], words: string): string {
  const who = decider(lane);
  if (end === 'arrived' || end === 'over' || who === 'kube-proxy' || lane.belief?.nextKind !== 'none') return words;
  return decapitalised(nextWords(lane, who, 0).short);
}

function decapitalised(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
