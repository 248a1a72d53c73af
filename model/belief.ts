import { findPreset } from './presets.ts';
import type { BeliefRun, LaneRun, Run } from './state.ts';
import { ownerOf } from './truth.ts';

/**
 * Whether the lane's client (or its proxy) holds a list of pods at all. A ClusterIP client believes in one virtual
 * address and knows no pods, so nothing can be missing from its list. Decided by what it holds, not by its name:
 * DNS on a ClusterIP name resolves to one address that never was a pod's.
 */
export function knowsPods(run: Run, lane: LaneRun): boolean {
  if (lane.spec.resolver === 'kubernetes') return true;
  if (lane.belief.addresses.some((address) => ownerOf(run, address) !== undefined)) return true;
  // A proxy without hosts lacks them all; one that was given a ClusterIP name knows that address and no pod.
  if (lane.spec.envoyStatus !== '') return lane.belief.addresses.length === 0;
  return lane.spec.resolver === 'dns' && lane.belief.addresses.length === 0;
}

/** Whether something other than the client decides which pod answers. */
export function isProxied(lane: LaneRun): boolean {
  return lane.spec.envoyStatus !== '' || isBlindProxy(lane);
}

/** A proxy that tells nobody what it believes in: HAProxy, nginx, an address that somebody gave. */
export function isBlindProxy(lane: LaneRun): boolean {
  const preset = findPreset(lane.spec.preset);
  return (
    lane.spec.envoyStatus === '' &&
    (preset?.objects !== undefined || (preset?.needsTarget === true && preset.needsMethod !== true))
  );
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
