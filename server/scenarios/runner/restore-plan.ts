import type { LaneSpec, Traffic } from '../../../gen/lbscope/events/v1/events_pb.js';
import type { Run } from '../../../model/state.ts';

/**
 * How things were before a scenario. Written down before it acts, made smaller as things are put back, and gone when all
 * is as it was: what is found at the agent's start is what a run that ended in the middle left behind.
 */
export interface RestorePlan {
  readonly scenario: string;
  readonly startedBy: string;
  /** Undefined: they were put back, and are the user's again. So with `lanes`, where none would mean: no lanes. */
  readonly replicas: number | undefined;
  /** What was asked for last. The cluster may not have shown it yet when the run ends. */
  readonly scaledTo?: number | undefined;
  readonly lanes: readonly LaneBefore[] | undefined;
  /** Presets whose objects are still to come back, once their lanes have. */
  readonly objects?: readonly string[] | undefined;
  readonly traffic: Traffic | undefined;
  readonly behaviors: readonly BehaviorBefore[];
  /** Set once a step has changed it. */
  readonly preStop: number | 'none' | undefined;
  /** Set once a step has changed it; -1: none. */
  readonly maxConnectionAge: { readonly ageMs: number; readonly graceMs: number } | undefined;
  readonly dns: boolean;
  readonly laneWatch: boolean;
}

export interface LaneBefore {
  readonly spec: LaneSpec;
  readonly running: boolean;
  /** Settings of its own. */
  readonly traffic: Traffic | undefined;
}

export interface BehaviorBefore {
  readonly podUid: string;
  readonly pod: string;
  readonly ready: boolean;
  readonly delayMs: number;
  readonly errorRate: number;
}

/** Where the plan survives the agent. Throws what the disk says: a run that could not be undone must not begin. */
export interface RestoreStore {
  /** Undefined: nothing is left to restore. */
  load(): RestorePlan | undefined;
  save(plan: RestorePlan): void;
  clear(): void;
}

/**
 * Everything a scenario may change that the run knows of. `left`: what an earlier one could not put back, which is how
 * things were before both.
 */
export function capture(
  run: Run,
  wanted: (laneId: string) => boolean,
  scenario: string,
  startedBy: string,
  left: RestorePlan | undefined,
): RestorePlan {
  return {
    scenario,
    startedBy,
    replicas: left?.replicas ?? run.deployment?.replicas,
    scaledTo: left?.replicas === undefined ? undefined : left.scaledTo,
    objects: left?.objects,
    // Not by its state: a lane that waits for the first pods is stopped and wanted, one that is unavailable may be neither.
    lanes: [...run.lanes.values()].map(({ id, spec, traffic }) => ({ spec, running: wanted(id), traffic })),
    traffic: run.traffic,
    behaviors: left?.behaviors ?? [],
    preStop: left?.preStop,
    maxConnectionAge: left?.maxConnectionAge,
    dns: left?.dns ?? false,
    laneWatch: left?.laneWatch ?? false,
  };
}
