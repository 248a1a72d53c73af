import type { MessageInitShape } from '@bufbuild/protobuf';
import type { EncodingCallsSchema, EncodingCodecSchema } from '../../gen/lbscope/agent/v1/agent_pb.js';
import type { LaneSpec, Traffic } from '../../gen/lbscope/events/v1/events_pb.js';
import type { PresetChoices } from '../../model/presets.ts';

/**
 * What the API asks of the agent behind it. Values are checked before they come here; what is refused for another reason
 * (no such pod, forbidden by the cluster) comes back as a value. Implemented in server/main.ts over lanes and kube.
 */
export interface Agent {
  startTraffic(laneId: string | undefined): Done;
  stopTraffic(laneId: string | undefined): Done;
  /** Only what is present changes. */
  setTraffic(laneId: string | undefined, change: Partial<Traffic>): Done<{ traffic: Traffic }>;
  /** Settles when all that was counted before belongs to the old run. */
  newRun(): Promise<{ runId: string }>;
  putLane(spec: LaneSpec): Done;
  removeLane(laneId: string): Done;
  /** Applies what the preset needs, or says what there is to apply, and puts its lane. */
  addPreset(presetId: string, choices: PresetRequest): Promise<Done<PresetAdded>>;
  /** What the preset needs, alone; nothing where it needs nothing, or where whoever asks applies it. */
  applyPreset(presetId: string): Promise<Done>;
  /** Protobuf against JSON; a few seconds, one at a time. */
  encodingBenchmark(): Promise<Done<EncodingFigures>>;
  /** The objects of a preset as YAML; undefined: there is no such preset. */
  presetObjects(presetId: string): string | undefined;
  laneIds(): readonly string[];
  /** Whether the lane shall make calls; it may be held back, or unable to. */
  wanted(laneId: string): boolean;
  scale(replicas: number): Promise<Done<{ from: number; to: number }>>;
  /** `pod`: name or UID. `gracePeriodSeconds` undefined: the pod's own; 0: delete now. */
  deletePod(pod: string, gracePeriodSeconds: number | undefined): Promise<Done<{ uid: string }>>;
  restartRollout(): Promise<Done>;
  setPodBehavior(
    pod: string,
    change: {
      ready?: boolean;
      delayMs?: number;
      errorRate?: number;
      crash?: boolean;
      maxConnectionAgeMs?: number;
      maxConnectionAgeGraceMs?: number;
    },
  ): Promise<Done<{ uid: string }>>;
  /** Of every pod, those to come included; -1: none. `missed` are told as soon as they answer. */
  setMaxConnectionAge(ageMs: number, graceMs: number): Promise<Done<{ pods: number; missed: string[] }>>;
}

export type PresetRequest = PresetChoices & { readonly workers?: number | undefined };

export interface EncodingFigures {
  readonly codecs: readonly MessageInitShape<typeof EncodingCodecSchema>[];
  readonly calls: readonly MessageInitShape<typeof EncodingCallsSchema>[];
  readonly note: string;
}

export interface PresetAdded {
  readonly laneId: string;
  readonly applied: boolean;
  readonly objects: string;
  readonly note: string;
}

export type Done<T extends object = object> =
  | ({ readonly ok: true } & T)
  | {
      readonly ok: false;
      readonly code: 'not_found' | 'permission_denied' | 'unavailable' | 'failed_precondition' | 'resource_exhausted';
      /** One sentence that names what was asked and what there is. */
      readonly message: string;
    };
