import { differenceNow, differencesOver, isProxied, knowsPods } from './belief.ts';
import { lanePods } from './snapshot.ts';
import type { Standing } from './standing.ts';
import type { LaneRun, Run } from './state.ts';
import { duration, toMs } from './time.ts';
import { addressOf, readyUids } from './truth.ts';

export interface BeliefStrip {
  /** Where the list differs from the truth. */
  readonly differs: readonly {
    readonly from: number;
    readonly to: number;
    readonly missing: number;
    readonly ghosts: number;
  }[];
  /** Every lookup, watch event or membership read; failed ones too. */
  readonly ticks: readonly { readonly at: number; readonly failed: boolean; readonly changed: boolean }[];
}

/** Empty for a lane that knows no pods: there is nothing that could differ. */
export function beliefStrip(run: Run, laneId: string, from: number, to: number): BeliefStrip {
  const lane = run.lanes.get(laneId);
  if (lane === undefined || !knowsPods(run, lane)) return { differs: [], ticks: [] };
  const differs: { from: number; to: number; missing: number; ghosts: number }[] = [];
  for (const piece of differencesOver(run, laneId, from, to)) {
    const [missing, ghosts] = [piece.difference.missing.length, piece.difference.ghosts.length];
    if (missing + ghosts === 0) continue;
    const last = differs.at(-1);
    if (last !== undefined && last.to === piece.from && last.missing === missing && last.ghosts === ghosts)
      last.to = piece.to;
    else differs.push({ from: piece.from, to: piece.to, missing, ghosts });
  }
  const ticks: { at: number; failed: boolean; changed: boolean }[] = [];
  for (const event of run.events) {
    const at = toMs(event.at);
    if (event.laneId !== laneId || at < from || at >= to) continue;
    if (event.kind.case === 'resolved') ticks.push({ at, failed: false, changed: event.kind.value.changed });
    else if (event.kind.case === 'resolutionFailed') ticks.push({ at, failed: true, changed: false });
  }
  return { differs, ticks };
}

export interface BeliefWords {
  /** "Knows 3 of 5", "Knows no pods". */
  readonly statement: string;
  /** "2 missing, 1 ghost", "up to date", "one virtual IP". */
  readonly detail: string;
  /** "4 min 12 s old", "live", or empty where there is no list that could age. */
  readonly age: string;
  readonly next: string;
  /** "DNS answer", "watch", "Envoy membership", "static address". */
  readonly source: string;
  readonly failure: string;
}

const sourceWords: Record<string, string> = {
  dns: 'DNS answer',
  watch: 'EndpointSlice watch',
  envoy: 'Envoy membership, from DNS',
  static: 'static address',
};

export function beliefWords(run: Run, laneId: string, now: number): BeliefWords | undefined {
  const lane = run.lanes.get(laneId);
  if (lane === undefined) return undefined;
  const { belief } = lane;
  const old = belief.resolvedAt === undefined ? '' : `${duration(Math.max(0, now - belief.resolvedAt))} old`;
  const common = {
    next: nextWords(lane, now),
    source: sourceWords[belief.source] ?? belief.source,
    failure: belief.failure,
  };
  if (!knowsPods(run, lane)) {
    const detail = isProxied(lane) ? 'its proxy sees one address' : 'one virtual IP';
    const connected = [...lane.connections.values()].filter((c) => c.state === 'READY').map((c) => c.since);
    const age = connected.length === 0 ? '' : `${duration(Math.max(0, now - Math.min(...connected)))} old`;
    return {
      ...common,
      statement: 'Knows no pods',
      detail,
      age,
      source: age === '' ? common.source : 'connection, picked by kube-proxy',
    };
  }
  if (belief.resolvedAt === undefined) {
    return { ...common, statement: 'Knows nothing yet', detail: 'no answer so far', age: '' };
  }
  const ready = readyUids(run).length;
  const { missing, ghosts } = differenceNow(run, lane);
  const parts = [
    missing.length > 0 ? `${missing.length} missing` : '',
    ghosts.length > 0 ? plural(ghosts.length, 'ghost') : '',
  ];
  return {
    ...common,
    statement: `Knows ${Math.max(0, ready - missing.length)} of ${ready}`,
    detail: parts.filter((part) => part !== '').join(', ') || 'up to date',
    // A watch that is open is up to date although it has been silent: its silence is not staleness.
    age: belief.nextKind === 'push' && belief.failure === '' ? 'live' : old,
  };
}

function plural(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

function nextWords(lane: LaneRun, now: number): string {
  const { nextKind, nextAt, nextTrigger } = lane.belief;
  if (nextKind === 'timer' && nextAt !== undefined) {
    const left = nextAt - now;
    const when = left <= 0 ? 'due' : `in ${duration(left)}`;
    // The reason was written when the timer was set; its own "in 5 s: " has aged.
    const why = nextTrigger.replace(/^in [^:]*: /, '');
    return why === '' ? when : `${when}, ${why}`;
  }
  return nextTrigger;
}

export interface PodRow {
  readonly uid: string;
  readonly handle: string;
  /** 0: grey. */
  readonly slot: number;
  readonly standing: Standing;
  /** The odd state in words; empty for a pod that is used. */
  readonly words: string;
  readonly share: number;
  readonly callsPerSecond: number;
  /** The sample behind `share`. */
  readonly recentCalls: number;
  readonly calls: number;
  readonly lost: number;
  readonly inferred: boolean;
  readonly meanMs: number;
  readonly goneAt: number | undefined;
}

/** Oldest pod first; the order never changes during a run. */
export function podRows(run: Run, laneId: string): PodRow[] {
  const lane = run.lanes.get(laneId);
  if (lane === undefined) return [];
  return lanePods(run, lane).map((row) => {
    const known = run.pods.get(row.uid);
    const standing = row.standing as Standing;
    return {
      uid: row.uid,
      handle: known?.pod.handle ?? (row.uid === '' ? 'no pod' : row.uid.slice(0, 5)),
      slot: known?.pod.slot ?? 0,
      standing,
      words: standingWords(run, lane, row.uid, standing),
      share: row.share,
      callsPerSecond: row.callsPerSecond,
      recentCalls: row.recentCalls,
      calls: row.calls,
      lost: row.errors,
      inferred: row.errorsInferred,
      meanMs: row.meanMs,
      goneAt: known?.goneAt,
    };
  });
}

function standingWords(run: Run, lane: LaneRun, uid: string, standing: Standing): string {
  const known = run.pods.get(uid);
  switch (standing) {
    case 'missing':
      return 'exists, but this client does not know';
    case 'ghost': {
      const address = addressOf(run, uid);
      const connected = [...lane.connections.values()].some((c) => c.address === address && c.state === 'READY');
      if (!isProxied(lane) && lane.spec.policy === 'round_robin' && !connected) return 'still listed, not used';
      return known?.goneAt === undefined ? 'not ready, but still on its list' : 'gone, but still on its list';
    }
    case 'idle':
      return known?.pod.ready ? 'idle' : 'not ready';
    case 'starting':
      return known?.pod.reason || 'starting';
    case 'gone':
      return known?.goneAt === undefined ? 'leaving' : 'gone';
    case 'unattributed':
      return 'calls that no pod can be named for';
    case 'unknown':
      return 'answers, but the agent does not see it';
    default:
      return known?.pod.ready === false ? 'not ready, still called' : '';
  }
}
