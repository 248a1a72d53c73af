import { create } from '@bufbuild/protobuf';
import {
  type Change,
  type GetSnapshotResponse,
  GetSnapshotResponseSchema,
  type PodInterval,
  PodIntervalSchema,
} from '../gen/lbscope/agent/v1/agent_pb.js';
import type { Event, Frame, Pod } from '../gen/lbscope/events/v1/events_pb.js';
import { putLane } from './lanes.ts';
import { emptyRun, fold, toSnapshot } from './run.ts';
import { changeOf } from './snapshot.ts';
import type { ChangeRun, Interval, Run, Update } from './state.ts';
import { fromMs, fromMsOrUndefined, toMs } from './time.ts';
import { putPod } from './truth.ts';

/** What the agent's history answered: frames as coarse as asked for, and every event. */
export interface History {
  /** Oldest first; they do not overlap. */
  readonly frames: readonly Frame[];
  /** Oldest first. */
  readonly events: readonly Event[];
  /** Before this instant nothing is held. */
  readonly sinceMs: number;
}

/** A run from its start on, with what the snapshot has forgotten by now. */
export interface Past extends History {
  /** Every pod of it, in order of appearance, in the colours it had. */
  readonly pods: readonly Pod[];
  readonly intervals: readonly PodInterval[];
  readonly changes: readonly Change[];
}

/** Half a millisecond of tolerance: edges come from microseconds in a double. */
const hair = 0.5;

/** Coarse frames, and fine ones from where these begin on: nothing twice, and nothing between them left out. */
export function joinFrames(coarse: readonly Frame[], fine: readonly Frame[]): Frame[] {
  const first = fine[0];
  if (first === undefined) return [...coarse];
  const begin = toMs(first.from);
  const before = coarse.filter((frame) => toMs(frame.from) < begin - hair);
  const last = before.at(-1);
  // A coarse frame may reach into the fine ones: these are in its sums.
  const end = last === undefined ? begin : toMs(last.to);
  return [...before, ...fine.filter((frame) => toMs(frame.from) >= end - hair)];
}

/** Both in order of sequence, each once. */
export function joinEvents(older: readonly Event[], newer: readonly Event[]): Event[] {
  const known = new Set(newer.map((event) => event.sequence));
  return [...older.filter((event) => !known.has(event.sequence)), ...newer].sort((a, b) => a.sequence - b.sequence);
}

interface Seen {
  readonly run: Run;
  readonly pods: Map<string, Pod>;
  readonly intervals: Set<Interval>;
  readonly changes: Map<number, ChangeRun>;
}

/**
 * Folds the run again from its start, and remembers what the fold forgets. `now` seeds what was there before the run
 * began (a new run starts with the pods and lanes of the old one).
 */
function replay(history: History, now: GetSnapshotResponse, untilMs: number): Seen {
  const { state: _, since: __, ...cluster } = now.cluster ?? { state: '', since: undefined };
  const run = emptyRun({ cluster: { ...cluster, state: 'synced', reason: '' }, agentVersion: now.agentVersion });
  const seen: Seen = { run, pods: new Map(), intervals: new Set(), changes: new Map() };
  const startMs = toMs(now.runStartedAt);
  for (const { pod, fromMs: at } of earlier(now, startMs)) {
    putPod(run, pod, at);
    seen.pods.set(pod.uid, run.pods.get(pod.uid)?.pod ?? pod);
  }
  const made = new Set(
    history.events.flatMap((event) => (event.kind.case === 'laneChanged' ? [event.kind.value.lane?.id] : [])),
  );
  for (const lane of now.lanes) if (lane.spec !== undefined && !made.has(lane.id)) putLane(run, lane.spec, false);

  const updates: Update[] = [
    ...history.events.map((value) => ({ case: 'event', value }) as const),
    ...history.frames.map((value) => ({ case: 'frame', value }) as const),
  ].sort((a, b) => a.value.sequence - b.value.sequence);
  for (const update of updates) {
    const at = toMs(update.case === 'event' ? update.value.at : update.value.to);
    if (at > untilMs + hair) continue;
    fold(run, update);
    if (update.case === 'frame') continue;
    const { kind, podUid } = update.value;
    if (podUid !== undefined && kind.case?.startsWith('pod')) {
      const pod = run.pods.get(podUid)?.pod;
      if (pod !== undefined) seen.pods.set(podUid, pod);
    }
    if (kind.case?.startsWith('pod') || kind.case === 'sliceChanged') {
      for (const interval of run.intervals) seen.intervals.add(interval);
    }
    for (const change of run.changes) seen.changes.set(change.sequence, change);
  }
  return seen;
}

function earlier(now: GetSnapshotResponse, startMs: number): { pod: Pod; fromMs: number }[] {
  return now.pods.flatMap((pod) => {
    const first = now.intervals.find((each) => each.podUid === pod.uid);
    const from = first?.from === undefined ? Number.POSITIVE_INFINITY : toMs(first.from);
    return from < startMs ? [{ pod, fromMs: from }] : [];
  });
}

/** Kinds that only a close look needs; they would be most of an hour's events. */
const passing = new Set(['sampledCall', 'subchannelState', 'nextTrigger', 'overload']);

export function recall(history: History, now: GetSnapshotResponse): Past {
  const { run, pods, intervals, changes } = replay(history, now, Number.POSITIVE_INFINITY);
  return {
    frames: history.frames,
    events: history.events.filter((event) => !passing.has(event.kind.case ?? '')),
    sinceMs: history.sinceMs,
    pods: [...pods.values()],
    intervals: [...intervals].map(({ address, podUid, ...instants }) =>
      create(PodIntervalSchema, {
        address,
        podUid,
        from: fromMs(instants.from),
        readyFrom: fromMsOrUndefined(instants.readyFrom),
        readyTo: fromMsOrUndefined(instants.readyTo),
        to: fromMsOrUndefined(instants.to),
      }),
    ),
    changes: [...changes.values()].map((change) => changeOf(run, change)),
  };
}

/** The run as it was at that instant: what a permalink restores. */
export function momentOf(history: History, now: GetSnapshotResponse, atMs: number): GetSnapshotResponse {
  const { run } = replay(history, now, atMs);
  return toSnapshot(run, atMs);
}

/**
 * The snapshot with its past: what it says itself counts, what it has forgotten is added. A frozen one does not hear of
 * what came after it.
 */
export function widen(snapshot: GetSnapshotResponse, past: Past | undefined): GetSnapshotResponse {
  if (past === undefined) return snapshot;
  const atMs = toMs(snapshot.at);
  const begun = new Set(past.intervals.filter((each) => toMs(each.from) <= atMs).map((each) => each.podUid));
  const pods = new Set(snapshot.pods.map((pod) => pod.uid));
  const changes = new Set(snapshot.changes.map((change) => change.sequence));
  const key = (each: PodInterval) => `${each.podUid} ${toMs(each.from)} ${toMs(each.readyFrom)}`;
  const intervals = new Set(snapshot.intervals.map(key));
  // A pod that was starting has become ready since: the snapshot's word replaces the older one.
  const overtaken = (each: PodInterval) =>
    each.readyFrom === undefined && snapshot.intervals.some((newer) => newer.podUid === each.podUid);
  return create(GetSnapshotResponseSchema, {
    ...snapshot,
    bins: joinFrames(past.frames, snapshot.bins),
    events: joinEvents(
      past.events.filter((event) => toMs(event.at) <= atMs),
      snapshot.events,
    ),
    pods: [...past.pods.filter((pod) => !pods.has(pod.uid) && begun.has(pod.uid)), ...snapshot.pods],
    intervals: [
      ...past.intervals.filter((each) => begun.has(each.podUid) && !intervals.has(key(each)) && !overtaken(each)),
      ...snapshot.intervals,
    ],
    changes: [
      ...past.changes.filter((change) => !changes.has(change.sequence) && change.sequence <= snapshot.sequence),
      ...snapshot.changes,
    ],
  });
}

/** Width of the widest frame between two instants: how coarse that stretch is known. 0 without frames. */
export function coarsestMs(frames: readonly Frame[], from: number, to: number): number {
  let widest = 0;
  for (const frame of frames) {
    const begin = toMs(frame.from);
    const end = toMs(frame.to);
    if (end > from && begin < to) widest = Math.max(widest, end - begin);
  }
  return widest;
}
