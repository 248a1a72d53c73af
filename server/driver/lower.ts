import { create } from '@bufbuild/protobuf';
import { FrameSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { fromMs } from '../../model/time.ts';
import type { Channel } from '../balancing/channel-port.ts';
import type { LinkResolution, ResolutionLink, Told } from '../balancing/resolution.ts';
import type { Clock, EventInit, EventSink, TimerHandle, Timers } from '../events/port.ts';
import { AttributionMirror } from '../traffic/attribution.ts';
import { LaneCounters } from '../traffic/counters.ts';
import { LaneDriver } from '../traffic/driver.ts';
import { FrameClock } from '../traffic/frames.ts';
import type { Down, LanePlan, ResolverAsk, Up } from './messages.ts';

/** How a lane's n-th channel is made; its addresses come through `resolution`. */
export type MakeChannel = (
  plan: LanePlan,
  index: number,
  parts: { readonly resolution: LinkResolution; readonly events: EventSink },
) => Channel;

export interface LowerOptions {
  readonly post: (message: Up) => void;
  readonly makeChannel: MakeChannel;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Set for precise pacing; see LaneDriver. */
  readonly spin?: (run: () => void) => TimerHandle;
}

interface OpenLane {
  readonly driver: LaneDriver;
  /** By channel: where its addresses are handed in. */
  readonly links: Map<number, Link>;
}

/**
 * The side of the cut where the calls are made: drivers, channels, sockets, counters and the frame clock. The upper side is
 * the only caller. Frames are cut here, at instants of the shared clock, so an upper side that is held up changes no figure.
 */
export class Lower {
  readonly #options: LowerOptions;
  readonly #lanes = new Map<number, OpenLane>();
  readonly #attribution = new AttributionMirror();
  readonly #frames: FrameClock;
  readonly #events: EventSink;
  #rounds = 0;

  constructor(options: LowerOptions) {
    this.#options = options;
    this.#events = { emit: (event) => this.#emit(event) };
    this.#frames = new FrameClock(options.clock, options.timers, (from, to) => this.#frame(from, to));
    this.#frames.start();
  }

  receive(message: Down): void {
    switch (message.t) {
      case 'open':
        this.#open(message.driver, message.plan, new LaneCounters(message.counters));
        return;
      case 'apply':
        this.#lanes.get(message.driver)?.driver.apply(message.settings, message.running);
        return;
      case 'close':
        this.#close(message.driver, message.goesOn);
        return;
      case 'told':
        this.#lanes.get(message.driver)?.links.get(message.channel)?.told(message.round, message.told);
        return;
      case 'attribution':
        this.#attribution.replace(message.table);
        return;
      case 'cut':
        this.#frames.cut();
        return;
      case 'edge':
        this.#options.post({ t: 'edge', at: this.#frames.cut() });
        return;
      case 'newRun':
        this.#frames.part();
        for (const { driver } of this.#lanes.values()) driver.newRun();
        this.#options.post({ t: 'newRun' });
    }
  }

  /** Nothing is sent up any more. */
  stop(): void {
    this.#frames.stop();
    for (const number of [...this.#lanes.keys()]) this.#close(number, false);
  }

  #open(number: number, plan: LanePlan, counters: LaneCounters): void {
    const { makeChannel, clock, timers, spin, post } = this.#options;
    const links = new Map<number, Link>();
    const driver = new LaneDriver({
      laneId: plan.laneId,
      clock,
      timers,
      ...(spin === undefined ? {} : { spin }),
      events: this.#events,
      attribution: this.#attribution,
      counters,
      ...(plan.method === undefined ? {} : { method: plan.method }),
      onPod: (slot, uid) => post({ t: 'pod', driver: number, slot, uid }),
      makeChannel: (index) =>
        makeChannel(plan, index, {
          events: this.#events,
          resolution: (onTold) => {
            const link = new Link(
              () => ++this.#rounds,
              (ask) => post({ t: 'resolver', driver: number, channel: index, ask }),
              onTold,
            );
            links.set(index, link);
            return link;
          },
        }),
    });
    this.#lanes.set(number, { driver, links });
  }

  #close(number: number, goesOn: boolean): void {
    const lane = this.#lanes.get(number);
    if (lane === undefined) return;
    // What it has counted so far is shown. What its last calls bring is not where the lane has gone.
    this.#frames.part();
    if (!goesOn) this.#lanes.delete(number);
    void lane.driver.stop().then(() => {
      const { post, timers } = this.#options;
      // Calls that were cut at the very last are told in this turn.
      const closed = (): void => {
        if (this.#lanes.has(number)) this.#frames.part();
        this.#lanes.delete(number);
        post({ t: 'closed', driver: number });
      };
      if (this.#lanes.has(number)) timers.setTimeout(closed, 0);
      else closed();
    });
  }

  #emit(event: EventInit): void {
    const { post, clock } = this.#options;
    // Stamped here: the hub may be held up.
    post({ t: 'event', event: { at: clock.now(), ...event } });
    // Edges are exact where a membership changes. Not from within the change: the frame comes after its event.
    if (event.kind?.case === 'pickerUpdated') queueMicrotask(() => this.#frames.cut());
  }

  #frame(from: number, to: number): void {
    const lanes = [...this.#lanes.values()].map(({ driver }) => driver.cut());
    const frame = create(FrameSchema, { from: fromMs(from), to: fromMs(to), lanes });
    this.#options.post({ t: 'frame', frame, drivers: [...this.#lanes.keys()] });
  }
}

/** The lower end of the way to a channel's resolver. */
class Link implements ResolutionLink {
  readonly #ask: (ask: ResolverAsk) => void;
  readonly #onTold: (told: Told) => void;
  readonly #newRound: () => number;
  #round = 0;
  #started = false;

  constructor(newRound: () => number, ask: (ask: ResolverAsk) => void, onTold: (told: Told) => void) {
    this.#newRound = newRound;
    this.#ask = ask;
    this.#onTold = onTold;
  }

  start(): void {
    this.#started = true;
    this.#round = this.#newRound();
    this.#ask({ t: 'start', round: this.#round });
  }

  request(trigger: Extract<ResolverAsk, { t: 'request' }>['trigger']): void {
    this.#ask({ t: 'request', trigger });
  }

  stop(idleAfterMs?: number): void {
    this.#started = false;
    this.#ask({ t: 'stop', idleAfterMs });
  }

  healthy(healthy: boolean): void {
    this.#ask({ t: 'healthy', healthy });
  }

  told(round: number, told: Told): void {
    if (this.#started && round === this.#round) this.#onTold(told);
  }
}
