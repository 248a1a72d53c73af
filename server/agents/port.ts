import type { LaneSpec } from '../../gen/lbscope/events/v1/events_pb.js';
import type { AttributionTable } from '../traffic/attribution.ts';
import type { TrafficSettings } from '../traffic/driver.ts';

/** What makes calls, in the agent that is asked and in each worker alike: server/engine.ts. */
export interface Engine {
  open(spec: LaneSpec, listener: LaneListener): LaneDriver;
  attribute(table: AttributionTable): void;
  cut(): void;
  edge(): Promise<number>;
  newRun(begin: () => void): void;
  stop(): Promise<void>;
}

export interface LaneDriver {
  apply(settings: TrafficSettings, running: boolean): void;
  /** `goesOn`: another driver takes the lane over, so how its last calls end is still counted. */
  stop(goesOn?: boolean): Promise<void>;
}

export interface LaneListener {
  /** The cluster forbids, or allows again (undefined), what the lane resolves with. */
  onForbidden(reason: string | undefined): void;
  /** Why no call can be made at present; undefined: calls are made. */
  onDown(reason: string | undefined): void;
}
