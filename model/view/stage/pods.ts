import type { GetSnapshotResponse } from '../../../gen/lbscope/agent/v1/agent_pb.js';
import type { Pod } from '../../../gen/lbscope/events/v1/events_pb.js';
import { toMs, toMsOrUndefined, wholeSeconds } from '../../time.ts';
import type { Words } from '../belief-words.ts';

/** What a pod is by itself, whatever the paths think of it. */
export type PodState = 'starting' | 'ready' | 'unready' | 'crashed' | 'leaving' | 'gone';

export type StagePod = {
  uid: string;
  handle: string;
  name: string;
  node: string;
  slot: number;
  state: PodState;
  words: Words;
  /** Became Ready within the last 90 s, by a change. */
  fresh: boolean;
  /** Outlined: Ready for less than 5 s. */
  outlined: boolean;
  /** Told to answer late, or to fail. */
  slow: boolean;
  /** Of the grace period, 0 to 1; absent unless it is leaving. */
  graceLeft: number | undefined;
  pod: Pod;
};

const freshMs = 90_000;
const outlinedMs = 5_000;

/** The pods, oldest first: they never change their order. One that ended keeps its place as long as the run keeps it. */
export function stagePods(snapshot: GetSnapshotResponse, nowMs: number): StagePod[] {
  const added = new Set(snapshot.changes.flatMap((change) => change.addedUids));
  return snapshot.pods.map((pod) => {
    const own = snapshot.intervals.filter((each) => each.podUid === pod.uid);
    const open = own.findLast(
      (each) => each.readyFrom !== undefined && each.readyTo === undefined && each.to === undefined,
    );
    const wasReady = own.some((each) => each.readyFrom !== undefined);
    const readyMs = open === undefined ? undefined : nowMs - toMs(open.readyFrom);
    const state = stateOf(snapshot, pod, wasReady);
    const fresh = state === 'ready' && added.has(pod.uid) && readyMs !== undefined && readyMs < freshMs;
    const grace = state === 'leaving' ? graceOf(snapshot, pod.uid, nowMs) : undefined;
    return {
      uid: pod.uid,
      handle: pod.handle,
      name: pod.name,
      node: pod.node,
      slot: pod.slot,
      state,
      words: wordsOf(snapshot, pod, state, { fresh, readyMs, grace, nowMs }),
      fresh,
      outlined: fresh && (readyMs ?? 0) < outlinedMs,
      slow: (pod.behavior?.delayMs ?? 0) > 0 || (pod.behavior?.errorRate ?? 0) > 0,
      graceLeft: grace === undefined ? undefined : grace.leftMs / grace.ofMs,
      pod,
    };
  });
}

function stateOf(snapshot: GetSnapshotResponse, pod: Pod, wasReady: boolean): PodState {
  if (pod.phase === 'Gone') return 'gone';
  if (pod.terminating) return 'leaving';
  if (pod.ready) return 'ready';
  if (!wasReady) return 'starting';
  const last = snapshot.changes.findLast((change) => change.stories.some((story) => story.podUid === pod.uid));
  return last?.kind === 'crash' || pod.reason !== '' ? 'crashed' : 'unready';
}

type Known = {
  fresh: boolean;
  readyMs: number | undefined;
  grace: { leftMs: number; ofMs: number } | undefined;
  nowMs: number;
};

function wordsOf(
  snapshot: GetSnapshotResponse,
  pod: Pod,
  state: PodState,
  { fresh, readyMs, grace, nowMs }: Known,
): Words {
  switch (state) {
    case 'gone': {
      const { word, atMs } = endOf(snapshot, pod.uid);
      const ago = atMs === undefined ? '' : ` ${age(nowMs - atMs)} ago`;
      const short = atMs === undefined ? 'gone' : `gone ${age(nowMs - atMs)}`;
      return { long: `${word}${ago}`, short };
    }
    case 'leaving': {
      const left = grace === undefined ? '' : `, ${wholeSeconds(grace.leftMs)}`;
      return { long: left === '' ? 'leaving' : `leaving${left} of grace left`, short: `leaving${left}` };
    }
    case 'crashed': {
      const { atMs } = crashOf(snapshot, pod.uid);
      const ago = atMs === undefined ? '' : ` ${age(nowMs - atMs)} ago`;
      if (pod.reason !== '') return { long: `crashed${ago}, ${pod.reason}`, short: `crashed${ago}` };
      return { long: `crashed${ago}, restarting`, short: `crashed${ago}` };
    }
    case 'unready':
      return { long: 'not Ready, still running', short: 'not Ready' };
    case 'starting': {
      const replaces = snapshot.changes.some(
        (change) => change.addedUids.includes(pod.uid) && change.removedUids.length > 0,
      );
      const word = pod.reason === '' ? 'starting' : pod.reason;
      return { long: replaces ? `replacement, ${word}` : word, short: word };
    }
    default: {
      const delay = pod.behavior?.delayMs ?? 0;
      if (delay > 0)
        return { long: `slow, +${Math.round(delay)}\u202fms a call`, short: `slow, +${Math.round(delay)}\u202fms` };
      const rate = pod.behavior?.errorRate ?? 0;
      if (rate > 0)
        return {
          long: `fails ${Math.round(rate * 100)}\u202f% of calls`,
          short: `fails ${Math.round(rate * 100)}\u202f%`,
        };
      const since = readyMs === undefined ? '' : ` ${age(readyMs)}`;
      return fresh
        ? { long: `new, Ready${since}`, short: `new,${since}` }
        : { long: `Ready${since}`, short: `Ready${since}` };
    }
  }
}

/** From a minute on in whole minutes: it stands under the handle and is not what one reads first. */
function age(ms: number): string {
  return wholeSeconds(ms < 60_000 ? ms : Math.floor(ms / 60_000) * 60_000);
}

function graceOf(snapshot: GetSnapshotResponse, uid: string, nowMs: number): Known['grace'] {
  const event = snapshot.events.findLast((each) => each.podUid === uid && each.kind.case === 'podTerminating');
  if (event?.kind.case !== 'podTerminating') return undefined;
  const ofMs = event.kind.value.gracePeriodSeconds * 1_000;
  return ofMs > 0 ? { ofMs, leftMs: Math.max(0, ofMs - (nowMs - toMs(event.at))) } : undefined;
}

function endOf(snapshot: GetSnapshotResponse, uid: string): { word: string; atMs: number | undefined } {
  const change = snapshot.changes.findLast((each) => each.removedUids.includes(uid));
  const event = snapshot.events.findLast((each) => each.podUid === uid && each.kind.case === 'podGone');
  const ends = snapshot.intervals.filter((each) => each.podUid === uid).map((each) => toMs(each.to));
  const atMs = event === undefined ? Math.max(0, ...ends) || undefined : toMs(event.at);
  const word =
    { delete: 'deleted', delete_now: 'deleted now', rollout: 'replaced', scale: 'scaled away' }[change?.kind ?? ''] ??
    'gone';
  return { word, atMs };
}

function crashOf(snapshot: GetSnapshotResponse, uid: string): { atMs: number | undefined } {
  const change = snapshot.changes.findLast(
    (each) => each.kind === 'crash' && each.stories.some((story) => story.podUid === uid),
  );
  return { atMs: toMsOrUndefined(change?.askedAt) ?? toMsOrUndefined(change?.at) };
}
