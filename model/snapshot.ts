import { create } from '@bufbuild/protobuf';
import {
  type Change,
  ChangeSchema,
  type Cluster,
  ClusterSchema,
  type GetSnapshotResponse,
  GetSnapshotResponseSchema,
  type Lane,
  type LaneAgent,
  type LanePod,
  LanePodSchema,
  LaneSchema,
  LatencySchema,
  LatencyWindowSchema,
  type Story,
  StorySchema,
} from '../gen/lbscope/agent/v1/agent_pb.js';
import { LaneSpecSchema } from '../gen/lbscope/events/v1/events_pb.js';
import { differenceNow } from './belief.ts';
import { reactionMs, storyState, turnNow } from './changes.ts';
import { laneAgents } from './clients.ts';
import type { Merged } from './histogram.ts';
import { labelOf, pickerOf } from './lanes.ts';
import { ledgerFrom, lossesOf } from './ledger.ts';
import { coefficientOfVariation, jain, maxOverMean, podsAnswering, randomJain } from './measures.ts';
import { shownPresets } from './presets.ts';
import { scoreOf } from './score.ts';
import { type Standing, standingOf } from './standing.ts';
import type { ChangeKind, ChangeRun, ClientRun, Direction, LaneRun, Run, StoryRun } from './state.ts';
import { fromMs, fromMsOrUndefined, toMs, toMsOrUndefined } from './time.ts';
import { readyUids } from './truth.ts';
import { headline, verdict } from './verdict.ts';

/** Everything a late viewer needs, and everything the page shows, in one message. Changes nothing in the run. */
export function toSnapshot(run: Run, nowMs: number): GetSnapshotResponse {
  return create(GetSnapshotResponseSchema, {
    runId: run.runId,
    sequence: run.sequence,
    at: fromMs(nowMs),
    runStartedAt: fromMs(run.runStartedAt),
    traffic: run.traffic,
    running: run.running,
    lanes: [...run.lanes.values()].map((lane) => laneOf(run, lane, nowMs)),
    pods: [...run.pods.values()].map(({ pod }) => pod),
    deployment: run.deployment,
    endpoints: [...run.endpoints],
    bins: [...run.frames],
    events: [...run.events],
    changes: run.changes.map((change) => changeOf(run, change)),
    headline: headline(run, nowMs).text,
    cluster: run.cluster,
    agentVersion: run.agentVersion,
    recording: run.recording,
    scenario: run.scenario,
    ...(run.maxConnectionAge === undefined ? {} : { maxConnectionAge: run.maxConnectionAge }),
    intervals: run.intervals.map(({ address, podUid, ...instants }) => ({
      address,
      podUid,
      from: fromMs(instants.from),
      readyFrom: fromMsOrUndefined(instants.readyFrom),
      readyTo: fromMsOrUndefined(instants.readyTo),
      to: fromMsOrUndefined(instants.to),
    })),
    presets: shownPresets(run),
    agents: [...run.agents.values()],
  });
}

function laneOf(run: Run, lane: LaneRun, now: number): Lane {
  const score = scoreOf(run, lane.id);
  const { missing, ghosts } = differenceNow(run, lane);
  const ready = readyUids(run);
  const spread = ready.map((uid) => score.pods.get(uid)?.answered ?? 0);
  const calls = spread.reduce((a, b) => a + b, 0);
  const { belief } = lane;
  const said = verdict(run, lane.id, now);
  return create(LaneSchema, {
    id: lane.id,
    label: labelOf(lane),
    state: lane.state,
    reason: lane.reason,
    stateCode: lane.stateCode,
    unreachableSince: fromMsOrUndefined(lane.unreachableSince),
    detour: lane.detour,
    spec: lane.spec,
    traffic: lane.traffic,
    ...lane.counts,
    errors: Object.fromEntries(lane.errors),
    ledger: lossesOf(lane),
    dnsQueries: Object.fromEntries(lane.dnsQueries),
    pods: lanePods(run, lane),
    belief: {
      addresses: belief.addresses,
      resolvedAt: fromMsOrUndefined(belief.resolvedAt),
      source: belief.source,
      resolutionId: belief.resolutionId,
      nextTrigger: belief.nextTrigger,
      nextKind: belief.nextKind,
      nextAt: fromMsOrUndefined(belief.nextAt),
      failure: belief.failure,
      missing,
      ghosts,
    },
    fairness: {
      jain: jain(spread),
      calls,
      podsReady: ready.length,
      random: randomJain(calls, ready.length),
      maxOverMean: maxOverMean(spread),
      coefficientOfVariation: coefficientOfVariation(spread),
      podsAnswering: podsAnswering(spread),
    },
    latency: create(LatencySchema, quantiles(score.latency)),
    serviceTime: create(LatencyWindowSchema, quantiles(score.serviceTime)),
    rate: {
      asked: score.asked,
      achieved: score.achieved,
      scheduleErrorP50Ms: score.scheduleError.quantile(0.5) / 1000,
      scheduleErrorP99Ms: score.scheduleError.quantile(0.99) / 1000,
    },
    verdict: said.text,
    verdictParts: said.parts.map((part) => ({ ...part })),
    picker: pickerOf(lane),
    channels: [...lane.channels.values()],
    connections: [...lane.connections.values()].map(({ since, ...rest }) => ({ ...rest, since: fromMs(since) })),
    agents: laneAgents(run, lane),
  });
}

function quantiles(merged: Merged) {
  const ms = (q: number) => merged.quantile(q) / 1000;
  return { p50Ms: ms(0.5), p90Ms: ms(0.9), p99Ms: ms(0.99), maxMs: merged.max / 1000, calls: merged.count };
}

/** One row per pod of the truth, oldest first; a pod that ended has one while it had calls; then what nobody can be named for. */
export function lanePods(run: Run, lane: LaneRun): LanePod[] {
  const rows: LanePod[] = [];
  for (const [uid, { pod, goneAt }] of run.pods) {
    if (goneAt !== undefined && !lane.pods.has(uid)) continue;
    rows.push(lanePod(run, lane, uid, pod.name, pod.ip, pod.ready, standingOf(run, lane, uid)));
  }
  for (const uid of lane.pods.keys()) {
    if (run.pods.has(uid)) continue;
    rows.push(lanePod(run, lane, uid, uid, '', false, uid === '' ? 'unattributed' : 'unknown'));
  }
  return rows;
}

function lanePod(
  run: Run,
  lane: LaneRun,
  uid: string,
  pod: string,
  ip: string,
  ready: boolean,
  standing: Standing,
): LanePod {
  const counts = lane.pods.get(uid);
  const score = scoreOf(run, lane.id);
  const recent = score.pods.get(uid)?.answered ?? 0;
  return create(LanePodSchema, {
    pod,
    uid,
    ip,
    ready,
    standing,
    calls: counts?.calls ?? 0,
    errors: counts?.errors ?? 0,
    errorsInferred: counts?.inferred ?? false,
    share: score.answered > 0 ? recent / score.answered : 0,
    recentCalls: recent,
    callsPerSecond: score.activeMs > 0 ? (recent * 1000) / score.activeMs : 0,
    meanMs: score.pods.get(uid)?.meanMs ?? 0,
    messages: counts?.messages ?? 0,
    messageShare: score.messages > 0 ? (score.pods.get(uid)?.messages ?? 0) / score.messages : 0,
  });
}

/** A change as the API tells it. */
export function changeOf(run: Run, change: ChangeRun): Change {
  return create(ChangeSchema, {
    sequence: change.sequence,
    kind: change.kind,
    title: change.title,
    askedAt: fromMsOrUndefined(change.askedAt),
    at: fromMsOrUndefined(change.at),
    from: change.from,
    to: change.to,
    addedUids: [...change.addedUids],
    removedUids: [...change.removedUids],
    stories: change.stories.map((story) => storyOf(run, story)),
  });
}

function storyOf(run: Run, story: StoryRun): Story {
  const lane = run.lanes.get(story.laneId);
  const open = story.firstCall === undefined && !story.ended && story.direction !== 'removed';
  return create(StorySchema, {
    laneId: story.laneId,
    podUid: story.podUid,
    direction: story.direction,
    asked: fromMsOrUndefined(story.asked),
    ready: fromMsOrUndefined(story.ready),
    slice: fromMsOrUndefined(story.slice),
    told: fromMsOrUndefined(story.told),
    connected: fromMsOrUndefined(story.connected),
    inPicker: fromMsOrUndefined(story.inPicker),
    firstCall: fromMsOrUndefined(story.firstCall),
    reactionMs: reactionMs(story),
    turnMs: open && lane !== undefined ? turnNow(run, lane) : story.turnMs,
    state: storyState(run, story),
    incarnation: story.incarnation,
    lost: story.lost,
    toRemoved: story.toRemoved,
  });
}

/** The run that the snapshot was taken of: folding the updates after it gives what the first viewer has. */
export function fromSnapshot(s: GetSnapshotResponse): Run {
  const goneAt = new Map<string, number>();
  for (const { podUid, to } of s.intervals) if (to !== undefined) goneAt.set(podUid, toMs(to));
  const run: Run = {
    version: 1,
    runId: s.runId,
    runStartedAt: toMs(s.runStartedAt),
    sequence: s.sequence,
    clock: clockOf(s),
    traffic: s.traffic,
    running: s.running,
    lanes: new Map(s.lanes.map((lane) => [lane.id, fromLane(lane)])),
    pods: new Map(
      s.pods.map((pod) => [pod.uid, { pod, goneAt: pod.phase === 'Gone' ? goneAt.get(pod.uid) : undefined }]),
    ),
    intervals: s.intervals.map((interval) => ({
      address: interval.address,
      podUid: interval.podUid,
      from: toMs(interval.from),
      readyFrom: toMsOrUndefined(interval.readyFrom),
      readyTo: toMsOrUndefined(interval.readyTo),
      to: toMsOrUndefined(interval.to),
    })),
    deployment: s.deployment,
    endpoints: [...s.endpoints],
    frames: [...s.bins],
    events: [...s.events],
    changes: s.changes.map(fromChange),
    cluster: s.cluster ?? (create(ClusterSchema) as Cluster),
    agentVersion: s.agentVersion,
    recording: s.recording,
    scenario: s.scenario,
    maxConnectionAge: s.maxConnectionAge,
    agents: new Map(s.agents.map((agent) => [agent.id, agent])),
  };
  return run;
}

/** The fold's clock is the newest instant it has seen, not the instant the snapshot was taken. */
function clockOf(s: GetSnapshotResponse): number {
  let clock = toMs(s.bins.at(-1)?.to);
  for (const bin of s.bins) clock = Math.max(clock, toMs(bin.to));
  for (const event of s.events) clock = Math.max(clock, toMs(event.at));
  return clock;
}

function fromLane(lane: Lane): LaneRun {
  const others = lane.agents.filter(({ agent }) => agent !== '');
  return {
    id: lane.id,
    spec: lane.spec ?? create(LaneSpecSchema, { id: lane.id, label: lane.label }),
    state: lane.state,
    reason: lane.reason,
    stateCode: lane.stateCode,
    unreachableSince: toMsOrUndefined(lane.unreachableSince),
    detour: lane.detour,
    traffic: lane.traffic,
    ...fromClient(lane),
    counts: {
      issued: lane.issued,
      answered: lane.answered,
      transparentRetries: lane.transparentRetries,
      shortfall: lane.shortfall,
      toRemovedAnswered: lane.toRemovedAnswered,
      toRemovedLost: lane.toRemovedLost,
      lookups: lane.lookups,
      watchEvents: lane.watchEvents,
      connectionsOpened: lane.connectionsOpened,
      connectionsClosed: lane.connectionsClosed,
      policyRetries: lane.policyRetries,
      answeredByRetry: lane.answeredByRetry,
      messages: lane.messages,
    },
    errors: new Map(Object.entries(lane.errors)),
    ledger: ledgerFrom(lane.ledger),
    dnsQueries: new Map(Object.entries(lane.dnsQueries)),
    pods: new Map(
      lane.pods
        .filter((pod) => pod.calls > 0 || pod.errors > 0 || pod.messages > 0)
        .map(({ uid, calls, errors, errorsInferred: inferred, messages }) => [
          uid,
          { calls, errors, inferred, messages },
        ]),
    ),
    clients: new Map(
      others.flatMap((row): [string, ClientRun][] =>
        isEmptyClient(row)
          ? []
          : [[row.agent, { trouble: row.state === 'unavailable' ? row.reason : '', ...fromClient(row) }]],
      ),
    ),
    shares: new Map(
      lane.agents.map(({ agent, issued, failed, shortfall, pods }) => [
        agent,
        {
          issued,
          failed,
          shortfall,
          pods: new Map(pods.filter(({ calls }) => calls > 0).map(({ uid, calls }) => [uid, calls])),
        },
      ]),
    ),
  };
}

/** Of which nothing was told: the same as none. */
function isEmptyClient({ state, belief, channels, connections }: LaneAgent): boolean {
  const { source = '', nextKind = '', failure = '', addresses = [] } = belief ?? {};
  const said = source !== '' || nextKind !== '' || failure !== '' || addresses.length > 0;
  return !said && state !== 'unavailable' && channels.length === 0 && connections.length === 0;
}

function fromClient({ belief, channels, connections }: Pick<Lane, 'belief' | 'channels' | 'connections'>) {
  return {
    belief: {
      addresses: belief?.addresses ?? [],
      resolvedAt: toMsOrUndefined(belief?.resolvedAt),
      source: belief?.source ?? '',
      resolutionId: belief?.resolutionId ?? '',
      nextKind: belief?.nextKind ?? '',
      nextAt: toMsOrUndefined(belief?.nextAt),
      nextTrigger: belief?.nextTrigger ?? '',
      failure: belief?.failure ?? '',
    },
    channels: new Map(channels.map((c) => [c.channel, { channel: c.channel, state: c.state, addresses: c.addresses }])),
    connections: new Map(
      connections.map(({ id, address, since, state, podUid, calls }) => [
        id,
        { id, address, since: toMs(since), state, podUid, calls },
      ]),
    ),
  };
}

function fromChange(change: Change): ChangeRun {
  return {
    sequence: change.sequence,
    kind: change.kind as ChangeKind,
    title: change.title,
    askedAt: toMsOrUndefined(change.askedAt),
    at: toMsOrUndefined(change.at),
    from: change.from,
    to: change.to,
    addedUids: [...change.addedUids],
    removedUids: [...change.removedUids],
    stories: change.stories.map((story) => ({
      laneId: story.laneId,
      podUid: story.podUid,
      direction: story.direction as Direction,
      asked: toMsOrUndefined(story.asked),
      ready: toMsOrUndefined(story.ready),
      slice: toMsOrUndefined(story.slice),
      told: toMsOrUndefined(story.told),
      connected: toMsOrUndefined(story.connected),
      inPicker: toMsOrUndefined(story.inPicker),
      firstCall: toMsOrUndefined(story.firstCall),
      turnMs: story.firstCall === undefined ? 0 : story.turnMs,
      ended: story.state === 'ended',
      incarnation: story.incarnation,
      lost: story.lost,
      toRemoved: story.toRemoved,
    })),
  };
}
