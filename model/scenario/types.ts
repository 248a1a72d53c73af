import type { MeasureName } from './measures.ts';

/** From the start of one step to the end of another, by their numbers from 0. */
export interface Span {
  readonly fromStep: number;
  readonly toStep: number;
}

/** A measure of one lane over a window. */
export interface Asked extends Span {
  readonly measure: MeasureName;
  readonly lane: string;
  /** Name that a step gave to the pod it chose (`as`); for the measures that are about one pod. */
  readonly pod?: string | undefined;
}

/** All that are given must hold. */
export interface Bound {
  readonly atLeast?: number | undefined;
  readonly atMost?: number | undefined;
  readonly above?: number | undefined;
  readonly below?: number | undefined;
  readonly equals?: number | undefined;
}

export interface BoundExpectation extends Asked {
  readonly kind: 'bound';
  readonly bound: Bound;
  /** Fewer than this and nothing is said. */
  readonly leastSample: number;
  readonly because: string;
}

export type DistributionName = 'even' | 'uneven' | 'pinned';

export interface DistributionExpectation extends Span {
  readonly kind: 'distribution';
  readonly distribution: DistributionName;
  readonly lane: string;
  /** How often a lane that is as expected may fail by chance. */
  readonly errorRate: number;
  readonly leastSample: number;
  /** pinned: the least share of one pod that still counts. */
  readonly share: number;
  readonly because: string;
}

export type Expectation = BoundExpectation | DistributionExpectation;

export type Finding = 'pass' | 'fail' | 'inconclusive';

export interface Judgement {
  readonly state: Finding;
  /** The figure in words, with its sample; or why nothing can be said. */
  readonly finding: string;
  readonly value: number | undefined;
  readonly sample: number;
  readonly p: number | undefined;
}

/** The answer to a prediction is a rule over the run, never a stored choice. */
export type Answer =
  /** Right is each choice within whose bounds the figure lies. */
  | ({ readonly kind: 'value'; readonly bounds: readonly Bound[] } & Asked)
  /** Right is the choice of the lane with the least or the most; several where they tie. */
  | ({
      readonly kind: 'lane';
      readonly which: 'least' | 'most';
      readonly measure: MeasureName;
      /** Lane of each choice; undefined: a choice that stands for "none of them" or "all alike". */
      readonly lanes: readonly (string | undefined)[];
    } & Span);
