import { create } from '@bufbuild/protobuf';
import { type Frame, FrameSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { fromMs, toMs } from '../../model/time.ts';
import { Resolution, type ResolutionLink, type Told } from '../balancing/resolution.ts';
import type { Lookup, SliceWatch } from '../balancing/resolver/port.ts';
import { faultOf } from '../balancing/spec.ts';
import type { Clock, EventSink, TimerHandle, Timers } from '../events/port.ts';
import type { AttributionTable } from '../traffic/attribution.ts';
import { head, LaneCounters } from '../traffic/counters.ts';
import type { TrafficSettings } from '../traffic/driver.ts';
import { lastWords } from './last-words.ts';
import type { Down, LanePlan, ResolverAsk, Up } from './messages.ts';
import { OpenConnections } from './open-connections.ts';
import { Watchdog } from './watchdog.ts';

/** A thread (or the agent's own) in which a Lower runs. */
export interface Thread {
  post(message: Down): void;
  /** A number that changes as long as its event loop turns; absent where nothing else would notice that it hangs. */
  progress?(): number;
  /** It counts in memory of its own: what it has in flight is known from its frames alone. */
  readonly apart?: true;
  /** Ends it; onEnd is not called. */
  end(): Promise<void>;
}

export interface ThreadListener {
  onMessage(message: Up): void;
  /** It ended by itself: a fault, told in one sentence. */
  onEnd(reason: string): void;
}

export interface DriversOptions {
  readonly start: (listener: ThreadListener) => Thread;
  /** Frames are handed on, the hub numbers them. */
  readonly onFrame: (frame: Frame) => void;
  readonly lookup: Lookup;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: () => number;
  readonly events: EventSink;
  /** Told when the thread ends by itself. */
  readonly onFault?: (reason: string) => void;
}

/** What a lane sees of its driver. */
export interface Driver {
  /** Takes effect at once; counts and calls in flight are kept. */
  apply(settings: TrafficSettings, running: boolean): void;
  /**
   * No new calls; settles when those in flight have ended. `goesOn`: the lane goes on with another driver, so how these end is
   * still counted.
   */
  stop(goesOn?: boolean): Promise<void>;
}

export interface DriverListener {
  readonly sliceWatch: SliceWatch;
  /** Why no call can be made at present; undefined: calls are made. */
  onDown(reason: string | undefined): void;
}

interface OpenDriver {
  readonly plan: LanePlan;
  readonly listener: DriverListener;
  readonly resolutions: Map<number, { readonly link: ResolutionLink; round: number }>;
  settings: { readonly settings: TrafficSettings; readonly running: boolean } | undefined;
  counters: LaneCounters;
  names: string[];
  closing: { readonly goesOn: boolean; readonly done: () => void } | undefined;
}

type Life =
  | {
      readonly t: 'running';
      readonly thread: Thread;
      readonly since: number;
      readonly watchdog: Watchdog | undefined;
    }
  | { readonly t: 'waiting'; readonly timer: TimerHandle }
  | { readonly t: 'stopped' };

/** After a fault a new thread starts at once; one that keeps failing is given up to this long. */
const firstPauseMs = 100;
const longestPauseMs = 10_000;
/** A thread that ran this long has proved itself. */
const provenMs = 30_000;

/**
 * The upper side of the cut: settings go down, frames and events come up, and names are resolved here. If the thread below dies,
 * what it had counted is read from its counters, its calls in flight count as lost, and all lanes go on in a new one.
 */
export class Drivers {
  readonly #options: DriversOptions;
  readonly #drivers = new Map<number, OpenDriver>();
  /** Why no call is made at present. */
  #down: string | undefined;
  readonly #open = new OpenConnections();
  #life: Life = { t: 'stopped' };
  #next = 0;
  #table: AttributionTable | undefined;
  #frameTo: number;
  #pauseMs = firstPauseMs;
  #newRuns: (() => void)[] = [];
  #edges: ((at: number) => void)[] = [];

  constructor(options: DriversOptions) {
    this.#options = options;
    this.#frameTo = options.clock.now();
    this.#start();
  }

  /** Throws a TypeError on a plan that faultOf (balancing/spec.ts) objects to. */
  open(plan: LanePlan, listener: DriverListener): Driver {
    const fault = faultOf(plan.channel);
    if (fault !== undefined) throw new TypeError(fault);
    this.#next += 1;
    const number = this.#next;
    const driver: OpenDriver = {
      plan,
      listener,
      resolutions: new Map(),
      settings: undefined,
      counters: new LaneCounters(),
      names: [''],
      closing: undefined,
    };
    this.#drivers.set(number, driver);
    this.#post({ t: 'open', driver: number, plan, counters: driver.counters.memory });
    if (this.#down !== undefined) listener.onDown(this.#down);
    return {
      apply: (settings, running) => {
        if (driver.closing !== undefined) return;
        driver.settings = { settings, running };
        this.#post({ t: 'apply', driver: number, settings, running });
      },
      stop: (goesOn = false) =>
        new Promise((done) => {
          driver.closing = { goesOn, done };
          if (this.#life.t === 'running') this.#post({ t: 'close', driver: number, goesOn });
          else this.#closed(number);
        }),
    };
  }

  /** The truth's knowledge of addresses changed. */
  attribute(table: AttributionTable): void {
    this.#table = table;
    this.#post({ t: 'attribution', table });
  }

  /** A membership changed: ends the running frame. */
  cut(): void {
    this.#post({ t: 'cut' });
  }

  /** Ends the running frame; settles with that instant when every frame before it has been handed on. */
  edge(): Promise<number> {
    if (this.#life.t !== 'running') return Promise.resolve(this.#options.clock.now());
    return new Promise((resolve) => {
      this.#edges.push(resolve);
      this.#post({ t: 'edge' });
    });
  }

  /** `begin` is called when all that was counted so far has come up, and before anything that is counted later. */
  newRun(begin: () => void): void {
    if (this.#life.t !== 'running') {
      begin();
      return;
    }
    this.#newRuns.push(begin);
    this.#post({ t: 'newRun' });
  }

  async stop(): Promise<void> {
    const life = this.#life;
    this.#life = { t: 'stopped' };
    // Nothing is counted below any more: who waits for an answer from there would wait for ever.
    for (const begin of this.#newRuns.splice(0)) begin();
    for (const resolve of this.#edges.splice(0)) resolve(this.#options.clock.now());
    if (life.t === 'waiting') life.timer.cancel();
    if (life.t === 'running') life.watchdog?.stop();
    for (const number of [...this.#drivers.keys()]) this.#closed(number);
    if (life.t === 'running') await life.thread.end();
  }

  #start(): void {
    const listener: ThreadListener = {
      onMessage: (message) => {
        if (this.#life.t === 'running' && this.#life.thread === thread) this.#receive(message);
      },
      onEnd: (reason) => {
        if (this.#life.t === 'running' && this.#life.thread === thread) this.#fell(reason);
      },
    };
    const thread: Thread = this.#options.start(listener);
    this.#life = { t: 'running', thread, since: this.#options.clock.now(), watchdog: this.#watch(thread) };
    if (this.#table !== undefined) thread.post({ t: 'attribution', table: this.#table });
    for (const [number, driver] of this.#drivers) {
      driver.counters = new LaneCounters();
      driver.names = [''];
      thread.post({ t: 'open', driver: number, plan: driver.plan, counters: driver.counters.memory });
      if (driver.settings !== undefined) thread.post({ t: 'apply', driver: number, ...driver.settings });
    }
    this.#tellDown(undefined);
  }

  /** A thread that hangs is shown, and after a while ended and replaced as one that died. */
  #watch(thread: Thread): Watchdog | undefined {
    if (thread.progress === undefined) return undefined;
    const { timers, events } = this.#options;
    const current = (): boolean => this.#life.t === 'running' && this.#life.thread === thread;
    return new Watchdog({
      timers,
      progress: () => thread.progress?.() ?? 0,
      onStalled: (forMs) => {
        const reason = forMs === undefined ? undefined : standsStill(forMs);
        const state = reason === undefined ? 'ready' : 'driver_stalled';
        events.emit({ kind: { case: 'agentState', value: { state, reason: reason ?? 'the driver moves again' } } });
        this.#tellDown(reason);
      },
      // Not before it has ended: nobody else may count in its counters while they are read.
      onGivenUp: (afterMs) => void thread.end().then(() => current() && this.#fell(standsStill(afterMs), stoodStill)),
    });
  }

  #post(message: Down): void {
    if (this.#life.t === 'running') this.#life.thread.post(message);
  }

  #receive(message: Up): void {
    switch (message.t) {
      case 'event':
        this.#open.note(message.event);
        this.#options.events.emit(message.event);
        return;
      case 'frame':
        this.#frameTo = toMs(message.frame.to);
        if (this.#life.t === 'running' && this.#life.thread.apart) this.#noteInFlight(message);
        this.#options.onFrame(message.frame);
        return;
      case 'pod': {
        const names = this.#drivers.get(message.driver)?.names;
        if (names !== undefined) names[message.slot] = message.uid;
        return;
      }
      case 'resolver':
        this.#resolver(message.driver, message.channel, message.ask);
        return;
      case 'closed':
        this.#closed(message.driver);
        return;
      case 'newRun':
        this.#newRuns.shift()?.();
        return;
      case 'edge':
        this.#edges.shift()?.(message.at);
    }
  }

  /** Should it die, they are lost. */
  #noteInFlight({ frame, drivers }: Extract<Up, { t: 'frame' }>): void {
    for (const [index, number] of drivers.entries()) {
      const driver = this.#drivers.get(number);
      if (driver !== undefined) driver.counters.lane[head.inFlight] = frame.lanes[index]?.inFlight ?? 0;
    }
  }

  #resolver(number: number, channel: number, ask: ResolverAsk): void {
    const driver = this.#drivers.get(number);
    if (driver === undefined) return;
    let resolution = driver.resolutions.get(channel);
    if (resolution === undefined) {
      resolution = { link: this.#resolve(number, driver, channel), round: 0 };
      driver.resolutions.set(channel, resolution);
    }
    switch (ask.t) {
      case 'start':
        resolution.round = ask.round;
        resolution.link.start();
        return;
      case 'request':
        resolution.link.request(ask.trigger);
        return;
      case 'stop':
        resolution.link.stop(ask.idleAfterMs);
        return;
      case 'healthy':
        resolution.link.healthy(ask.healthy);
    }
  }

  #resolve(number: number, driver: OpenDriver, channel: number): ResolutionLink {
    const onTold = (told: Told): void => {
      const round = driver.resolutions.get(channel)?.round ?? 0;
      this.#post({ t: 'told', driver: number, channel, round, told });
    };
    const { plan, listener } = driver;
    const { sliceWatch } = listener;
    return new Resolution(
      { ...this.#options, spec: plan.channel, laneId: plan.laneId, channelIndex: channel, sliceWatch },
      onTold,
    );
  }

  #closed(number: number): void {
    const driver = this.#drivers.get(number);
    if (driver === undefined) return;
    this.#drivers.delete(number);
    for (const { link } of driver.resolutions.values()) link.stop();
    driver.closing?.done();
  }

  #tellDown(reason: string | undefined): void {
    this.#down = reason;
    for (const driver of this.#drivers.values()) driver.listener.onDown(reason);
  }

  #fell(reason: string, down: string = died): void {
    const { clock, timers, events, onFrame, onFault } = this.#options;
    const since = this.#life.t === 'running' ? this.#life.since : 0;
    if (this.#life.t === 'running') this.#life.watchdog?.stop();
    const now = clock.now();
    onFault?.(reason);
    events.emit({ at: now, kind: { case: 'agentState', value: { state: 'driver_restarting', reason } } });
    for (const event of this.#open.endAll()) events.emit({ at: now, ...event });
    const frame = create(FrameSchema, { from: fromMs(this.#frameTo), to: fromMs(now) });
    for (const [number, driver] of [...this.#drivers]) {
      for (const { link } of driver.resolutions.values()) link.stop();
      driver.resolutions.clear();
      if (driver.closing === undefined || driver.closing.goesOn) {
        const last = lastWords(driver.plan.laneId, driver.counters, driver.names, now);
        if (last.burst !== undefined) events.emit(last.burst);
        frame.lanes.push(last.frame);
      }
      if (driver.closing !== undefined) this.#closed(number);
    }
    onFrame(frame);
    this.#frameTo = now;
    for (const begin of this.#newRuns.splice(0)) begin();
    for (const resolve of this.#edges.splice(0)) resolve(now);
    const pause = now - since >= provenMs ? firstPauseMs : this.#pauseMs;
    this.#pauseMs = Math.min(longestPauseMs, pause * 2);
    const timer = timers.setTimeout(() => {
      this.#start();
      events.emit({ kind: { case: 'agentState', value: { state: 'ready', reason: 'the driver runs again' } } });
    }, pause);
    this.#life = { t: 'waiting', timer };
    this.#tellDown(down);
  }
}

const died = 'the thread that makes the calls ended on a fault and is started again';
const stoodStill = 'the thread that makes the calls stood still and is started again';

function standsStill(ms: number): string {
  return `the thread that makes the calls has stood still for ${ms / 1_000} s`;
}
