import type { Cluster, MaxConnectionAge } from '../gen/lbscope/agent/v1/agent_pb.js';
import type { Recording } from '../gen/lbscope/agent/v1/runs_pb.js';
import type {
  Agent,
  Deployment,
  Detour,
  Endpoint,
  Event,
  Frame,
  LaneSpec,
  Pod,
  Traffic,
} from '../gen/lbscope/events/v1/events_pb.js';
import type { ScenarioRun } from '../gen/lbscope/events/v1/scenarios_pb.js';

/**
 * The state of a run, and nothing that could not be written into a snapshot and read back.
 * All instants are milliseconds of the agent's clock. Protobuf messages in it are never changed in place, so a viewer
 * may hold on to one; the containers are, and `version` counts every change to them.
 */
export interface Run {
  version: number;
  runId: string;
  runStartedAt: number;
  /** Newest update folded in. */
  sequence: number;
  /** Newest instant of any update: what "now" is to the fold, which has no clock of its own. */
  clock: number;
  traffic: Traffic | undefined;
  running: boolean;
  /** In order of appearance. */
  lanes: Map<string, LaneRun>;
  /** By UID, in order of appearance; those gone are kept for the window, because bands still show them. */
  pods: Map<string, PodRun>;
  intervals: Interval[];
  deployment: Deployment | undefined;
  /** As the truth watch saw them last, all of them, with their conditions. */
  endpoints: Endpoint[];
  /** Oldest first, the last 90 s by their own time. */
  frames: Frame[];
  /** Oldest first. */
  events: Event[];
  /** Oldest first. */
  changes: ChangeRun[];
  cluster: Cluster;
  agentVersion: string;
  /** Whether this run is being kept; undefined: nobody said. */
  recording: Recording | undefined;
  /** The scenario that runs, or the last one that did. */
  scenario: ScenarioRun | undefined;
  /** What every pod is told about the age of its connections; undefined: nothing. */
  maxConnectionAge: MaxConnectionAge | undefined;
  /** The other agents that drive a part of the traffic, by id, in order of appearance; empty: there is one client. */
  agents: Map<string, Agent>;
}

export type Update =
  | { readonly case: 'event'; readonly value: Event }
  | { readonly case: 'frame'; readonly value: Frame };

export interface PodRun {
  pod: Pod;
  goneAt: number | undefined;
}

/**
 * An address belongs to a pod from `from` to `to`; it is in the ready set from `readyFrom` to `readyTo`.
 * A pod that turns ready again gets another interval with the same `from`.
 */
export interface Interval {
  /** "ip:port"; "" until the pod has an address. */
  address: string;
  podUid: string;
  from: number;
  readyFrom: number | undefined;
  readyTo: number | undefined;
  to: number | undefined;
}

export interface LaneRun {
  readonly id: string;
  spec: LaneSpec;
  state: string;
  reason: string;
  /** Why it is unavailable, for programs: laneState's code. */
  stateCode: string;
  /** With the code unreachable: since when, and the way around. */
  unreachableSince: number | undefined;
  detour: Detour | undefined;
  /** Settings of its own; undefined: those of all lanes. */
  traffic: Traffic | undefined;
  belief: BeliefRun;
  channels: Map<number, ChannelRun>;
  connections: Map<string, ConnectionRun>;
  counts: LaneCounts;
  errors: Map<string, number>;
  /** Failed calls by class and by what their pod was then; see ledger.ts for the key. */
  ledger: Map<string, number>;
  dnsQueries: Map<string, number>;
  /** By UID; "" holds calls that no pod can be named for. */
  pods: Map<string, PodCounts>;
  /** What each other agent believes; what is above (belief, channels, connections) is the asked agent's own. */
  clients: Map<string, ClientRun>;
  /** Whose calls they were, by Agent.id, "" for the asked agent's; empty where there is one client. */
  shares: Map<string, ClientCounts>;
}

/** A lane as another agent has it. */
export interface ClientRun {
  /** Why this agent alone can't run the lane; empty: it can. */
  trouble: string;
  belief: BeliefRun;
  channels: Map<number, ChannelRun>;
  connections: Map<string, ConnectionRun>;
}

export interface ClientCounts {
  issued: number;
  failed: number;
  shortfall: number;
  /** Answered in this run, by the pod's UID. */
  pods: Map<string, number>;
}

export interface LaneCounts {
  issued: number;
  answered: number;
  transparentRetries: number;
  shortfall: number;
  toRemovedAnswered: number;
  toRemovedLost: number;
  lookups: number;
  watchEvents: number;
  connectionsOpened: number;
  connectionsClosed: number;
  policyRetries: number;
  answeredByRetry: number;
  messages: number;
}

export interface PodCounts {
  calls: number;
  errors: number;
  inferred: boolean;
  messages: number;
}

export interface BeliefRun {
  addresses: string[];
  resolvedAt: number | undefined;
  source: string;
  resolutionId: string;
  nextKind: string;
  nextAt: number | undefined;
  nextTrigger: string;
  /** The last failed resolution since the last good one, else empty. */
  failure: string;
}

/** What the policy of one of the lane's channels picks from. */
export interface ChannelRun {
  channel: number;
  state: string;
  addresses: string[];
}

export interface ConnectionRun {
  id: string;
  address: string;
  since: number;
  state: string;
  podUid: string;
  /** Answered on it; undefined where several connections lead to its pod, as nobody counts them apart. */
  calls: number | undefined;
}

export type ChangeKind = 'scale' | 'delete' | 'delete_now' | 'crash' | 'rollout' | 'unready' | 'ready' | 'outside';

export interface ChangeRun {
  /** Sequence of the event that opened it. */
  sequence: number;
  kind: ChangeKind;
  title: string;
  askedAt: number | undefined;
  /** When the first pod of it became Ready, or the removal was seen. */
  at: number | undefined;
  /** Replicas before and after, for a change of scale; else both 0. */
  from: number;
  to: number;
  stories: StoryRun[];
  addedUids: string[];
  removedUids: string[];
}

export type Direction = 'added' | 'removed' | 'restarted';

export interface StoryRun {
  laneId: string;
  podUid: string;
  direction: Direction;
  asked: number | undefined;
  ready: number | undefined;
  slice: number | undefined;
  told: number | undefined;
  connected: number | undefined;
  inPicker: number | undefined;
  firstCall: number | undefined;
  /** Fixed when the first call was answered; 0 before. */
  turnMs: number;
  /** The pod left before a call, or the change was overtaken. */
  ended: boolean;
  incarnation: number;
  lost: number;
  toRemoved: number;
}

/** How long frames and events are kept, and how long a band is. */
export const windowMs = 90_000;
/** Scores are taken over this much. */
export const scoreWindowMs = 10_000;
/** A pod that ended keeps its row for this long. */
export const goneRowMs = 60_000;
