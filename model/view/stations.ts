import type { GetSnapshotResponse, Lane, Story } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { duration, thinSpace, toMsOrUndefined } from '../time.ts';
import { beliefWords } from './belief-words.ts';
import { firstOf, slowestOf } from './brackets.ts';
import { decider } from './decider.ts';
import type { EventLine } from './events.ts';
import { grouped } from './grouped.ts';

/**
 * reached: its instant was seen. last: reached, and the journey is over. passed: a later one was reached without it.
 * open: not reached yet. never: nothing can bring it about.
 */
export type StationState = 'reached' | 'last' | 'passed' | 'open' | 'never';
export type Station = { key: string; atMs: number | undefined; state: StationState };
/** The way to a station from the one before it that was reached. */
export type Leg = {
  ms: number | undefined;
  /** "3 862 ms"; empty where nothing was measured. */
  label: string;
  /** What happened on it, or what it waits for. */
  words: string;
  /** Most of the time went here. */
  longest: boolean;
};
export type StationRow = {
  laneId: string;
  label: string;
  /** Which pod tells: the slowest, or the first that kube-proxy drew. */
  podUid: string;
  stations: readonly Station[];
  /** One fewer than stations. */
  legs: readonly Leg[];
  /** "3.9 s", "47 s +", "never" */
  result: string;
};
export type StationTable = {
  direction: 'added' | 'removed' | 'restarted';
  /** What is told: "new pods", "z6plt". */
  whose: string;
  heads: readonly string[];
  resultHead: string;
  rows: readonly StationRow[];
};

type Key = 'asked' | 'ready' | 'slice' | 'told' | 'connected' | 'inPicker' | 'firstCall';

const journeys: Record<StationTable['direction'], { keys: readonly Key[]; heads: readonly string[]; result: string }> =
  {
    added: {
      keys: ['asked', 'ready', 'slice', 'told', 'connected', 'firstCall'],
      heads: ['asked', 'pod Ready', 'slice written', 'path told', 'connected', 'first call'],
      result: 'Ready to first call',
    },
    restarted: {
      keys: ['asked', 'ready', 'slice', 'connected', 'inPicker', 'firstCall'],
      heads: ['crashed', 'Ready again', 'slice written', 'connected', 'in the picker', 'first call'],
      result: 'back to first call',
    },
    removed: {
      keys: ['asked', 'slice', 'told', 'inPicker'],
      heads: ['asked', 'left the slice', 'path told', 'out of the picker'],
      result: 'lost, sent after it left',
    },
  };

/** The stations of a change on every path, in the same columns: what each heard, and when. */
export function stationTables(snapshot: GetSnapshotResponse, line: EventLine, nowMs: number): StationTable[] {
  const stories = line.changes.flatMap((change) => change.stories);
  const handles = new Map(snapshot.pods.map((pod) => [pod.uid, pod.handle]));
  const tables: StationTable[] = [];
  for (const direction of ['removed', 'restarted', 'added'] as const) {
    const own = stories.filter((story) => story.direction === direction);
    if (own.length === 0) continue;
    const uids = [...new Set(own.map((story) => story.podUid))];
    const journey = journeys[direction];
    const change = line.changes[0];
    const rows = snapshot.lanes
      .filter((lane) => lane.state !== 'unavailable')
      .flatMap((lane) => {
        const row = rowOf(
          snapshot,
          lane,
          own.filter((story) => story.laneId === lane.id),
          direction,
          nowMs,
          toMsOrUndefined(change?.at),
        );
        return row === undefined ? [] : [row];
      });
    const first = askedWord(change?.kind ?? '', direction);
    tables.push({
      direction,
      whose: uids.length === 1 ? (handles.get(uids[0] ?? '') ?? 'the pod') : `${uids.length}\u00a0pods`,
      heads: [first, ...journey.heads.slice(1)],
      resultHead: journey.result,
      rows,
    });
  }
  return tables;
}

function askedWord(kind: string, direction: StationTable['direction']): string {
  if (kind === 'scale') return 'scale asked';
  if (kind === 'rollout') return 'rollout asked';
  if (kind === 'delete' || kind === 'delete_now') return 'delete asked';
  if (kind === 'crash') return 'crash';
  if (kind === 'outside') return direction === 'added' ? 'pod appeared' : 'seen leaving';
  return 'asked';
}

function rowOf(
  snapshot: GetSnapshotResponse,
  lane: Lane,
  stories: readonly Story[],
  direction: StationTable['direction'],
  nowMs: number,
  seenMs: number | undefined,
): StationRow | undefined {
  const drawn = decider(lane) === 'kube-proxy' ? stories.filter((story) => story.firstCall !== undefined) : [];
  const story = drawn.length > 0 ? firstOf(drawn) : slowestOf(stories);
  if (story === undefined) return undefined;
  const { keys } = journeys[direction];
  const instants = keys.map((key, i) => {
    // Nobody asked for it here: then it begins when it was seen.
    const at = toMsOrUndefined(story[key]);
    return i === 0 ? (at ?? seenMs) : at;
  });
  const lastReached = instants.findLastIndex((at) => at !== undefined);
  const over = direction === 'removed' ? story.state === 'ended' : story.firstCall !== undefined;
  const stations = keys.map((key, i): Station => {
    const atMs = instants[i];
    if (atMs !== undefined) return { key, atMs, state: over && i === lastReached ? 'last' : 'reached' };
    if (i < lastReached || !applies(key, lane) || over || story.state === 'ended') {
      return { key, atMs: undefined, state: 'passed' };
    }
    return { key, atMs: undefined, state: story.state === 'never' ? 'never' : 'open' };
  });
  const waited = beliefWords(snapshot, lane, nowMs).next.short;
  const legs: Leg[] = [];
  let before = instants[0];
  for (let i = 1; i < keys.length; i += 1) {
    const at = instants[i];
    const key = keys[i] as Key;
    const waits = at === undefined && before !== undefined && stations[i]?.state === 'open' && i === lastReached + 1;
    const ms = at !== undefined && before !== undefined ? at - before : waits ? nowMs - (before ?? nowMs) : undefined;
    legs.push({ ms, label: legLabel(ms, waits), words: '', longest: false });
    const leg = legs[i - 1] as Leg;
    leg.words = legWords(snapshot, lane, story, key, stations[i] as Station, i === lastReached + 1, waited);
    before = at ?? before;
  }
  // What the cluster itself took until the slice was written is no path's doing.
  const own = legs.slice(Math.max(0, keys.indexOf('slice')));
  const most = own.reduce<Leg | undefined>((a, leg) => ((leg.ms ?? 0) > (a?.ms ?? 0) ? leg : a), undefined);
  if (most !== undefined && (most.ms ?? 0) >= 1) most.longest = true;
  return {
    laneId: lane.id,
    label: lane.label,
    podUid: story.podUid,
    stations,
    legs,
    result: resultOf(stories, story, nowMs),
  };
}

/** A client of one virtual address is never told of pods, and has no connection to each. */
function applies(key: Key, lane: Lane): boolean {
  const who = decider(lane);
  if (who === 'kube-proxy' || who === 'static') return key !== 'told' && key !== 'inPicker';
  if (who === 'envoy') return key !== 'connected' && key !== 'inPicker';
  return true;
}

function legLabel(ms: number | undefined, waits: boolean): string {
  if (ms === undefined) return '';
  if (waits) return `${gap(ms)}${thinSpace}+`;
  // One side heard before the other did: contract.md, Clocks.
  return ms < -0.5 ? 'before' : gap(ms);
}

/** In milliseconds up to a minute, as in "3 862 ms": gaps are compared with each other. */
function gap(ms: number): string {
  if (ms >= 60_000) return duration(ms);
  if (ms > 0 && ms < 0.95) return duration(ms);
  return `${grouped(Math.max(0, ms))}${thinSpace}ms`;
}

function legWords(
  snapshot: GetSnapshotResponse,
  lane: Lane,
  story: Story,
  key: Key,
  station: Station,
  next: boolean,
  waits: string,
): string {
  if (station.state === 'never' || station.state === 'open') return next ? waits : '';
  if (station.state === 'passed') {
    if (key === 'told') return decider(lane) === 'kube-proxy' ? 'not observable' : '';
    return '';
  }
  if (key === 'told' && station.atMs !== undefined) {
    const at = station.atMs;
    const answer = snapshot.events.find(
      (event) =>
        event.laneId === lane.id &&
        event.kind.case === 'resolved' &&
        Math.abs((toMsOrUndefined(event.at) ?? 0) - at) < 0.01,
    );
    const trigger = answer?.kind.case === 'resolved' ? answer.kind.value.trigger : '';
    const source = { dns: 'DNS answer', watch: 'watch event', envoy: 'Envoy’s membership' }[lane.belief?.source ?? ''];
    if (source === undefined) return '';
    return trigger === '' || trigger === 'watch' ? source : `${source}: ${trigger}`;
  }
  if (key === 'firstCall' && story.inPicker !== undefined && station.atMs !== undefined) {
    const waited = station.atMs - (toMsOrUndefined(story.inPicker) ?? station.atMs);
    return story.turnMs > 0 && waited > 1 ? `its turn alone: up to ${duration(story.turnMs)}` : '';
  }
  return '';
}

function resultOf(stories: readonly Story[], story: Story, nowMs: number): string {
  if (story.direction === 'removed') {
    const lost = stories.reduce((sum, each) => sum + each.lost, 0);
    const sent = stories.reduce((sum, each) => sum + each.toRemoved, 0);
    return `${lost} lost, ${sent} sent`;
  }
  if (story.state === 'never') return 'never';
  if (story.reactionMs !== undefined) return duration(story.reactionMs);
  if (story.state === 'ended') return '–';
  const since = toMsOrUndefined(story.slice);
  return since === undefined ? 'not yet' : `${duration(Math.max(0, nowMs - since))}${thinSpace}+`;
}
