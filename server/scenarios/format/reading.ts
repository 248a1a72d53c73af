import type { LaneSpec } from '../../../gen/lbscope/events/v1/events_pb.js';
import { type Fault, type Path, pathText, type Source, show } from './faults.ts';
import type { Verb } from './schema.ts';

/** Presets that a file may name; the agent's own, as they depend on the cluster's names. */
export interface Presets {
  readonly ids: readonly string[];
  find(id: string): LaneSpec | undefined;
}

/** A step that passed its verb's schema. */
export interface GivenStep {
  readonly id: string;
  readonly verb: Verb;
  readonly value: unknown;
  readonly path: Path;
}

/** What the reader of one file knows so far: its faults, and the names that may be used. */
export class Reading {
  readonly faults: Fault[] = [];
  readonly source: Source;
  readonly presets: Presets;
  /** Ids of lanes of the file, those that steps put included. */
  readonly lanes = new Set<string>();
  /** Names that steps give to pods, in order of the file. */
  readonly names = new Set<string>();
  /** Ids of steps that have a fault of their own: whoever names one names a step that there is. */
  readonly faultySteps = new Set<string>();
  /** Pods that were named before the step that chooses them: a question stands in front. */
  readonly forward: { readonly pod: string; readonly path: Path }[] = [];

  constructor(source: Source, presets: Presets) {
    this.source = source;
    this.presets = presets;
  }

  /** `key`: at the key, not at its value. */
  fault(path: Path, message: string, key = false): void {
    this.faults.push(this.source.fault(path, message, key));
  }

  knowsLane(lane: string, path: Path): void {
    if (this.lanes.has(lane)) return;
    const known = [...this.lanes].join(', ') || 'none';
    this.fault(path, `${pathText(path)} is ${show(lane)}: allowed is a lane of this file: ${known}`);
  }

  knowsPod(name: string, path: Path): void {
    if (this.names.has(name)) return;
    const known = [...this.names].join(', ') || 'none';
    this.fault(
      path,
      `${pathText(path)} is ${show(name)}: allowed is a name that an earlier step gives with "as": ${known}`,
    );
  }
}
