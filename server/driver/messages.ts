import type { Frame } from '../../gen/lbscope/events/v1/events_pb.js';
import type { Told } from '../balancing/resolution.ts';
import type { Trigger } from '../balancing/resolver/port.ts';
import type { ChannelSpec } from '../balancing/spec.ts';
import type { EventInit } from '../events/port.ts';
import type { AttributionTable } from '../traffic/attribution.ts';
import type { TrafficSettings } from '../traffic/driver.ts';
import type { MethodCall } from '../traffic/method-call.ts';

/**
 * What crosses the cut between the agent and the thread that makes the calls. Only plain, cloneable data; no message a call.
 * `driver` numbers one lane's driver, never used again: a lane that is put anew gets another while the old one drains.
 */

/** What a lane's calls need to be made. */
export interface LanePlan {
  readonly laneId: string;
  readonly channel: ChannelSpec;
  /** Which software makes the calls, as LaneSpec.client has it. */
  readonly client: string;
  /** http1-json: whether a connection is used for more than one call. */
  readonly keepAlive: boolean;
  /** What is called; absent: lbscope's own greeter. */
  readonly method?: MethodCall;
}

export type Down =
  | { readonly t: 'open'; readonly driver: number; readonly plan: LanePlan; readonly counters: SharedArrayBuffer }
  | {
      readonly t: 'apply';
      readonly driver: number;
      readonly settings: TrafficSettings;
      readonly running: boolean;
    }
  /**
   * No new calls; answered by `closed` when those in flight have ended. `goesOn`: another driver makes the lane's calls from now
   * on, and the counts are the lane's: how these end is still told.
   */
  | { readonly t: 'close'; readonly driver: number; readonly goesOn: boolean }
  /** `round`: which start of the resolver it belongs to; late words of an older one are dropped. */
  | {
      readonly t: 'told';
      readonly driver: number;
      readonly channel: number;
      readonly round: number;
      readonly told: Told;
    }
  | { readonly t: 'attribution'; readonly table: AttributionTable }
  /** A membership changed above: ends the running frame. */
  | { readonly t: 'cut' }
  /** Ends the running frame; answered by `edge` when all that was counted before it has gone up. */
  | { readonly t: 'edge' }
  /** Ends the running frame and counts first answers anew; answered by `newRun`. */
  | { readonly t: 'newRun' };

export type Up =
  | { readonly t: 'event'; readonly event: EventInit }
  /** Numbered by the hub. `drivers`: whose its lanes' parts are, in their order. */
  | { readonly t: 'frame'; readonly frame: Frame; readonly drivers: readonly number[] }
  /** Which pod a slot of a lane's counters stands for, so that they can be read after the thread has died. */
  | { readonly t: 'pod'; readonly driver: number; readonly slot: number; readonly uid: string }
  | { readonly t: 'resolver'; readonly driver: number; readonly channel: number; readonly ask: ResolverAsk }
  | { readonly t: 'closed'; readonly driver: number }
  | { readonly t: 'newRun' }
  /** Where the frame begins that runs now. */
  | { readonly t: 'edge'; readonly at: number };

export type ResolverAsk =
  | { readonly t: 'start'; readonly round: number }
  | { readonly t: 'request'; readonly trigger: Trigger }
  | { readonly t: 'stop'; readonly idleAfterMs: number | undefined }
  | { readonly t: 'healthy'; readonly healthy: boolean };
