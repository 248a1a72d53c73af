import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type LaneAgent, LaneAgentSchema } from '../gen/lbscope/agent/v1/agent_pb.js';
import type { Agent, Event } from '../gen/lbscope/events/v1/events_pb.js';
import { emptyBelief } from './belief.ts';
import { foldClient } from './lanes.ts';
import { type BeliefRun, type ClientRun, type LaneRun, type Run, scoreWindowMs } from './state.ts';
import { fromMs, fromMsOrUndefined, toMs } from './time.ts';

/**
 * Several agents may drive one lane: as many clients, each with connections and a belief of its own. The lane's own belief is
 * that of the agent that is asked, and so are the stations of a removal; those of a new pod are the first client's.
 */

/** How many clients drive the lanes now: the asked agent, and the others that work. */
export function clientsOf(run: Run): number {
  return 1 + [...run.agents.values()].filter(works).length;
}

/** What another agent says of its own belief and connections: told in its row, and drawn nowhere else. */
export function isOthers({ agent, kind }: Event): boolean {
  if (agent === undefined) return false;
  return !['lossBurst', 'firstAnswer', 'sampledCall', 'agentChanged'].includes(kind.case ?? '');
}

/** Of an event that isOthers. */
export function foldOthers(run: Run, event: Event, at: number): void {
  const { agent = '', kind } = event;
  const lane = run.lanes.get(event.laneId ?? '');
  // Late words of one that is lost bring nothing back.
  if (lane === undefined || !works(run.agents.get(agent))) return;
  let client = lane.clients.get(agent);
  if (client === undefined) {
    client = emptyClient();
    lane.clients.set(agent, client);
  }
  if (kind.case === 'laneState') client.trouble = kind.value.state === 'unavailable' ? kind.value.reason : '';
  else foldClient(client, lane.counts, event, at);
}

function works(agent: Agent | undefined): boolean {
  return agent?.state === 'working' || agent?.state === 'late';
}

function emptyClient(): ClientRun {
  return { trouble: '', belief: emptyBelief(), channels: new Map(), connections: new Map() };
}

export function foldAgent(run: Run, agent: Agent, removed: boolean): void {
  if (removed) run.agents.delete(agent.id);
  else run.agents.set(agent.id, agent);
  if (!removed && works(agent)) return;
  // A client that is gone believes in nothing.
  for (const lane of run.lanes.values()) lane.clients.delete(agent.id);
  if (!removed) return;
  for (const lane of run.lanes.values()) {
    // One client again: then all calls are its own.
    if (run.agents.size === 0) lane.shares.clear();
    else lane.shares.delete(agent.id);
  }
}

interface Recent {
  sent: number;
  shortfall: number;
  /** Answered, by the pod's UID. */
  readonly pods: Map<string, number>;
}

/** What each agent did in the score window. */
function recentShares(run: Run, laneId: string): Map<string, Recent> {
  const since = toMs(run.frames.at(-1)?.to) - scoreWindowMs;
  const recent = new Map<string, Recent>();
  for (let i = run.frames.length - 1; i >= 0 && toMs(run.frames[i]!.from) >= since - 0.5; i--) {
    const part = run.frames[i]!.lanes.find((lane) => lane.laneId === laneId);
    for (const { agent, issued, shortfall, pod, answered } of part?.agents ?? []) {
      const each = recent.get(agent) ?? { sent: 0, shortfall: 0, pods: new Map() };
      recent.set(agent, each);
      each.sent += issued;
      each.shortfall += shortfall;
      const { pods } = each;
      for (const [index, place] of pod.entries()) {
        const uid = part?.pods[place]?.podUid;
        if (uid !== undefined) pods.set(uid, (pods.get(uid) ?? 0) + (answered[index] ?? 0));
      }
    }
  }
  return recent;
}

/** A row for each client of the lane, the asked agent's first; none where there is one client. */
export function laneAgents(run: Run, lane: LaneRun): LaneAgent[] {
  if (run.agents.size === 0) return [];
  const recent = recentShares(run, lane.id);
  const row = (id: string, rest: ReturnType<typeof clientOf> & { name?: string; state: string; reason?: string }) => {
    const share = lane.shares.get(id);
    const { sent = 0, shortfall = 0, pods: now } = recent.get(id) ?? {};
    const total = [...(now?.values() ?? [])].reduce((sum, n) => sum + n, 0);
    const uids = new Set([...(share?.pods.keys() ?? []), ...(now?.keys() ?? [])]);
    return create(LaneAgentSchema, {
      ...rest,
      agent: id,
      issued: share?.issued ?? 0,
      failed: share?.failed ?? 0,
      shortfall: share?.shortfall ?? 0,
      recentShortfall: shortfall > 0 ? shortfall / (sent + shortfall) : 0,
      pods: [...uids].sort().map((uid) => ({
        uid,
        calls: share?.pods.get(uid) ?? 0,
        share: total > 0 ? (now?.get(uid) ?? 0) / total : 0,
      })),
    });
  };
  const own = row('', { state: 'working', ...clientOf(lane) });
  const others = [...run.agents.values()].map(({ id, name, state, reason }) => {
    const client = lane.clients.get(id) ?? emptyClient();
    const trouble = client.trouble === '' ? { state, reason } : { state: 'unavailable', reason: client.trouble };
    return row(id, { name, ...trouble, ...clientOf(client) });
  });
  return [own, ...others];
}

function clientOf({ belief, channels, connections }: Pick<LaneRun, 'belief' | 'channels' | 'connections'>) {
  return {
    belief: beliefOf(belief),
    channels: [...channels.values()],
    connections: [...connections.values()].map(({ since, ...rest }) => ({ ...rest, since: fromMs(since) })),
  } satisfies MessageInitShape<typeof LaneAgentSchema>;
}

function beliefOf(belief: BeliefRun) {
  return {
    ...belief,
    resolvedAt: fromMsOrUndefined(belief.resolvedAt),
    nextAt: fromMsOrUndefined(belief.nextAt),
  };
}
