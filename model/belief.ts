import type { BeliefRun, LaneRun, Run } from './state.ts';
import { toMs } from './time.ts';
import { ownerOf, readyAt } from './truth.ts';

/** One state of a lane's list: what it held from `at` on. */
export interface BeliefEntry {
  readonly at: number;
  readonly addresses: readonly string[];
  readonly changed: boolean;
}

/**
 * Whether the lane's client (or its proxy) holds a list of pods at all. A ClusterIP client believes in one virtual
 * address and knows no pods, so nothing can be missing from its list. Decided by what it holds, not by its name:
 * DNS on a ClusterIP name resolves to one address that never was a pod's.
 */
export function knowsPods(run: Run, lane: LaneRun): boolean {
  if (lane.spec.envoyStatus !== '' || lane.spec.resolver === 'kubernetes') return true;
  if (lane.belief.addresses.some((address) => ownerOf(run, address) !== undefined)) return true;
  return lane.spec.resolver === 'dns' && lane.belief.addresses.length === 0;
}

/** Whether something other than the client decides which pod answers. */
export function isProxied(lane: LaneRun): boolean {
  return lane.spec.envoyStatus !== '';
}

export interface Difference {
  /** Ready addresses that the list lacks. */
  readonly missing: string[];
  /** Believed addresses that are not ready. */
  readonly ghosts: string[];
}

export function difference(believed: readonly string[], ready: ReadonlySet<string>): Difference {
  const list = new Set(believed);
  return {
    missing: [...ready].filter((address) => !list.has(address)),
    ghosts: [...list].filter((address) => !ready.has(address)),
  };
}

/** The lane's list against the ready set now; empty for lanes that know no pods. */
export function differenceNow(run: Run, lane: LaneRun): Difference {
  if (!knowsPods(run, lane)) return { missing: [], ghosts: [] };
  return difference(lane.belief.addresses, new Set(run.endpoints.map((endpoint) => endpoint.address)));
}

/**
 * What the lane's list was, oldest first, from the last answer before `from` on. Undefined addresses are never made
 * up: before the first entry nothing is known.
 */
export function beliefHistory(run: Run, laneId: string, from: number): BeliefEntry[] {
  const entries: BeliefEntry[] = [];
  for (const event of run.events) {
    if (event.laneId !== laneId) continue;
    const at = toMs(event.at);
    if (event.kind.case === 'resolved') {
      entries.push({ at, addresses: event.kind.value.addresses, changed: event.kind.value.changed });
    } else if (event.kind.case === 'resolutionFailed' && event.kind.value.effect === 'dropped') {
      entries.push({ at, addresses: [], changed: true });
    }
  }
  if (entries.length === 0) {
    const belief = run.lanes.get(laneId)?.belief;
    return belief?.resolvedAt === undefined
      ? []
      : [{ at: belief.resolvedAt, addresses: belief.addresses, changed: true }];
  }
  const first = entries.findLastIndex((entry) => entry.at <= from);
  return entries.slice(Math.max(0, first));
}

/** Every instant in [from, to) at which the list or the ready set changed, with what differed from then on. */
export function differencesOver(
  run: Run,
  laneId: string,
  from: number,
  to: number,
): { from: number; to: number; difference: Difference }[] {
  const history = beliefHistory(run, laneId, from);
  const first = history[0];
  if (first === undefined) return [];
  const edges = new Set<number>([Math.max(from, first.at)]);
  for (const entry of history) if (entry.at > from && entry.at < to) edges.add(entry.at);
  for (const i of run.intervals) {
    for (const at of [i.readyFrom, i.readyTo]) {
      if (at !== undefined && at > Math.max(from, first.at) && at < to) edges.add(at);
    }
  }
  const sorted = [...edges].filter((at) => at < to).sort((a, b) => a - b);
  return sorted.map((at, index) => {
    const believed = history.findLast((entry) => entry.at <= at)?.addresses ?? [];
    return { from: at, to: sorted[index + 1] ?? to, difference: difference(believed, readyAt(run, at)) };
  });
}

export function emptyBelief(): BeliefRun {
  return {
    addresses: [],
    resolvedAt: undefined,
    source: '',
    resolutionId: '',
    nextKind: '',
    nextAt: undefined,
    nextTrigger: '',
    failure: '',
  };
}
