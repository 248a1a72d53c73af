import type { Detour, LaneSpec } from '../../gen/lbscope/events/v1/events_pb.js';
import { type DetourOptions, detourOf } from './detour.ts';
import { clusterTarget } from './dialled.ts';
import { Reach, type ReachOptions, type ReachState } from './reach.ts';

type LaneReachState =
  | Exclude<ReachState, { kind: 'unreachable' }>
  | (Extract<ReachState, { kind: 'unreachable' }> & { readonly detour: Detour });

interface LaneReachParts extends Omit<ReachOptions, 'target' | 'onState'> {
  readonly onState: (state: LaneReachState) => void;
  readonly around: DetourOptions;
}

/** Undefined for a lane to an address or name that is not the cluster's own. */
export function createReach(spec: LaneSpec, { onState, around, ...parts }: LaneReachParts): Reach | undefined {
  const target = clusterTarget(spec);
  if (target === undefined) return undefined;
  return new Reach({
    ...parts,
    target,
    onState: (state) =>
      onState(state.kind === 'unreachable' ? { ...state, detour: detourOf(spec, target, around) } : state),
  });
}
