import type { Event, Frame, LaneFrame, LaneSpec } from '../gen/lbscope/events/v1/events_pb.js';
import { emptyBelief, isProxied } from './belief.ts';
import { foldLosses } from './ledger.ts';
import { type ConnectionRun, goneRowMs, type LaneCounts, type LaneRun, type PodCounts, type Run } from './state.ts';
import { toMs, toMsOrUndefined } from './time.ts';
import { ownerOf } from './truth.ts';

export function emptyCounts(): LaneCounts {
  return {
    issued: 0,
    answered: 0,
    transparentRetries: 0,
    shortfall: 0,
    toRemovedAnswered: 0,
    toRemovedLost: 0,
    lookups: 0,
    watchEvents: 0,
    connectionsOpened: 0,
    connectionsClosed: 0,
    policyRetries: 0,
    answeredByRetry: 0,
    messages: 0,
  };
}

/** Only laneChanged makes a lane, so that a late event never brings a removed one back. */
export function putLane(run: Run, spec: LaneSpec, removed: boolean): void {
  if (removed) {
    run.lanes.delete(spec.id);
    run.running = anyRunning(run);
    return;
  }
  const known = run.lanes.get(spec.id);
  if (known !== undefined) {
    known.spec = spec;
    return;
  }
  run.lanes.set(spec.id, {
    id: spec.id,
    spec,
    state: 'stopped',
    reason: '',
    stateCode: '',
    unreachableSince: undefined,
    detour: undefined,
    traffic: undefined,
    belief: emptyBelief(),
    channels: new Map(),
    connections: new Map(),
    counts: emptyCounts(),
    errors: new Map(),
    ledger: new Map(),
    dnsQueries: new Map(),
    pods: new Map(),
    clients: new Map(),
    shares: new Map(),
  });
}

export function anyRunning(run: Run): boolean {
  return [...run.lanes.values()].some((lane) => lane.state === 'running');
}

export function clearCounts(lane: LaneRun): void {
  lane.counts = emptyCounts();
  lane.errors = new Map();
  lane.ledger = new Map();
  lane.dnsQueries = new Map();
  lane.pods = new Map();
  lane.shares = new Map();
}

/** Belief, picker, connections and state of one lane. */
export function foldLaneEvent(run: Run, lane: LaneRun, event: Event, at: number): void {
  const { kind } = event;
  if (kind.case === 'laneState') {
    lane.state = kind.value.state;
    lane.reason = kind.value.reason;
    lane.stateCode = kind.value.code;
    lane.unreachableSince = toMsOrUndefined(kind.value.since);
    lane.detour = kind.value.detour;
    run.running = anyRunning(run);
  } else foldClient(lane, lane.counts, event, at);
}

/** What one client of a lane, the asked agent's or another one's, believes in and holds open. */
export function foldClient(
  lane: Pick<LaneRun, 'belief' | 'channels' | 'connections'> & { dnsQueries?: Map<string, number> },
  counts: LaneCounts,
  event: Event,
  at: number,
): void {
  const { kind } = event;
  const { belief } = lane;
  switch (kind.case) {
    case 'resolved':
      belief.addresses = kind.value.addresses;
      belief.resolvedAt = at;
      belief.source = kind.value.source;
      belief.resolutionId = event.resolutionId ?? '';
      belief.failure = '';
      if (kind.value.source === 'watch') counts.watchEvents += 1;
      else if (kind.value.source !== 'static') counts.lookups += 1;
      break;
    case 'resolutionFailed':
      belief.failure = kind.value.message || kind.value.code;
      if (kind.value.effect === 'dropped') {
        belief.addresses = [];
        belief.resolvedAt = at;
        belief.resolutionId = event.resolutionId ?? '';
      }
      if (kind.value.source !== 'watch') counts.lookups += 1;
      break;
    case 'dnsQuery':
      lane.dnsQueries?.set(kind.value.type, (lane.dnsQueries.get(kind.value.type) ?? 0) + 1);
      break;
    case 'nextTrigger':
      belief.nextKind = kind.value.kind;
      belief.nextAt = toMsOrUndefined(kind.value.at);
      belief.nextTrigger = kind.value.reason;
      break;
    case 'pickerUpdated':
      if (kind.value.state === 'SHUTDOWN') lane.channels.delete(kind.value.channel);
      else {
        const { channel, state, addresses } = kind.value;
        lane.channels.set(channel, { channel, state, addresses });
      }
      break;
    default:
      foldConnection(lane, counts, event, at);
  }
}

function foldConnection(lane: Pick<LaneRun, 'connections'>, counts: LaneCounts, event: Event, at: number): void {
  const { kind, connectionId: id } = event;
  if (id === undefined) {
    // An attempt that is given up with its address gets no outcome of its own.
    if (kind.case !== 'subchannelState' || kind.value.state !== 'SHUTDOWN') return;
    for (const c of [...lane.connections.values()]) {
      if (c.address === event.address && c.state === 'CONNECTING') lane.connections.delete(c.id);
    }
    return;
  }
  const known = lane.connections.get(id);
  switch (kind.case) {
    case 'connecting':
      lane.connections.set(id, {
        id,
        address: event.address ?? '',
        since: at,
        state: 'CONNECTING',
        podUid: '',
        calls: 0,
      });
      break;
    case 'connected':
      counts.connectionsOpened += 1;
      lane.connections.set(id, { id, address: event.address ?? '', since: at, state: 'READY', podUid: '', calls: 0 });
      break;
    case 'connectFailed':
      lane.connections.delete(id);
      break;
    case 'disconnected':
      counts.connectionsClosed += 1;
      lane.connections.delete(id);
      break;
    case 'subchannelState':
      if (known !== undefined && kind.value.state !== 'SHUTDOWN') {
        lane.connections.set(id, { ...known, state: kind.value.state });
      }
      break;
    case 'goawayReceived':
      // It finishes its calls and takes no new ones.
      if (known !== undefined) lane.connections.set(id, { ...known, state: 'IDLE' });
      break;
    case 'firstAnswer':
    case 'sampledCall':
      if (known !== undefined && event.podUid) lane.connections.set(id, { ...known, podUid: event.podUid });
      break;
  }
}

/** O(lanes x pods), never the number of calls. */
export function foldFrameCounts(run: Run, frame: Frame): void {
  for (const part of frame.lanes) {
    const lane = run.lanes.get(part.laneId);
    if (lane === undefined) continue;
    foldLosses(run, lane, part, (toMs(frame.from) + toMs(frame.to)) / 2);
    foldLaneFrame(run, lane, part);
    foldShares(run, lane, part);
  }
}

function foldLaneFrame(run: Run, lane: LaneRun, part: LaneFrame): void {
  const { counts } = lane;
  counts.issued += part.issued;
  counts.answered += part.answered;
  counts.transparentRetries += part.transparentRetries;
  counts.shortfall += part.shortfall;
  counts.policyRetries += part.policyRetries;
  counts.answeredByRetry += part.answeredByRetry;
  counts.messages += part.messages;
  for (const { errorClass, count } of part.failed) {
    lane.errors.set(errorClass, (lane.errors.get(errorClass) ?? 0) + count);
  }
  countConnections(run, lane, part);
  for (const pod of part.pods) {
    counts.toRemovedAnswered += pod.toRemovedAnswered;
    counts.toRemovedLost += pod.toRemovedLost;
    const failed = sumOf(pod.failed);
    if (pod.answered === 0 && failed === 0 && pod.messages === 0) continue;
    const goneAt = run.pods.get(pod.podUid)?.goneAt;
    if (goneAt !== undefined && goneAt < run.clock - goneRowMs) continue;
    const sum: PodCounts = lane.pods.get(pod.podUid) ?? { calls: 0, errors: 0, inferred: false, messages: 0 };
    lane.pods.set(pod.podUid, {
      calls: sum.calls + pod.answered,
      errors: sum.errors + failed,
      inferred: sum.inferred || pod.inferred,
      messages: sum.messages + pod.messages,
    });
  }
}

/** Whose calls they were. */
function foldShares(run: Run, lane: LaneRun, part: LaneFrame): void {
  if (run.agents.size === 0) return;
  for (const { agent, issued, failed, shortfall, pod, answered } of part.agents) {
    if (agent !== '' && !run.agents.has(agent)) continue;
    let share = lane.shares.get(agent);
    if (share === undefined) {
      share = { issued: 0, failed: 0, shortfall: 0, pods: new Map() };
      lane.shares.set(agent, share);
    }
    share.issued += issued;
    share.failed += failed;
    share.shortfall += shortfall;
    for (const [index, place] of pod.entries()) {
      const uid = part.pods[place]?.podUid;
      const count = answered[index] ?? 0;
      if (uid !== undefined && count > 0) share.pods.set(uid, (share.pods.get(uid) ?? 0) + count);
    }
  }
}

/**
 * Frames count by pod, not by connection: what a pod answered came over the one connection that leads to it. Where
 * several do, it is nobody's; a proxy's one connection carries everything.
 */
function countConnections(run: Run, lane: LaneRun, whole: LaneFrame): void {
  const part = ownPart(whole);
  const open = [...lane.connections.values()].filter((c) => c.state !== 'CONNECTING');
  if (open.length === 1) {
    const only = open[0]!;
    lane.connections.set(only.id, { ...only, calls: (only.calls ?? 0) + part.answered });
    return;
  }
  const leads = new Map<string, ConnectionRun[]>();
  for (const c of open) {
    const uid = isProxied(lane) ? '' : c.podUid || ownerOf(run, c.address) || '';
    const list = leads.get(uid);
    if (list === undefined) leads.set(uid, [c]);
    else list.push(c);
  }
  for (const [uid, list] of leads) {
    const one = uid !== '' && list.length === 1 ? list[0]! : undefined;
    const calls = part.pods.find((pod) => pod.podUid === uid)?.answered ?? 0;
    if (one !== undefined && calls > 0 && one.calls !== undefined) {
      lane.connections.set(one.id, { ...one, calls: one.calls + calls });
    } else if (one === undefined) {
      for (const c of list) if (c.calls !== undefined) lane.connections.set(c.id, { ...c, calls: undefined });
    }
  }
}

/** Of a lane's frame, what the asked agent's own connections carried. */
function ownPart({ agents, answered, pods }: LaneFrame): {
  answered: number;
  pods: readonly { podUid: string; answered: number }[];
} {
  if (agents.length === 0) return { answered, pods };
  const own = agents.find(({ agent }) => agent === '');
  const mine = (own?.pod ?? []).map((place, index) => ({
    podUid: pods[place]?.podUid ?? '',
    answered: own?.answered[index] ?? 0,
  }));
  return { answered: mine.reduce((sum, pod) => sum + pod.answered, 0), pods: mine };
}

export function sumOf(counts: readonly { count: number }[]): number {
  let sum = 0;
  for (const { count } of counts) sum += count;
  return sum;
}

/** A pod that ended loses its row after 60 s; the lane's totals keep its calls. */
export function pruneLanes(run: Run): void {
  for (const [uid, { goneAt }] of run.pods) {
    if (goneAt === undefined || goneAt >= run.clock - goneRowMs) continue;
    for (const lane of run.lanes.values()) {
      lane.pods.delete(uid);
      for (const { pods } of lane.shares.values()) pods.delete(uid);
    }
  }
}

/** Union of what the lane's channels pick from. */
export function pickerOf(lane: LaneRun): string[] {
  const all = new Set<string>();
  for (const channel of lane.channels.values()) for (const address of channel.addresses) all.add(address);
  return [...all].sort();
}

export function labelOf(lane: LaneRun): string {
  return lane.spec.label || lane.id;
}
