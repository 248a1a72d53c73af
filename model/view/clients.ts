import type { GetSnapshotResponse, Lane, LaneAgent } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { decider } from './decider.ts';
import { type Named, namesOf } from './opened.ts';

/** One client of a lane that several drive. */
export type ClientRow = {
  id: string;
  name: string;
  /** Why it drives nothing, or is late; empty if all is well. */
  trouble: string;
  /** "12 % not sent in time": it is asked for more than it can do; empty if it is not. */
  short: string;
  /** "3 of 3 pods", "one address". */
  knows: string;
  connections: number;
  calls: number;
  /** Whom its calls of the last 10 s reached, the most first. */
  reached: readonly { pod: Named | string; share: number }[];
};

/** As the driver has it: more than one call in a hundred given up is no hiccup. */
const shortfallSaid = 0.01;
const fallsShort = ({ recentShortfall }: LaneAgent): boolean => recentShortfall > shortfallSaid;
const nameOf = ({ agent, name }: LaneAgent): string => (agent === '' ? 'this agent' : name || agent);

const isWorking = ({ state }: LaneAgent): boolean => state === 'working' || state === 'late';

/** "3 clients", and what is not as it should be with them; empty where there is one. */
export function clientWords(lane: Lane): string {
  if (lane.agents.length < 2) return '';
  const working = lane.agents.filter(isWorking);
  const lost = lane.agents.length - working.length;
  const clients = `${working.length} ${working.length === 1 ? 'client' : 'clients'}`;
  if (lost > 0) return `${clients}, ${lost} lost`;
  const [short, ...more] = working.filter(fallsShort);
  if (short !== undefined)
    return `${clients}, ${more.length === 0 ? `${nameOf(short)} falls` : `${more.length + 1} fall`} short`;
  // Only a client that resolves by itself has a list of its own: the others know one address, and it is the same.
  const who = decider(lane);
  const lists = who === 'dns' || who === 'api' ? working.map(({ belief }) => belief?.addresses.join() ?? '') : [];
  const [own, ...others] = lists;
  const apart = others.filter((addresses) => addresses !== own).length;
  return apart === 0 ? clients : `${clients}, ${apart} ${apart === 1 ? 'believes' : 'believe'} otherwise`;
}

/** The asked agent's first; none where there is one client. */
export function clientRows(snapshot: GetSnapshotResponse, lane: Lane): ClientRow[] {
  const named = namesOf(snapshot);
  const ready = new Set(snapshot.endpoints.filter((each) => each.ready).map((each) => each.address));
  if (lane.agents.length < 2) return [];
  return lane.agents.map((each): ClientRow => {
    const addresses = each.belief?.addresses ?? [];
    const pods = addresses.filter((address) => named.owner(address) !== undefined);
    const known = pods.filter((address) => ready.has(address)).length;
    const proxied = each.agent !== '' && decider(lane) === 'envoy';
    return {
      id: each.agent || 'own',
      name: nameOf(each),
      trouble: each.state === 'working' ? '' : [each.state, each.reason].filter((word) => word !== '').join(': '),
      short: fallsShort(each) ? `${Math.ceil(100 * each.recentShortfall)} % not sent in time` : '',
      knows: proxied
        ? 'the proxy'
        : pods.length > 0
          ? `${known} of ${ready.size} pods`
          : addresses.length === 0
            ? 'nothing'
            : 'one address',
      connections: each.connections.length,
      calls: each.pods.reduce((sum, { calls }) => sum + calls, 0),
      reached: each.pods
        .filter(({ share }) => share > 0)
        .sort((a, b) => b.share - a.share)
        .map(({ uid, share }) => ({ pod: named.pod(uid) ?? (uid === '' ? 'unknown' : uid.slice(0, 8)), share })),
    };
  });
}
