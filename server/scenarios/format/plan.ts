import type { LaneSpec, Traffic } from '../../../gen/lbscope/events/v1/events_pb.js';
import type { Answer, Expectation } from '../../../model/scenario/types.ts';

/** A scenario that was read and found whole. Only the reader makes one. */
export interface Plan {
  /** The file's name without ".yaml"; empty for a text. */
  readonly id: string;
  readonly title: string;
  readonly story: string;
  readonly quick: boolean;
  readonly replicas: number;
  readonly lanes: readonly LaneSpec[];
  readonly traffic: Partial<Traffic>;
  /** The first one is the preparation, which no file writes. */
  readonly steps: readonly Step[];
  readonly expectations: readonly Expectation[];
  readonly questions: readonly Question[];
  readonly shortened: readonly string[];
  readonly needs: readonly Need[];
  readonly aboutMs: number;
}

export type Need = 'lab';

export interface Question {
  readonly text: string;
  readonly choices: readonly string[];
  readonly rule: Answer;
  /** Number of the step that asks. */
  readonly step: number;
}

export interface Step {
  readonly id: string;
  readonly text: string;
  readonly act: Act;
}

export type PodChoice =
  | { readonly kind: 'oldest' }
  | { readonly kind: 'newest' }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'mostUsedBy'; readonly lane: string }
  | { readonly kind: 'named'; readonly name: string };

export interface Chosen {
  readonly pod: PodChoice;
  readonly as: string | undefined;
}

export interface Conditions {
  readonly calls: number | undefined;
  readonly podsReady: number | undefined;
  readonly settled: boolean;
  readonly everyPodAnswered: boolean;
  readonly listsReadyPods: boolean;
  readonly laneState: string | undefined;
  readonly cluster: string | undefined;
  /** Undefined: all lanes that run. */
  readonly lanes: readonly string[] | undefined;
}

export type DnsAnswers = 'normal' | 'servfail' | 'refused' | 'nxdomain' | 'empty' | 'drop';

export type Act =
  | { readonly kind: 'prepare' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'waitUntil'; readonly conditions: Conditions; readonly atMostMs: number }
  | { readonly kind: 'scale'; readonly replicas: number }
  | { readonly kind: 'deletePod'; readonly chosen: Chosen; readonly gracePeriodSeconds: number | undefined }
  | { readonly kind: 'crashPod'; readonly chosen: Chosen }
  | {
      readonly kind: 'setBehavior';
      readonly chosen: Chosen;
      readonly change: { readonly ready?: boolean; readonly delayMs?: number; readonly errorRate?: number };
    }
  /** `preStop` undefined: as it is; 'none': taken away. */
  | { readonly kind: 'rollout'; readonly preStop: 'none' | number | undefined }
  /** -1: none, or for ever. */
  | { readonly kind: 'maxConnectionAge'; readonly ageMs: number; readonly graceMs: number }
  | { readonly kind: 'traffic'; readonly lane: string | undefined; readonly change: Partial<Traffic> }
  | { readonly kind: 'running'; readonly lane: string | undefined; readonly running: boolean }
  | { readonly kind: 'lane'; readonly spec: LaneSpec }
  | { readonly kind: 'removeLane'; readonly lane: string }
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'ask'; readonly question: number }
  | { readonly kind: 'dns'; readonly answers: DnsAnswers }
  | { readonly kind: 'laneWatch'; readonly forbidden: boolean }
  | { readonly kind: 'apiServer'; readonly goneMs: number };
