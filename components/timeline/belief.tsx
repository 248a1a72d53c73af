import type { GetSnapshotResponse, Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { bindNumbers, duration, toMs } from '../../model/time.ts';
import { capitalised, spaced } from '../ui/text.ts';
import { decider } from './derive/rows.ts';

export type BeliefWords = { knows: string; differs: string; age: string; next: string; source: string };

/** What a lane's client believes, how old that is, where it comes from and what would change it. */
export function beliefWords(snapshot: GetSnapshotResponse, lane: Lane, nowMs: number): BeliefWords {
  const belief = lane.belief;
  const who = decider(lane);
  const ready = snapshot.endpoints.filter((each) => each.ready).length;
  const next = capitalised(bindNumbers(belief?.nextTrigger ?? ''));
  const aged = (since: number) => `${duration(Math.max(0, whole(nowMs - since)))} old`;
  if (who === 'kube-proxy' || who === 'static') {
    const connection = lane.connections.find((each) => each.state === 'READY') ?? lane.connections[0];
    return {
      knows: 'Knows no pods',
      differs: who === 'kube-proxy' ? 'one virtual IP' : 'one address',
      age: connection?.since === undefined ? 'not connected' : aged(toMs(connection.since)),
      next,
      source: who === 'kube-proxy' ? 'picked by kube-proxy' : 'connection',
    };
  }
  if (who === 'envoy' && belief?.source !== 'envoy') {
    return { knows: 'Knows one proxy', differs: 'its membership is not observed', age: '', next, source: 'Envoy' };
  }
  const missing = belief?.missing.length ?? 0;
  const ghosts = belief?.ghosts.length ?? 0;
  const parts = [
    missing > 0 ? `${missing} missing` : '',
    ghosts > 0 ? `${ghosts} ${ghosts === 1 ? 'ghost' : 'ghosts'}` : '',
  ];
  const differs = parts.filter((each) => each !== '').join(', ');
  const resolved = belief?.resolvedAt === undefined ? undefined : toMs(belief.resolvedAt);
  const knows = `Knows ${Math.max(0, ready - missing)}\u00a0of\u00a0${ready}`;
  if (who === 'api') {
    const open = belief?.nextKind === 'push';
    return {
      knows,
      differs: differs || 'up to date',
      age: open ? 'live' : resolved === undefined ? 'no answer yet' : aged(resolved),
      next,
      source: resolved === undefined ? 'watch' : `event ${coarse(nowMs - resolved)} ago`,
    };
  }
  return {
    knows,
    differs: belief?.failure ? `last lookup failed: ${belief.failure}` : differs || 'up to date',
    age: resolved === undefined ? 'no answer yet' : aged(resolved),
    next,
    source: who === 'envoy' ? 'Envoy membership, from DNS' : 'DNS answer',
  };
}

/** From a minute on in whole minutes: it stands beside more important words. */
function coarse(ms: number): string {
  return duration(ms < 60_000 ? whole(ms) : Math.floor(ms / 60_000) * 60_000);
}

/** Ages above ten seconds move once a second. */
function whole(ms: number): number {
  return ms < 10_000 ? Math.max(0, ms) : Math.floor(ms / 1_000) * 1_000;
}

export function Belief({ words }: { words: BeliefWords }) {
  return (
    <div className="belief" data-testid="belief">
      <p className="belief-first">
        <b>{spaced(words.knows)}</b> <span className="belief-differs">{spaced(words.differs)}</span>
        <b className="belief-age">{spaced(words.age)}</b>
      </p>
      <p className="belief-second">
        <span className="belief-next" title={words.next}>
          {spaced(words.next)}
        </span>
        <span className="belief-source" title={words.source}>
          {spaced(words.source)}
        </span>
      </p>
    </div>
  );
}
