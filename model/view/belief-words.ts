import type { GetSnapshotResponse, Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { bindNumbers, toMs, toMsOrUndefined, wholeSeconds } from '../time.ts';
import { clientWords } from './clients.ts';
import { type Decider, decider } from './decider.ts';

/** A text and its form for narrow columns. */
export type Words = { long: string; short: string };

export type BeliefWords = {
  /** "Knows 3 of 5" */
  knows: string;
  /** "2 missing, 1 ghost" */
  differs: string;
  /** The same where there is less room, and where there is hardly any. */
  brief: string;
  briefest: string;
  /** "4 min 12 s old" */
  age: string;
  /** What would change it. */
  next: Words;
  /** Where it comes from. */
  source: Words;
};

/** What a lane's client believes, how old that is, where it comes from and what would change it; and how many clients it has. */
export function beliefWords(snapshot: GetSnapshotResponse, lane: Lane, nowMs: number): BeliefWords {
  const own = ownWords(snapshot, lane, nowMs);
  const { differs } = own;
  const words = { ...own, brief: differs, briefest: differs === 'one virtual IP' ? 'one IP' : differs };
  const clients = clientWords(lane);
  if (clients === '') return words;
  const bound = bindNumbers(clients);
  // That it knows no pods is said before.
  const brief = words.knows === 'Knows no pods' ? bound : `${differs}; ${bound}`;
  return { ...words, differs: `${differs}; ${bound}`, brief, briefest: brief };
}

type OwnWords = Omit<BeliefWords, 'brief' | 'briefest'>;

function ownWords(snapshot: GetSnapshotResponse, lane: Lane, nowMs: number): OwnWords {
  const belief = lane.belief;
  const who = decider(lane);
  const next = nextWords(lane, who, nowMs);
  const aged = (since: number) => (nowMs - since < 1_000 ? 'Just now' : `${wholeSeconds(nowMs - since)} old`);
  if (who === 'kube-proxy' || who === 'static') {
    const connection = lane.connections.find((each) => each.state === 'READY') ?? lane.connections[0];
    return {
      knows: 'Knows no pods',
      differs: who === 'kube-proxy' ? 'one virtual IP' : 'one address',
      age: connection?.since === undefined ? 'Not connected' : aged(toMs(connection.since)),
      next,
      source: same(who === 'kube-proxy' ? 'Picked by kube-proxy' : 'Connection'),
    };
  }
  if (who === 'envoy' && belief?.source !== 'envoy') {
    return {
      knows: 'Knows one proxy',
      differs: 'its membership is not observed',
      age: '',
      next,
      source: same('Envoy'),
    };
  }
  const ready = snapshot.endpoints.filter((each) => each.ready).length;
  const missing = belief?.missing.length ?? 0;
  const ghosts = belief?.ghosts.length ?? 0;
  const parts = [
    missing > 0 ? `${missing} missing` : '',
    ghosts > 0 ? `${ghosts} ${ghosts === 1 ? 'ghost' : 'ghosts'}` : '',
  ];
  const blind = snapshot.cluster?.state === 'lost' || snapshot.cluster?.state === 'forbidden';
  const listed = lane.belief?.addresses.length ?? 0;
  const resolved = toMsOrUndefined(belief?.resolvedAt);
  const old = resolved === undefined ? 'No answer yet' : aged(resolved);
  // None of them was ever a pod of this run: a Service of somebody's own, or the name of a ClusterIP.
  const strangers =
    !blind &&
    listed > 0 &&
    missing + ghosts === 0 &&
    !snapshot.endpoints.some(({ address }) => lane.belief?.addresses.includes(address));
  if (strangers) {
    return {
      knows: `Knows ${listed} ${listed === 1 ? 'address' : 'addresses'}`,
      differs: 'no pods of this run',
      age: old,
      next,
      source: same(belief?.source === 'static' ? 'Given' : 'DNS answer'),
    };
  }
  const differs = blind ? 'which exist is unknown' : parts.filter((each) => each !== '').join(', ') || 'up to date';
  const knows = blind ? `Knows ${listed}` : `Knows ${Math.max(0, ready - missing)}\u00a0of\u00a0${ready}`;
  if (who === 'api') {
    return {
      knows,
      differs,
      // A watch that is open is up to date although it has been silent: its silence is not staleness.
      age: belief?.nextKind === 'push' && belief.failure === '' ? 'Live' : old,
      next,
      source: same(resolved === undefined ? 'Watch' : `Event ${coarse(nowMs - resolved)} ago`),
    };
  }
  return {
    knows,
    differs: belief?.failure ? `last lookup failed: ${belief.failure}` : differs,
    age: old,
    next,
    source: who === 'envoy' ? { long: 'Envoy membership, from DNS', short: 'Envoy, from DNS' } : same('DNS answer'),
  };
}

/** The agent's sentence, and what of it must stay where there is no room for all of it. */
export function nextWords(lane: Lane, who: Decider, nowMs: number): Words {
  const trigger = lane.belief?.nextTrigger ?? '';
  const long = capitalised(bindNumbers(trigger));
  switch (lane.belief?.nextKind) {
    case 'timer': {
      const at = toMsOrUndefined(lane.belief.nextAt);
      if (at === undefined) return same(long);
      const left = at - nowMs;
      const when = left < 1_000 ? 'Lookup due' : `Next lookup in ${wholeSeconds(left)}`;
      // An envoy's timer is not observed but computed from its settings, and says so.
      if (who === 'envoy') return { long, short: `${when}, computed` };
      // The reason was written when the timer was set: its own "in 5 s" has aged.
      const why = bindNumbers(trigger.replace(/^in [^:]*: /i, ''));
      return { long: why === '' ? when : `${when}: ${why}`, short: when };
    }
    case 'connection':
      return { long, short: who === 'dns' ? 'Asks when a connection is lost' : 'Only a new connection moves' };
    case 'push':
      return { long, short: /^pushed/i.test(trigger) ? 'Pushed at the next change' : long };
    case 'none':
      return {
        long,
        short:
          who === 'dns'
            ? `Nothing pending${lane.connections.length > 0 ? ', all connected' : ''}`
            : 'Nothing is ever looked up',
      };
    default:
      return same(long);
  }
}

function same(text: string): Words {
  return { long: text, short: text };
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** From a minute on in whole minutes: it stands beside more important words. */
function coarse(ms: number): string {
  return wholeSeconds(ms < 60_000 ? ms : Math.floor(ms / 60_000) * 60_000);
}
