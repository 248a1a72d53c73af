import { create } from '@bufbuild/protobuf';
import { type Cluster, ClusterSchema, MaxConnectionAgeSchema } from '../gen/lbscope/agent/v1/agent_pb.js';
import { RecordingSchema } from '../gen/lbscope/agent/v1/runs_pb.js';
import {
  type BehaviorAsked,
  type Event,
  type Frame,
  type PodBehavior,
  PodBehaviorSchema,
  PodSchema,
  type WatchState,
} from '../gen/lbscope/events/v1/events_pb.js';
import { foldChangeEvent, foldDeployment, foldFrameStories, pruneChanges } from './changes.ts';
import { foldAgent, foldOthers, isOthers } from './clients.ts';
import { clearCounts, foldFrameCounts, foldLaneEvent, pruneLanes, putLane } from './lanes.ts';
import { foldScenario } from './scenario/fold.ts';
import { type Run, type Update, windowMs } from './state.ts';
import { fromMs, toMs } from './time.ts';
import { podGone, pruneTruth, putEndpoints, putPod, type ReadySetChange } from './truth.ts';

export { fromSnapshot, toSnapshot } from './snapshot.ts';
export type { Run, Update } from './state.ts';

export interface RunInit {
  readonly cluster?: Partial<Omit<Cluster, '$typeName' | '$unknown'>>;
  readonly agentVersion?: string;
}

/** A run of which nothing is known yet. `init` holds what no event says. */
export function emptyRun(init: RunInit = {}): Run {
  return {
    version: 0,
    runId: '',
    runStartedAt: 0,
    sequence: 0,
    clock: 0,
    traffic: undefined,
    running: false,
    lanes: new Map(),
    pods: new Map(),
    intervals: [],
    deployment: undefined,
    endpoints: [],
    frames: [],
    events: [],
    changes: [],
    cluster: create(ClusterSchema, { state: 'connecting', ...init.cluster }),
    agentVersion: init.agentVersion ?? '',
    recording: undefined,
    scenario: undefined,
    maxConnectionAge: undefined,
    agents: new Map(),
  };
}

/**
 * Folds one update into the run, in place, and returns the same run. Updates older than what is known are ignored, so
 * that a resumed stream may repeat itself. There is no clock here: time is what the updates say it is.
 */
export function fold(run: Run, update: Update): Run {
  const { value } = update;
  const startsAnew =
    update.case === 'event' && update.value.kind.case === 'runStarted' && update.value.kind.value.runId !== run.runId;
  if (value.sequence <= run.sequence && !startsAnew) return run;
  run.version += 1;
  // By the numbers alone, so that who begins with a snapshot looks at the same moments.
  const looks = Math.floor(value.sequence / slack) !== Math.floor(run.sequence / slack);
  run.sequence = value.sequence;
  if (update.case === 'frame') foldFrame(run, update.value);
  else foldEvent(run, update.value, startsAnew);
  if (looks && run.events.length > eventsKept + slack) pruneEvents(run);
  return run;
}

function foldFrame(run: Run, frame: Frame): void {
  advance(run, toMs(frame.to));
  run.frames.push(frame);
  foldFrameCounts(run, frame);
  foldFrameStories(run, frame);
  const horizon = toMs(frame.to) - windowMs;
  let old = 0;
  while (old < run.frames.length && toMs(run.frames[old]!.to) <= horizon) old += 1;
  if (old > 0) run.frames = run.frames.slice(old);
  prune(run);
}

function foldEvent(run: Run, event: Event, startsAnew: boolean): void {
  const at = toMs(event.at);
  const { kind } = event;
  if (isOthers(event)) {
    foldChangeEvent(run, event, at, false, undefined);
    foldOthers(run, event, at);
    return;
  }
  if (startsAnew && kind.case === 'runStarted') clear(run, kind.value.runId, at);
  advance(run, at);
  run.events.push(event);
  run.scenario = foldScenario(run.scenario, event);

  let isNew = false;
  let ready: ReadySetChange | undefined;
  const deployment = run.deployment;
  switch (kind.case) {
    case 'trafficChanged':
      foldTraffic(run, event);
      break;
    case 'laneChanged':
      if (kind.value.lane !== undefined) putLane(run, kind.value.lane, kind.value.removed);
      break;
    case 'podAdded':
    case 'podReady':
    case 'podUnready':
    case 'podTerminating':
    case 'podRestarted':
      isNew = putPod(run, kind.value.pod, at);
      break;
    case 'podGone':
      putPod(run, kind.value.pod, at);
      if (kind.value.pod !== undefined) podGone(run, kind.value.pod.uid, at);
      break;
    case 'behaviorAsked':
      setBehavior(run, event.podUid, kind.value);
      break;
    case 'maxConnectionAgeAsked': {
      const { ageMs, graceMs } = kind.value;
      run.maxConnectionAge = create(MaxConnectionAgeSchema, { ageMs, graceMs });
      break;
    }
    case 'sliceChanged':
      ready = putEndpoints(run, kind.value.all, at);
      break;
    case 'deploymentChanged':
      run.deployment = kind.value.deployment;
      break;
    case 'watchState':
      if (kind.value.watcher === 'truth') foldWatch(run, kind.value, at);
      break;
    case 'agentState':
      foldAgentState(run, kind.value.state, kind.value.reason, at);
      break;
    case 'agentChanged':
      if (kind.value.agent !== undefined) foldAgent(run, kind.value.agent, kind.value.removed);
      break;
    case 'recordingChanged': {
      const { state, fault, message } = kind.value;
      run.recording = create(RecordingSchema, { state, fault, message, since: event.at });
      break;
    }
  }
  const lane = event.laneId === undefined ? undefined : run.lanes.get(event.laneId);
  // Stations are compared with what the lane believed before this event.
  foldChangeEvent(run, event, at, isNew, ready);
  if (lane !== undefined && event.agent === undefined) foldLaneEvent(run, lane, event, at);
  else if (event.agent !== undefined) foldOthers(run, event, at);
  if (kind.case === 'deploymentChanged' && kind.value.deployment !== undefined) {
    foldDeployment(run, event.sequence, at, deployment, kind.value.deployment);
  }
  prune(run);
}

function advance(run: Run, at: number): void {
  if (at > run.clock) run.clock = at;
}

/** A new run starts with the pods, lanes and beliefs of the old one, and with nothing counted. */
function clear(run: Run, runId: string, at: number): void {
  run.runId = runId;
  run.runStartedAt = at;
  run.clock = at;
  run.frames = [];
  run.changes = [];
  run.events = run.events.filter(keyframes(run, Number.POSITIVE_INFINITY));
  for (const lane of run.lanes.values()) clearCounts(lane);
}

/** Shown with the pod from the moment it was asked for; the pod's own events repeat it. */
function setBehavior(run: Run, uid: string | undefined, asked: BehaviorAsked): void {
  const known = uid === undefined ? undefined : run.pods.get(uid);
  if (uid === undefined || known === undefined) return;
  const before = known.pod.behavior ?? create(PodBehaviorSchema, { ready: true });
  const behavior = create(PodBehaviorSchema, {
    ready: asked.ready ?? before.ready,
    delayMs: asked.delayMs ?? before.delayMs,
    errorRate: asked.errorRate ?? before.errorRate,
    ...ageOf(asked, before),
  });
  run.pods.set(uid, { ...known, pod: create(PodSchema, { ...known.pod, behavior }) });
}

/** Absent stays absent: nobody has said anything about it. */
function ageOf(asked: BehaviorAsked, before: PodBehavior): Partial<PodBehavior> {
  const maxConnectionAgeMs = asked.maxConnectionAgeMs ?? before.maxConnectionAgeMs;
  const maxConnectionAgeGraceMs = asked.maxConnectionAgeGraceMs ?? before.maxConnectionAgeGraceMs;
  return {
    ...(maxConnectionAgeMs === undefined ? {} : { maxConnectionAgeMs }),
    ...(maxConnectionAgeGraceMs === undefined ? {} : { maxConnectionAgeGraceMs }),
  };
}

function foldTraffic(run: Run, event: Event): void {
  if (event.kind.case !== 'trafficChanged') return;
  const { traffic, running } = event.kind.value;
  if (event.laneId === undefined) {
    run.traffic = traffic;
    run.running = running;
    return;
  }
  const lane = run.lanes.get(event.laneId);
  if (lane !== undefined) lane.traffic = traffic;
}

/**
 * The truth has one watch per resource. A loss shows at once; it is over when the watch that was lost is synced again.
 * A watch that reconnects in passing is no loss, so `connecting` changes nothing.
 */
function foldWatch(run: Run, watch: WatchState, at: number): void {
  const { state, resource, message } = watch;
  if (state === 'connecting') return;
  const prefix = `${resource}: `;
  const bad = run.cluster.state === 'lost' || run.cluster.state === 'forbidden';
  if (state === 'synced' && bad && run.cluster.reason !== '' && !run.cluster.reason.startsWith(prefix)) return;
  setCluster(run, state, state === 'synced' ? '' : prefix + message, at);
}

function foldAgentState(run: Run, state: string, reason: string, at: number): void {
  if (state === 'cluster_unreachable') setCluster(run, 'lost', reason, at);
  else if (state === 'forbidden') setCluster(run, 'forbidden', reason, at);
}

function setCluster(run: Run, state: string, reason: string, at: number): void {
  if (run.cluster.state === state && run.cluster.reason === reason) return;
  const since = run.cluster.state === state ? run.cluster.since : undefined;
  run.cluster = create(ClusterSchema, { ...run.cluster, state, reason, since: since ?? fromMs(at) });
}

// ---- what is kept

const eventsKept = 2_000;
/**
 * Looking costs the whole list, which may be long where much happens within the window (many pods, connections that end
 * often): after so many updates, and when there are so many too many.
 */
const slack = 100;
const samplesKept = 200;

function prune(run: Run): void {
  pruneTruth(run);
  pruneLanes(run);
  pruneChanges(run);
}

/**
 * Down to 2,000, oldest first. What is younger than the window stays, except sampled calls beyond the newest 200;
 * so does each lane's last answer before the window, or nobody could say what it believed at the window's left edge.
 */
function pruneEvents(run: Run): void {
  const horizon = run.clock - windowMs;
  let samples = 0;
  const sampled = new Set<Event>();
  for (const event of run.events.toReversed()) {
    if (event.kind.case === 'sampledCall' && ++samples > samplesKept) sampled.add(event);
  }
  const isKey = keyframes(run, horizon);
  let surplus = run.events.length - sampled.size - eventsKept;
  run.events = run.events.filter((event) => {
    if (sampled.has(event)) return false;
    if (surplus <= 0 || toMs(event.at) >= horizon || isKey(event)) return true;
    surplus -= 1;
    return false;
  });
}

function keyframes(run: Run, before: number): (event: Event) => boolean {
  const newest = new Map<string, Event>();
  for (const event of run.events) {
    const { case: kind } = event.kind;
    if ((kind === 'resolved' || kind === 'resolutionFailed') && event.laneId !== undefined && toMs(event.at) < before) {
      if (kind === 'resolved' || event.kind.value.effect === 'dropped') newest.set(event.laneId, event);
    }
  }
  const keys = new Set(newest.values());
  return (event) => keys.has(event);
}
