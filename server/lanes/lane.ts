import type { Timestamp } from '@bufbuild/protobuf/wkt';
import type { Detour, LaneSpec, Traffic } from '../../gen/lbscope/events/v1/events_pb.js';
import { cannotCarry } from '../../model/carries.ts';
import { fromMs } from '../../model/time.ts';
import type { Clock, EventSink, TimerHandle, Timers } from '../events/port.ts';
import type { TrafficSettings } from '../traffic/driver.ts';

/** A proxy that was there and stopped answering: its losses are shown this long before the lane gives up. */
const proxyGoneAfterMs = 10_000;
/** How often the reason of an unavailable lane is looked up anew. */
const whyEveryMs = 5_000;

/** Reads what a proxy believes in; see server/membership. */
export interface Membership {
  start(): void;
  stop(): void;
  /** Something changes: look often for that many milliseconds. */
  hurry(ms: number): void;
}

/** Finds out whether what a lane dials can be reached from where the agent runs; see server/reach. */
export interface Reach {
  start(): void;
  stop(): void;
}

export type ReachState =
  /** Not known yet: no call goes out. */
  | { readonly kind: 'asking'; readonly what: string }
  | { readonly kind: 'open' }
  | { readonly kind: 'unreachable'; readonly reason: string; readonly since: number; readonly detour: Detour };

/** What a lane sees of what makes its calls; see server/driver. */
export interface Driver {
  /** Takes effect at once; counts and calls in flight are kept. */
  apply(settings: TrafficSettings, running: boolean): void;
  /** No new calls; settles when those in flight have ended. `goesOn`: the lane does, so how these end is still counted. */
  stop(goesOn?: boolean): Promise<void>;
}

export interface DriverListener {
  /** The cluster forbids, or allows again (undefined), what the lane resolves with. */
  onForbidden(reason: string | undefined): void;
  /** Why no call can be made at present; undefined: calls are made. */
  onDown(reason: string | undefined): void;
}

export interface LaneParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly events: EventSink;
  readonly makeDriver: (spec: LaneSpec, listener: DriverListener) => Driver;
  readonly makeMembership: (
    spec: LaneSpec,
    onState: (state: 'ok' | 'unreachable', reason: string) => void,
  ) => Membership | undefined;
  /** Undefined: the agent runs where its lanes lead, or what the lane dials is no matter of the cluster's network. */
  readonly makeReach: (spec: LaneSpec, onState: (state: ReachState) => void) => Reach | undefined;
  /** Why nothing answers at that target, in one sentence; undefined when nothing is known. */
  readonly whyNot: (target: string) => Promise<string | undefined>;
}

type Availability =
  /** A proxy's lane before anything was heard of the proxy. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'available' }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** One lane: its driver, whether it can run, and whether it shall. */
export class Lane {
  readonly spec: LaneSpec;
  readonly #parts: LaneParts;
  readonly #driver: Driver;
  readonly #membership: Membership | undefined;
  readonly #reach: Reach | undefined;
  #traffic: Traffic;
  /** The lane has settings of its own. */
  own: boolean;
  #wanted: boolean;
  #availability: Availability;
  #forbidden: string | undefined;
  #reached: ReachState = { kind: 'open' };
  /** Why no call can be made, whatever the lane wants. */
  #down: string | undefined;
  /** Why the lane waits before its first call; undefined once released. */
  #held: string | undefined;
  #unreachableSince: number | undefined;
  #whyTimer: TimerHandle | undefined;
  #toldState = '';
  #stopped = false;

  constructor(spec: LaneSpec, traffic: Traffic, options: { own: boolean; running: boolean }, parts: LaneParts) {
    this.spec = spec;
    this.#parts = parts;
    this.#traffic = traffic;
    this.own = options.own;
    this.#wanted = options.running;
    this.#driver = parts.makeDriver(spec, {
      onForbidden: (reason) => this.#setForbidden(reason),
      onDown: (reason) => {
        this.#down = reason;
        this.#tell();
      },
    });
    this.#membership = parts.makeMembership(spec, (state, reason) => this.#proxyState(state, reason));
    this.#reach = parts.makeReach(spec, (state) => this.#setReached(state));
    this.#availability = this.#membership === undefined ? { kind: 'available' } : { kind: 'unknown' };
  }

  /** `held`: why it shall wait for `release` before its first call. */
  start(held?: string): void {
    this.#held = held;
    this.#reach?.start();
    this.#membership?.start();
    this.#apply();
  }

  release(): void {
    if (this.#held === undefined) return;
    this.#held = undefined;
    this.#apply();
  }

  get traffic(): Traffic {
    return this.#traffic;
  }

  get wanted(): boolean {
    return this.#wanted;
  }

  setTraffic(traffic: Traffic): void {
    this.#traffic = traffic;
    this.#apply();
  }

  setRunning(running: boolean): void {
    this.#wanted = running;
    this.#apply();
  }

  hurry(ms: number): void {
    this.#membership?.hurry(ms);
  }

  newRun(): void {
    this.#toldState = '';
    this.#tell();
  }

  /** `goesOn`: another one takes its place, with its counts. */
  async stop(goesOn = false): Promise<void> {
    this.#stopped = true;
    this.#whyTimer?.cancel();
    this.#membership?.stop();
    this.#reach?.stop();
    await this.#driver.stop(goesOn);
  }

  #apply(): void {
    if (this.#stopped) return;
    const connections = this.spec.connections > 0 ? this.spec.connections : this.#traffic.connections;
    const available =
      this.#availability.kind === 'available' &&
      this.#forbidden === undefined &&
      this.#reached.kind === 'open' &&
      cannotCarry(this.spec, this.#traffic.kind) === undefined;
    const { $typeName: _, $unknown: __, ...settings } = this.#traffic;
    this.#driver.apply({ ...settings, connections }, this.#wanted && available && this.#held === undefined);
    this.#tell();
  }

  #tell(): void {
    if (this.#stopped) return;
    let state = this.#wanted ? 'running' : 'stopped';
    let reason = '';
    let code = '';
    let around: { since: Timestamp; detour: Detour } | undefined;
    const carries = cannotCarry(this.spec, this.#traffic.kind);
    if (carries !== undefined) {
      state = 'unavailable';
      reason = carries;
    } else if (this.#forbidden !== undefined) {
      state = 'unavailable';
      code = 'forbidden';
      reason = this.#forbidden;
    } else if (this.#down !== undefined) {
      state = 'unavailable';
      reason = this.#down;
    } else if (this.#reached.kind === 'unreachable') {
      state = 'unavailable';
      code = 'unreachable';
      reason = this.#reached.reason;
      around = { since: fromMs(this.#reached.since), detour: this.#reached.detour };
    } else if (this.#availability.kind === 'unavailable') {
      state = 'unavailable';
      code = 'no_answer';
      reason = this.#availability.reason;
    } else if (this.#reached.kind === 'asking') {
      state = 'unavailable';
      code = 'asking';
      reason = `asking whether ${this.#reached.what} can be reached from the agent's machine`;
    } else if (this.#availability.kind === 'unknown') {
      state = 'unavailable';
      code = 'asking';
      reason = `asking whether anything answers at ${this.spec.target}`;
    } else if (this.#held !== undefined) {
      state = 'stopped';
      reason = this.#held;
    }
    const told = `${state} ${reason}`;
    if (told === this.#toldState) return;
    this.#toldState = told;
    this.#parts.events.emit({
      laneId: this.spec.id,
      kind: { case: 'laneState', value: { state, reason, code, ...around } },
    });
  }

  #setForbidden(reason: string | undefined): void {
    if (reason === this.#forbidden) return;
    this.#forbidden = reason;
    this.#apply();
  }

  #setReached(state: ReachState): void {
    if (this.#stopped) return;
    this.#reached = state;
    this.#apply();
  }

  #proxyState(state: 'ok' | 'unreachable', reason: string): void {
    if (this.#stopped) return;
    const now = this.#parts.clock.now();
    if (state === 'ok') {
      this.#unreachableSince = undefined;
      this.#whyTimer?.cancel();
      if (this.#availability.kind !== 'available') {
        this.#availability = { kind: 'available' };
        this.#apply();
      }
      return;
    }
    this.#unreachableSince ??= now;
    const patience = this.#availability.kind === 'available' ? proxyGoneAfterMs : 0;
    if (now - this.#unreachableSince < patience || this.#availability.kind === 'unavailable') return;
    this.#availability = { kind: 'unavailable', reason: `nothing answers at ${this.spec.target} (${reason})` };
    this.#apply();
    this.#askWhy();
  }

  /** "Nothing answers" is what is seen; the cluster may know more: no binary, no image, no right, no pod. */
  #askWhy(): void {
    // What stands between here and the cluster is known already, and the cluster has no part in it.
    if (this.#reached.kind === 'unreachable') {
      this.#whyTimer = this.#parts.timers.setTimeout(() => this.#askWhy(), whyEveryMs);
      return;
    }
    this.#parts.whyNot(this.spec.target).then(
      (why) => {
        if (this.#stopped || this.#availability.kind !== 'unavailable') return;
        if (why !== undefined) {
          this.#availability = { kind: 'unavailable', reason: why };
          this.#tell();
        }
        this.#whyTimer = this.#parts.timers.setTimeout(() => this.#askWhy(), whyEveryMs);
      },
      () => {},
    );
  }
}
