import { create } from '@bufbuild/protobuf';
import { type Event, EventSchema, type Frame } from '../../gen/lbscope/events/v1/events_pb.js';
import type { Lane, WorkRequest, WorkResponse } from '../../gen/lbscope/worker/v1/worker_pb.js';
import { fromMs } from '../../model/time.ts';
import { anchoredClock, hrtimeMs } from '../events/clock.ts';
import type { Clock, EventInit, EventSink, TimerHandle, Timers } from '../events/port.ts';
import { Outbox } from './outbox.ts';
import type { Engine, LaneDriver } from './port.ts';
import { fromAttribution, fromLane, response } from './wire.ts';

/** Of so many questions the one that took the shortest sets the clock. */
const questions = 8;
/** The asked agent beats each second. Silent for this long it is gone, and nothing may be driven for nobody. */
const silentMs = 5_000;
const lookEveryMs = 1_000;
/** Clocks drift apart by a few milliseconds a minute at worst; from here on frames would not meet any more. */
const driftMs = 20;
const askClockEvery = 15;
/** What nobody reads: the session is of no use. */
const mostUnread = 5_000;

export interface SessionParts {
  readonly name: string;
  readonly version: string;
  readonly timers: Timers;
  /** What makes the calls of this session. */
  readonly makeEngine: (parts: {
    readonly clock: Clock;
    readonly events: EventSink;
    readonly onFrame: (frame: Frame) => void;
  }) => Engine;
}

/**
 * A worker's side of one session. Its clock is the asked agent's, so that intervals meet: taken at the start from the quickest
 * of some questions, good to half of what that took. Everything ends with the session.
 */
export class Session {
  readonly #parts: SessionParts;
  readonly #outbox = new Outbox<WorkResponse>();
  readonly #lanes = new Map<number, { readonly laneId: string; readonly driver: LaneDriver }>();
  readonly #asked: number[] = [];
  #best: { readonly offset: number; readonly tookMs: number } | undefined;
  #answers = 0;
  #engine: Engine | undefined;
  #heardAt = hrtimeMs();
  #looks = 0;
  #timer: TimerHandle | undefined;
  #ended = false;
  #onEnd: () => void = () => {};
  #lookedAt = hrtimeMs();

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** What goes up. */
  get responses(): AsyncIterable<WorkResponse> {
    return this.#outbox;
  }

  /** Settles when the session has ended and nothing is driven any more. */
  async run(requests: AsyncIterable<WorkRequest>): Promise<void> {
    // It may end here while the stream is still open.
    const over = new Promise<void>((resolve) => {
      this.#onEnd = resolve;
    });
    this.#askClock();
    this.#look();
    await Promise.race([this.#follow(requests), over]);
    this.end();
    await this.#engine?.stop();
  }

  async #follow(requests: AsyncIterable<WorkRequest>): Promise<void> {
    try {
      for await (const message of requests) {
        if (this.#ended) return;
        this.#heardAt = hrtimeMs();
        this.#receive(message);
      }
    } catch {
      // The stream broke: the same as its end.
    }
  }

  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
    for (const { driver } of this.#lanes.values()) void driver.stop();
    this.#lanes.clear();
    this.#outbox.close();
    this.#onEnd();
  }

  #receive({ kind }: WorkRequest): void {
    switch (kind.case) {
      case 'clock':
        this.#clockTold(kind.value.atMs);
        return;
      case 'lanes':
        this.#set(kind.value.lanes);
        return;
      case 'attribution':
        this.#engine?.attribute(fromAttribution(kind.value));
        return;
      case 'cut':
        this.#engine?.cut();
        return;
      case 'edge':
        void this.#engine?.edge().then(() => this.#outbox.push(response({ case: 'edge', value: {} })));
        return;
      case 'newRun':
        this.#engine?.newRun(() => this.#outbox.push(response({ case: 'newRun', value: {} })));
    }
  }

  #askClock(): void {
    this.#asked.push(hrtimeMs());
    this.#outbox.push(response({ case: 'clockAsked', value: {} }));
  }

  #clockTold(atMs: number): void {
    const now = hrtimeMs();
    const sent = this.#asked.shift();
    if (sent === undefined) return;
    const tookMs = now - sent;
    const offset = atMs - (sent + now) / 2;
    if (this.#engine !== undefined) {
      const off = Math.abs(offset - (this.#best?.offset ?? offset));
      if (off - tookMs / 2 > driftMs) this.end();
      return;
    }
    if (this.#best === undefined || tookMs < this.#best.tookMs) this.#best = { offset, tookMs };
    this.#answers += 1;
    if (this.#answers < questions) this.#askClock();
    else this.#begin(this.#best);
  }

  #begin({ offset, tookMs }: { offset: number; tookMs: number }): void {
    const at = hrtimeMs();
    const clock = anchoredClock({ at: at + offset, hrtimeMs: at });
    const { name, version, makeEngine } = this.#parts;
    this.#outbox.push(response({ case: 'ready', value: { name, version, clockErrorMs: tookMs / 2 } }));
    this.#engine = makeEngine({
      clock,
      events: { emit: (event) => this.#outbox.push(response({ case: 'event', value: stamped(event, clock) })) },
      onFrame: (frame) => {
        if (this.#outbox.length > mostUnread) this.end();
        else this.#outbox.push(response({ case: 'frame', value: frame }));
      },
    });
  }

  #set(lanes: readonly Lane[]): void {
    const engine = this.#engine;
    if (engine === undefined) return;
    const numbers = new Set(lanes.map(({ driver }) => driver));
    for (const [number, { laneId, driver }] of this.#lanes) {
      if (numbers.has(number)) continue;
      this.#lanes.delete(number);
      void driver.stop(lanes.some(({ spec }) => spec?.id === laneId));
    }
    for (const lane of lanes) {
      const { spec, load } = fromLane(lane);
      let driver = this.#lanes.get(lane.driver)?.driver;
      if (driver === undefined) {
        const trouble = { forbidden: '', down: '' };
        const tell = () => this.#outbox.push(response({ case: 'trouble', value: { driver: lane.driver, ...trouble } }));
        driver = engine.open(spec, {
          onForbidden: (reason = '') => {
            if (trouble.forbidden === reason) return;
            trouble.forbidden = reason;
            tell();
          },
          onDown: (reason = '') => {
            if (trouble.down === reason) return;
            trouble.down = reason;
            tell();
          },
        });
        this.#lanes.set(lane.driver, { laneId: spec.id, driver });
      }
      driver.apply(load.settings, load.running);
    }
  }

  #look(): void {
    this.#timer = this.#parts.timers.setTimeout(() => {
      const now = hrtimeMs();
      // Held up itself: what came meanwhile is not read yet.
      if (now - this.#lookedAt > 2 * lookEveryMs) this.#heardAt = now;
      this.#lookedAt = now;
      if (now - this.#heardAt >= silentMs) this.end();
      if (this.#ended) return;
      this.#looks += 1;
      if (this.#engine !== undefined && this.#looks % askClockEvery === 0) this.#askClock();
      this.#look();
    }, lookEveryMs);
  }
}

function stamped({ at, ...event }: EventInit, clock: Clock): Event {
  return create(EventSchema, { ...event, at: fromMs(at ?? clock.now()) });
}
