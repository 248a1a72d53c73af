import type { Event, Frame, PodFrame } from '../gen/lbscope/events/v1/events_pb.js';
import { isProxied, knowsPods } from './belief.ts';
import { sumOf } from './lanes.ts';
import { turnTimeMs } from './measures.ts';
import { rateOf } from './score.ts';
import type { ChangeKind, ChangeRun, Direction, LaneRun, Run, StoryRun } from './state.ts';
import { goneRowMs, scoreWindowMs } from './state.ts';
import { toMs } from './time.ts';
import { addressOf, ownerOf, type ReadySetChange, readyUids } from './truth.ts';

/** How long a change may still claim pods as its own. Longer than any control plane takes, shorter than a coincidence. */
const claimMs: Record<ChangeKind, number> = {
  scale: 60_000,
  outside: 60_000,
  // The ReplicaSet makes the replacement at once.
  delete: 15_000,
  delete_now: 15_000,
  rollout: 600_000,
  crash: 60_000,
  unready: 60_000,
  ready: 60_000,
};
/** Reasons of a container that ended, in the API's words. */
const endedReasons = new Set(['Error', 'CrashLoopBackOff', 'OOMKilled', 'Completed', 'ContainerCannotRun']);
/** Two watches report one act of a person within this much of each other, in either order. */
const sameActMs = 2_000;
/** A crash is noticed after its losses: the kubelet's relist takes up to 1 s, the dial limit of a dead address more. */
const lookBackMs = 5_000;
/** Losses that no pod can be named for are charged to a removal or crash this young. */
const chargeMs = 10_000;
const maxChanges = 50;

export function handleOf(run: Run, uid: string): string {
  return run.pods.get(uid)?.pod.handle || uid.slice(0, 5) || 'no pod';
}

/** Called after the event changed the rest of the run; `isNew` says that podAdded named a pod not known before. */
export function foldChangeEvent(run: Run, event: Event, at: number, isNew: boolean, ready: ReadySetChange | undefined) {
  const { kind } = event;
  switch (kind.case) {
    case 'scaleAsked':
      if (kind.value.from !== kind.value.to) scaleAsked(run, event.sequence, kind.value.from, kind.value.to, at);
      break;
    case 'rolloutAsked':
      rolloutStarted(run, event.sequence, at, at);
      break;
    case 'deleteAsked': {
      const uid = resolvePod(run, event.podUid, kind.value.pod);
      if (uid !== undefined) deleteAsked(run, event.sequence, uid, kind.value.gracePeriodSeconds === 0, at);
      break;
    }
    case 'behaviorAsked': {
      const uid = resolvePod(run, event.podUid, kind.value.pod);
      if (uid === undefined) break;
      if (kind.value.crash === true) crashed(run, event.sequence, uid, at, undefined);
      else if (kind.value.ready === false) unready(run, event.sequence, uid, at, undefined);
      else if (kind.value.ready === true) readyAgain(run, event.sequence, uid, at);
      break;
    }
    case 'podAdded':
      if (isNew && kind.value.pod !== undefined) podAdded(run, event.sequence, kind.value.pod.uid, at);
      break;
    case 'podReady':
      if (kind.value.pod !== undefined) podReady(run, event.sequence, kind.value.pod.uid, at);
      break;
    case 'podUnready':
      if (kind.value.pod !== undefined) podUnready(run, event.sequence, kind.value.pod.uid, at);
      break;
    case 'podTerminating':
    case 'podGone':
      if (kind.value.pod !== undefined) podLeaves(run, event.sequence, kind.value.pod.uid, at, kind.case === 'podGone');
      break;
    case 'podRestarted':
      if (kind.value.pod !== undefined) {
        crashed(run, event.sequence, kind.value.pod.uid, undefined, at, kind.value.pod.incarnation);
      }
      break;
    case 'sliceChanged':
      if (ready !== undefined) sliceChanged(run, ready, at);
      break;
    case 'resolved':
    case 'connected':
    case 'pickerUpdated':
    case 'firstAnswer':
      foldStation(run, event, at);
      break;
  }
}

/** A scale or a rollout that nobody asked the agent for shows in the Deployment first, or in the pods first. */
export function foldDeployment(
  run: Run,
  sequence: number,
  at: number,
  before: { replicas: number; generation: number } | undefined,
  after: { replicas: number; generation: number },
): void {
  if (before === undefined) return;
  if (before.replicas !== after.replicas) {
    const known = run.changes.some(
      (c) => c.kind === 'scale' && c.to === after.replicas && c.askedAt !== undefined && at - c.askedAt < 15_000,
    );
    if (known) return;
    const change =
      run.changes.findLast((c) => c.kind === 'outside' && c.from === c.to && at - openedAt(c) < sameActMs) ??
      open(run, sequence, 'outside', '', undefined);
    change.from = before.replicas;
    change.to = after.replicas;
    change.title = `Scaled ${before.replicas} → ${after.replicas}, outside`;
    change.at ??= at;
  } else if (before.generation < after.generation && before.generation > 0) {
    const known = run.changes.some(
      (c) => (c.kind === 'rollout' || c.kind === 'scale') && c.askedAt !== undefined && at - c.askedAt < 15_000,
    );
    if (!known) rolloutStarted(run, sequence, undefined, at);
  }
}

// ---- opening changes

function open(run: Run, sequence: number, kind: ChangeKind, title: string, askedAt: number | undefined): ChangeRun {
  const change: ChangeRun = {
    sequence,
    kind,
    title,
    askedAt,
    at: undefined,
    from: 0,
    to: 0,
    stories: [],
    addedUids: [],
    removedUids: [],
  };
  run.changes.push(change);
  return change;
}

function scaleAsked(run: Run, sequence: number, from: number, to: number, at: number): void {
  const early = run.changes.findLast((c) => c.kind === 'outside' && c.to === to && at - openedAt(c) < sameActMs);
  const change = early ?? open(run, sequence, 'scale', '', at);
  change.kind = 'scale';
  change.askedAt = at;
  change.from = from;
  change.to = to;
  change.title = `Scaled ${from} → ${to}`;
  for (const story of change.stories) story.asked ??= at;
}

function rolloutStarted(run: Run, sequence: number, askedAt: number | undefined, at: number): void {
  const early = run.changes.findLast((c) => c.kind === 'rollout' && at - openedAt(c) < sameActMs);
  if (early !== undefined && early.askedAt === undefined) {
    early.askedAt = askedAt;
    early.title = rolloutTitle(run, early);
    return;
  }
  const change = open(run, sequence, 'rollout', '', askedAt);
  if (askedAt === undefined) change.at = at;
  change.from = change.to = run.deployment?.replicas ?? readyUids(run).length;
  change.title = rolloutTitle(run, change);
}

function rolloutTitle(run: Run, change: ChangeRun): string {
  const outside = change.askedAt === undefined ? ', outside' : '';
  const replaced = change.removedUids.length;
  if (replaced === 0) return `Rollout restart${outside}`;
  if (!rolledOut(run, change)) return `Rollout: ${replaced} of ${change.to} pods replaced${outside}`;
  return `Rolled out: ${replaced} ${replaced === 1 ? 'pod' : 'pods'} replaced${outside}`;
}

function rolledOut(run: Run, change: ChangeRun): boolean {
  const ready = new Set(readyUids(run));
  const arrived = change.addedUids.filter((uid) => ready.has(uid) || run.pods.get(uid)?.pod.phase === 'Gone').length;
  return change.removedUids.length >= change.to && arrived >= change.to;
}

function deleteAsked(run: Run, sequence: number, uid: string, now: boolean, at: number): void {
  const early = run.changes.findLast((c) => c.removedUids.includes(uid) && at - openedAt(c) < sameActMs);
  const change = early ?? open(run, sequence, 'delete', '', at);
  change.kind = now ? 'delete_now' : 'delete';
  change.title = `${handleOf(run, uid)} deleted${now ? ' now' : ''}`;
  change.askedAt = at;
  if (early === undefined) removePod(run, change, uid);
}

function crashed(
  run: Run,
  sequence: number,
  uid: string,
  askedAt: number | undefined,
  seenAt: number | undefined,
  incarnation?: number,
): void {
  const at = (askedAt ?? seenAt)!;
  // The crash that was asked for is seen up to a second later; losing readiness may be seen just before.
  const known = askedAt === undefined ? announced(run, uid, at, incarnation) : undefined;
  if (known === undefined) {
    const change = open(run, sequence, 'crash', `${handleOf(run, uid)} crashed`, askedAt);
    change.at = seenAt;
    const next = incarnation ?? (run.pods.get(uid)?.pod.incarnation ?? 0) + 1;
    const back = firstAnswers(run, uid, next);
    for (const lane of run.lanes.values()) {
      const story = tell(change, lane.id, uid, 'restarted', next);
      if (askedAt === undefined) story.lost = lostBefore(run, lane.id, uid, at);
      const first = back.get(lane.id);
      if (first !== undefined) answered(run, lane, story, first);
    }
    return;
  }
  known.at ??= seenAt;
  if (known.kind === 'unready') {
    known.kind = 'crash';
    known.title = `${handleOf(run, uid)} crashed`;
    known.removedUids = known.removedUids.filter((other) => other !== uid);
    for (const story of known.stories) {
      story.direction = 'restarted';
      story.slice = undefined;
      story.ended = false;
      story.lost += lostBefore(run, story.laneId, uid, openedAt(known));
    }
  }
  if (incarnation === undefined) return;
  for (const story of known.stories) story.incarnation = Math.max(story.incarnation, incarnation);
}

function announced(run: Run, uid: string, at: number, incarnation: number | undefined): ChangeRun | undefined {
  return run.changes.findLast((c) => {
    if (at - openedAt(c) > claimMs.crash) return false;
    if (c.kind === 'crash') {
      return c.stories.some(
        (s) => s.podUid === uid && (c.at === undefined || at - c.at < sameActMs || s.incarnation === incarnation),
      );
    }
    // Losing readiness is seen at once, the restart only after its backoff: what looked like unready was a crash.
    return c.kind === 'unready' && c.askedAt === undefined && c.removedUids.includes(uid) && !returned(run, c, uid);
  });
}

/** Where the truth was away, a pod is back, and has answered, before anybody reports that it was gone: by lane, when. */
function firstAnswers(run: Run, uid: string, incarnation: number): Map<string, number> {
  const found = new Map<string, number>();
  for (const { kind, laneId = '', podUid, incarnation: of = 0, at } of run.events) {
    if (kind.case !== 'firstAnswer' || podUid !== uid || of < incarnation || found.has(laneId)) continue;
    found.set(laneId, toMs(at));
  }
  return found;
}

/** Failed calls of a pod that came before anybody reported why. */
function lostBefore(run: Run, laneId: string, uid: string, at: number): number {
  let lost = 0;
  for (const frame of run.frames) {
    const from = toMs(frame.from);
    if (from < at - lookBackMs || from > at) continue;
    const pods = frame.lanes.find((lane) => lane.laneId === laneId)?.pods ?? [];
    for (const pod of pods) if (pod.podUid === uid) lost += sumOf(pod.failed);
  }
  return lost;
}

function unready(run: Run, sequence: number, uid: string, askedAt: number | undefined, seenAt: number | undefined) {
  const pod = run.pods.get(uid);
  if (pod === undefined || pod.goneAt !== undefined) return;
  const at = (askedAt ?? seenAt)!;
  const known = run.changes.findLast(
    (c) =>
      at - openedAt(c) < claimMs.unready &&
      (c.removedUids.includes(uid) || (c.kind === 'crash' && c.stories.some((s) => s.podUid === uid))),
  );
  if (known !== undefined && !(known.kind === 'unready' && returned(run, known, uid))) {
    known.at ??= seenAt;
    return;
  }
  const change = open(
    run,
    sequence,
    'unready',
    `${handleOf(run, uid)} unready${askedAt === undefined ? ', outside' : ''}`,
    askedAt,
  );
  change.at = seenAt;
  removePod(run, change, uid);
}

/** Whether the pod has come back since that change. */
function returned(run: Run, change: ChangeRun, uid: string): boolean {
  return run.changes.some((c) => c.sequence > change.sequence && c.kind === 'ready' && c.addedUids.includes(uid));
}

function readyAgain(run: Run, sequence: number, uid: string, askedAt: number | undefined): ChangeRun | undefined {
  const lost = run.changes.findLast((c) => c.kind === 'unready' && c.removedUids.includes(uid));
  const back = lost !== undefined && returned(run, lost, uid);
  if (lost === undefined || back) return undefined;
  for (const story of lost.stories) if (story.podUid === uid) story.ended = true;
  const change = open(run, sequence, 'ready', `${handleOf(run, uid)} ready again`, askedAt);
  addPod(run, change, uid);
  return change;
}

// ---- pods coming and going

function podAdded(run: Run, sequence: number, uid: string, at: number): void {
  const pod = run.pods.get(uid)!.pod;
  // What was asked for explains a pod better than what was only seen to leave.
  const waits = run.changes.filter((c) => expectsMore(c) && at - openedAt(c) < claimMs[c.kind]);
  let change = waits.find((c) => c.kind !== 'outside') ?? waits[0];
  if (change === undefined) {
    // What was there before anybody looked is not a change: pods found at the start, or already ready when first seen.
    const first = run.intervals.every((i) => i.readyFrom === undefined);
    if (first || pod.ready || pod.terminating) return;
    change = run.changes.findLast((c) => c.kind === 'outside' && c.from === c.to && at - openedAt(c) < sameActMs);
    change ??= open(run, sequence, 'outside', `${pod.handle} appeared, outside`, undefined);
  }
  addPod(run, change, uid);
  change.at ??= change.kind === 'outside' ? at : undefined;
  for (const story of change.stories) if (story.podUid === uid) story.asked ??= at;
}

function expectsMore(change: ChangeRun): boolean {
  const removed = change.removedUids.length;
  switch (change.kind) {
    case 'scale':
      return change.addedUids.length < change.to - change.from;
    case 'outside':
      return change.addedUids.length < (change.from === change.to ? removed : change.to - change.from);
    case 'delete':
    case 'delete_now':
      return change.addedUids.length < removed;
    case 'rollout':
      return change.addedUids.length < change.to;
    default:
      return false;
  }
}

function podReady(run: Run, sequence: number, uid: string, at: number): void {
  let found = false;
  for (const { change, story } of openStories(run)) {
    if (story.podUid !== uid || story.direction === 'removed') continue;
    found = true;
    // A crash that was asked for is not over before it was seen to happen.
    if (story.direction === 'restarted' && change.at === undefined) continue;
    story.ready ??= at;
    change.at ??= at;
  }
  if (found) return;
  const change = readyAgain(run, sequence, uid, undefined);
  if (change === undefined) return;
  change.at = at;
  for (const story of change.stories) story.ready = at;
}

function podUnready(run: Run, sequence: number, uid: string, at: number): void {
  const pod = run.pods.get(uid)?.pod;
  // Leaving is told by podTerminating; a pod that was never ready has nothing to lose.
  const wasReady = run.intervals.some((i) => i.podUid === uid && i.readyFrom !== undefined);
  if (pod === undefined || pod.terminating || !wasReady) return;
  if (endedReasons.has(pod.reason)) {
    crashed(run, sequence, uid, undefined, at, pod.incarnation + 1);
    return;
  }
  unready(run, sequence, uid, undefined, at);
}

function podLeaves(run: Run, sequence: number, uid: string, at: number, gone: boolean): void {
  for (const { story } of openStories(run)) {
    if (story.podUid !== uid) continue;
    if (story.direction !== 'removed' || gone) story.ended = true;
  }
  let change = run.changes.findLast((c) => c.kind !== 'unready' && c.removedUids.includes(uid));
  if (change === undefined) {
    change = run.changes.find((c) => expectsFewer(c) && at - openedAt(c) < claimMs[c.kind]);
    change ??= run.changes.findLast((c) => c.kind === 'outside' && c.from === c.to && at - openedAt(c) < sameActMs);
    change ??= open(run, sequence, 'outside', `${handleOf(run, uid)} deleted, outside`, undefined);
    removePod(run, change, uid);
    if (gone) for (const story of change.stories) if (story.podUid === uid) story.ended = true;
  }
  change.at ??= at;
  if (change.kind === 'rollout') change.title = rolloutTitle(run, change);
}

function expectsFewer(change: ChangeRun): boolean {
  if (change.kind === 'scale' || change.kind === 'outside') {
    return change.removedUids.length < change.from - change.to;
  }
  return change.kind === 'rollout' && change.removedUids.length < change.to;
}

function addPod(run: Run, change: ChangeRun, uid: string): void {
  if (!change.addedUids.includes(uid)) change.addedUids.push(uid);
  for (const lane of run.lanes.values()) {
    tell(change, lane.id, uid, 'added', run.pods.get(uid)?.pod.incarnation ?? 0);
  }
}

function removePod(run: Run, change: ChangeRun, uid: string): void {
  if (!change.removedUids.includes(uid)) change.removedUids.push(uid);
  for (const lane of run.lanes.values()) {
    tell(change, lane.id, uid, 'removed', run.pods.get(uid)?.pod.incarnation ?? 0);
  }
}

function tell(change: ChangeRun, laneId: string, podUid: string, direction: Direction, incarnation: number): StoryRun {
  const story: StoryRun = {
    laneId,
    podUid,
    direction,
    asked: change.askedAt,
    ready: undefined,
    slice: undefined,
    told: undefined,
    connected: undefined,
    inPicker: undefined,
    firstCall: undefined,
    turnMs: 0,
    ended: false,
    incarnation,
    lost: 0,
    toRemoved: 0,
  };
  change.stories.push(story);
  return story;
}

// ---- stations

function* openStories(run: Run, laneId?: string): Iterable<{ change: ChangeRun; story: StoryRun }> {
  for (const change of run.changes) {
    for (const story of change.stories) {
      if (story.ended || story.firstCall !== undefined) continue;
      if (laneId === undefined || story.laneId === laneId) yield { change, story };
    }
  }
}

function sliceChanged(run: Run, ready: ReadySetChange, at: number): void {
  const entered = new Set(ready.entered.map((address) => ownerOf(run, address)));
  const left = new Set(ready.left.map((address) => ownerOf(run, address)));
  for (const change of run.changes) {
    for (const story of change.stories) {
      const removal = story.direction === 'removed';
      if (!(removal ? left : entered).has(story.podUid) || story.slice !== undefined) continue;
      // Told before the truth watch, and answered already: the slice is still this change's.
      if (story.ended && story.firstCall === undefined && !removal) continue;
      if (story.direction === 'restarted' && change.at === undefined) continue;
      story.slice = at;
      change.at ??= at;
    }
    if (change.kind === 'rollout') change.title = rolloutTitle(run, change);
  }
}

function foldStation(run: Run, event: Event, at: number): void {
  const lane = run.lanes.get(event.laneId ?? '');
  if (lane === undefined) return;
  const { kind } = event;
  for (const { change, story } of openStories(run, lane.id)) {
    // Of several clients, a new pod's stations are the first one's; when it is forgotten is told of the asked agent alone.
    if (event.agent !== undefined && story.direction === 'removed') continue;
    const address = addressOf(run, story.podUid);
    if (kind.case === 'firstAnswer') {
      const right = event.podUid === story.podUid && (event.incarnation ?? 0) >= story.incarnation;
      if (right && story.direction !== 'removed') answered(run, lane, story, at);
    } else if (address === undefined) {
    } else if (kind.case === 'resolved') {
      // A crash changes no address, so nobody is told anything.
      if (story.direction === 'restarted' || !knowsPods(run, lane)) continue;
      const listed = kind.value.addresses.includes(address);
      if (listed !== (story.direction === 'added')) continue;
      // A list that never lost the pod tells nothing new when it comes back.
      if (change.kind === 'ready' && !kind.value.changed) continue;
      story.told ??= at;
      // A removal is over for a client that never picks from addresses of its own.
      if (story.direction === 'removed' && isProxied(lane)) story.ended = true;
    } else if (kind.case === 'connected') {
      if (event.address === address && story.direction !== 'removed') story.connected ??= at;
    } else if (kind.case === 'pickerUpdated') {
      const picked = kind.value.addresses.includes(address);
      if (story.direction === 'removed') {
        if (!picked && knowsPods(run, lane)) story.inPicker ??= at;
      } else if (picked && (story.direction === 'added' || story.connected !== undefined)) story.inPicker ??= at;
    }
  }
}

/** Answers of pods that keep their identity (ready again), and what a change cost. */
export function foldFrameStories(run: Run, frame: Frame): void {
  if (run.changes.length === 0) return;
  const from = toMs(frame.from);
  const to = toMs(frame.to);
  const parts = new Map(frame.lanes.map((lane) => [lane.laneId, new Map(lane.pods.map((pod) => [pod.podUid, pod]))]));
  const charged = new Set<string>();
  for (const change of run.changes.toReversed()) {
    for (const story of change.stories) {
      const pods = parts.get(story.laneId);
      const lane = run.lanes.get(story.laneId);
      if (pods === undefined || lane === undefined) continue;
      const pod = pods.get(story.podUid);
      if (story.direction === 'added') {
        if (pod !== undefined && pod.answered > 0 && story.firstCall === undefined && !story.ended) {
          const first = firstSince(change, story, pod);
          if (first !== undefined) answered(run, lane, story, first);
        }
        continue;
      }
      if (to < openedAt(change) || to - openedAt(change) > goneRowMs || story.firstCall !== undefined) continue;
      const key = `${story.laneId} ${story.podUid}`;
      if (!charged.has(key) && pod !== undefined) {
        charged.add(key);
        story.lost += sumOf(pod.failed);
        story.toRemoved += pod.toRemovedAnswered + pod.toRemovedLost;
      }
      const nobody = pods.get('');
      const nobodysKey = `${story.laneId} `;
      if (nobody !== undefined && !charged.has(nobodysKey) && from - openedAt(change) < chargeMs) {
        charged.add(nobodysKey);
        story.lost += sumOf(nobody.failed);
      }
    }
  }
}

function firstSince(change: ChangeRun, story: StoryRun, pod: PodFrame): number | undefined {
  const first = toMs(pod.first);
  if (change.kind !== 'ready') return first;
  // A pinned connection never stopped calling it: then it answers from the moment it is back.
  const back = story.slice ?? story.ready;
  if (back === undefined || toMs(pod.last) < back) return undefined;
  return Math.max(first, back);
}

function answered(run: Run, lane: LaneRun, story: StoryRun, at: number): void {
  story.firstCall = at;
  // A proxy's membership is read each 100 ms: its first call may come first, and then it knew by that call.
  if (isProxied(lane) && story.direction === 'added') story.told ??= at;
  story.turnMs = turnNow(run, lane);
}

/** What waiting for its turn alone costs a pod on this lane now. */
export function turnNow(run: Run, lane: LaneRun): number {
  const { asked, achieved } = rateOf(run, lane.id, scoreWindowMs);
  return turnTimeMs(Math.max(1, readyUids(run).length), asked > 0 ? asked : achieved);
}

export type StoryState = 'open' | 'answered' | 'ended' | 'never';

/** Derived, so that "never" is true only as long as nothing has happened that could end it. */
export function storyState(run: Run, story: StoryRun): StoryState {
  if (story.firstCall !== undefined) return 'answered';
  if (story.ended) return 'ended';
  const lane = run.lanes.get(story.laneId);
  if (story.direction === 'removed' || lane === undefined || story.slice === undefined) return 'open';
  return isPinned(run, lane) ? 'never' : 'open';
}

/**
 * Healthy connections on which no call can ever reach another pod: to a virtual address, or of a pick_first, which looks
 * at no other address of its list while its connection lives.
 */
export function isPinned(run: Run, lane: LaneRun): boolean {
  if (lane.state !== 'running' || isProxied(lane)) return false;
  if (knowsPods(run, lane) && lane.spec.policy !== 'pick_first') return false;
  const connections = [...lane.connections.values()];
  return connections.length > 0 && connections.every((connection) => connection.state === 'READY');
}

/** Milliseconds from slice to first call; negative: before the truth watch. */
export function reactionMs(story: StoryRun): number | undefined {
  if (story.direction === 'removed' || story.firstCall === undefined || story.slice === undefined) return undefined;
  return story.firstCall - story.slice;
}

export function openedAt(change: ChangeRun): number {
  return change.askedAt ?? change.at ?? change.stories[0]?.asked ?? 0;
}

function resolvePod(run: Run, uid: string | undefined, name: string): string | undefined {
  if (uid) return uid;
  for (const { pod, goneAt } of run.pods.values()) {
    if (goneAt === undefined && (pod.uid === name || pod.name === name || pod.handle === name)) return pod.uid;
  }
  return undefined;
}

/** Bounded in number; a change stays while one of its pods is still waited for. */
export function pruneChanges(run: Run): void {
  const horizon = run.clock - 600_000;
  const stale = (c: ChangeRun) =>
    openedAt(c) < horizon && c.stories.every((s) => s.ended || s.firstCall !== undefined || !run.pods.has(s.podUid));
  if (run.changes.length > maxChanges || run.changes.some(stale)) {
    run.changes = run.changes.filter((c) => !stale(c)).slice(-maxChanges);
  }
}
