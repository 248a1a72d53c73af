import type { LaneFrame, Traffic } from '../../gen/lbscope/events/v1/events_pb.js';
import { type RpcKind, rpcKinds } from '../../model/words.ts';
import type { CallResult, Channel, PreparedCallSink, PreparedCalls } from '../balancing/channel-port.ts';
import type { Clock, EventSink, TimerHandle, Timers } from '../events/port.ts';
import { CallSlots } from './calls.ts';
import { LaneCounters } from './counters.ts';
import { type Identity, IdentityReader } from './identity.ts';
import type { MethodCall } from './method-call.ts';
import type { Attribution } from './ports.ts';
import { Recorder } from './recorder.ts';
import { type EncodedCall, encodeCall } from './requests.ts';
import { Responder } from './responder.ts';
import { closedLoop, openLoop, type Part, type Schedule } from './schedule.ts';

/** Timers fire in whole milliseconds; below that, several calls share one batch. */
const shortestTimerMs = 1;
/** A timer may be this late: from here on the driver spins, if it is to be precise. */
const spinFromMs = 2;
/** A lane counts as over its limit when more than this share of a second's calls was given up. */
const overloadShare = 0.01;
/** It counts as well again after this long without shortfall. */
const overloadEndsAfterMs = 2_000;
/** Closed loop: pause of a caller whose call failed without being sent. 100 tries a second and caller are plenty. */
const unsentPauseMs = 10;

const channelFault: CallResult = {
  ok: false,
  errorClass: 'protocol',
  code: 13,
  message: 'the channel failed',
  route: {
    address: undefined,
    connectionId: undefined,
    connectedAt: undefined,
    resolutionId: undefined,
    resolvedAt: undefined,
    pick: '',
    sentAt: undefined,
    attempts: 0,
    transparentRetries: 0,
    upstreamHost: undefined,
  },
};

export interface DriverOptions {
  readonly laneId: string;
  /** Makes the lane's n-th channel, from 0. */
  readonly makeChannel: (index: number) => Channel;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly events: EventSink;
  readonly attribution: Attribution;
  /** Where the calls are counted; its own where nobody else needs to read it. */
  readonly counters?: LaneCounters;
  readonly onPod?: (slot: number, uid: string) => void;
  /**
   * Runs as soon as what is waiting was handled. With it the driver spins towards each intended send, to within some
   * microseconds, at the cost of a core; without it calls go out by timers of whole milliseconds.
   */
  readonly spin?: (run: () => void) => TimerHandle;
  /** A unary method of somebody's own Service; absent: lbscope's own greeter. */
  readonly method?: MethodCall;
  /** How long calls in flight may take when a channel is taken away, in milliseconds. */
  readonly closeGraceMs?: number;
}

export type TrafficSettings = Pick<
  Traffic,
  | 'ratePerSecond'
  | 'concurrency'
  | 'connections'
  | 'kind'
  | 'messagesPerStream'
  | 'payloadBytes'
  | 'deadlineMs'
  | 'thinkTimeMs'
  | 'messageIntervalMs'
> & {
  /** Open loop: which of the lane's calls this driver makes, where several agents share them; undefined: all. */
  readonly part?: Part | undefined;
};

/** One lane's traffic: a schedule, the channels its calls go through, and the recorder that counts them. */
export class LaneDriver {
  readonly #options: DriverOptions;
  readonly #recorder: Recorder;
  readonly #identities = new IdentityReader();
  /** Of a lane with a method of its own. */
  readonly #responder: Responder | undefined;
  readonly #channels: Channel[] = [];
  /** By channel: its unary calls made ready; undefined where it has none. Made anew when the request changes. */
  #prepared: (PreparedCalls | undefined)[] = [];
  readonly #slots = new CallSlots();
  #nextChannel = 0;
  #schedule: Schedule | undefined;
  #settings: TrafficSettings | undefined;
  #call: EncodedCall | undefined;
  #running = false;
  #stopped = false;
  #runsSoon = false;
  #timer: TimerHandle | undefined;
  readonly #closing = new Set<Promise<void>>();

  // Shortfall over the last second, for the overload event.
  #overSince: number | undefined;
  #lastShortfallAt = Number.NEGATIVE_INFINITY;
  #windowFrom = 0;
  #windowAnswered = 0;
  #windowShortfall = 0;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#recorder = new Recorder({ ...options, counters: options.counters ?? new LaneCounters() });
    this.#windowFrom = options.clock.now();
    const { method, attribution } = options;
    if (method === undefined) return;
    this.#responder = new Responder(method.answeredBy, attribution);
    this.#call = { kind: 'unary', path: method.path, message: method.message };
  }

  get inFlight(): number {
    return this.#recorder.inFlight;
  }

  /** Takes effect at once; counts and calls in flight are kept. */
  apply(settings: TrafficSettings, running: boolean): void {
    if (this.#stopped) return;
    const { clock, timers } = this.#options;
    // What fell due under the old settings goes out under them, so that a change loses nothing.
    if (this.#running) this.#run();
    const before = this.#settings;
    this.#settings = { ...settings };
    this.#setChannels(settings.connections);
    if (before?.deadlineMs !== settings.deadlineMs) this.#prepared = [];
    if (this.#responder !== undefined) {
      // Its request is fixed.
    } else if (
      this.#call === undefined ||
      before?.kind !== settings.kind ||
      before.payloadBytes !== settings.payloadBytes ||
      before.messagesPerStream !== settings.messagesPerStream ||
      before.messageIntervalMs !== settings.messageIntervalMs
    ) {
      const kind = (rpcKinds as readonly string[]).includes(settings.kind) ? (settings.kind as RpcKind) : 'unary';
      const { payloadBytes, messagesPerStream, messageIntervalMs: intervalMs } = settings;
      this.#call = encodeCall(kind, { payloadBytes, messages: Math.max(1, messagesPerStream), intervalMs }, timers);
      this.#prepared = [];
    }
    const pacing =
      before === undefined ||
      this.#schedule === undefined ||
      !this.#running ||
      before.ratePerSecond !== settings.ratePerSecond ||
      before.part?.index !== settings.part?.index ||
      before.part?.of !== settings.part?.of ||
      before.concurrency !== settings.concurrency ||
      before.thinkTimeMs !== settings.thinkTimeMs;
    this.#running = running;
    if (!running) {
      this.#schedule = undefined;
      this.#timer?.cancel();
      this.#timer = undefined;
      return;
    }
    if (pacing) {
      this.#schedule =
        settings.concurrency > 0
          ? closedLoop(settings.concurrency, settings.thinkTimeMs, clock.now())
          : openLoop(settings.ratePerSecond, clock.now(), settings.part);
    }
    for (const channel of this.#channels) channel.connect();
    this.#run();
  }

  /** What was counted since the last cut. */
  cut(): LaneFrame {
    const now = this.#options.clock.now();
    const settings = this.#settings;
    const open = this.#running && settings !== undefined && settings.concurrency === 0;
    const asked = open ? settings.ratePerSecond / (settings.part?.of ?? 1) : 0;
    const frame = this.#recorder.cut(asked, now);
    this.#watchLoad(frame, asked, now);
    return frame;
  }

  newRun(): void {
    this.#recorder.newRun();
  }

  /** No new calls; channels close gracefully. Settles when they have. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#running = false;
    this.#schedule = undefined;
    this.#timer?.cancel();
    this.#setChannels(0);
    await Promise.all(this.#closing);
    this.#recorder.close(this.#options.clock.now());
  }

  #setChannels(count: number): void {
    while (this.#channels.length < count) this.#channels.push(this.#options.makeChannel(this.#channels.length));
    while (this.#channels.length > count) {
      const channel = this.#channels.pop();
      if (channel === undefined) break;
      this.#prepared.length = Math.min(this.#prepared.length, this.#channels.length);
      const closing = channel.close(this.#options.closeGraceMs ?? 5_000).finally(() => this.#closing.delete(closing));
      this.#closing.add(closing);
    }
  }

  #run(): void {
    const schedule = this.#schedule;
    if (schedule === undefined) return;
    const now = this.#options.clock.now();
    const { intended, shortfall, nextAt } = schedule.due(now, this.#recorder.inFlight);
    if (shortfall > 0) this.#recorder.giveUp(shortfall);
    for (const at of intended) this.#issue(at, now);
    this.#timer?.cancel();
    this.#timer = nextAt === undefined ? undefined : this.#wakeAt(nextAt);
  }

  #wakeAt(at: number): TimerHandle {
    const { clock, timers, spin } = this.#options;
    const left = at - clock.now();
    if (spin === undefined) return timers.setTimeout(this.#onTimer, Math.max(shortestTimerMs, left));
    return left <= spinFromMs ? spin(this.#onTimer) : timers.setTimeout(this.#onTimer, left - spinFromMs);
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#run();
  };

  #issue(intendedAt: number, now: number): void {
    const call = this.#call;
    const settings = this.#settings;
    const index = this.#nextChannel % this.#channels.length;
    const channel = this.#channels[index];
    if (call === undefined || settings === undefined || channel === undefined) return;
    this.#nextChannel = (index + 1) % this.#channels.length;
    this.#recorder.issue(now - intendedAt);
    // Who answered may stand in the headers, which prepared calls don't bring.
    if (call.kind === 'unary' && this.#responder === undefined) {
      const prepared = this.#prepared[index] ?? this.#prepare(index, channel, call, settings);
      if (prepared !== undefined) {
        prepared.send(this.#slots.take(intendedAt, now), now);
        return;
      }
    }
    void this.#callOnce(call, channel, settings, intendedAt);
  }

  #prepare(
    index: number,
    channel: Channel,
    { path, message }: Extract<EncodedCall, { kind: 'unary' }>,
    { deadlineMs }: TrafficSettings,
  ): PreparedCalls | undefined {
    const prepared = channel.prepare?.({ path, message, timeoutMs: deadlineMs }, this.#sink);
    this.#prepared[index] = prepared;
    return prepared;
  }

  /** A call that is more than the same bytes again: a promise is little beside it. */
  async #callOnce(call: EncodedCall, channel: Channel, settings: TrafficSettings, intendedAt: number): Promise<void> {
    const { kind, deadlineMs } = settings;
    let result: CallResult;
    let first: Uint8Array | undefined;
    try {
      if (call.kind === 'unary') {
        result = await channel.unary({ path: call.path, message: call.message, timeoutMs: deadlineMs });
        if (result.ok) first = result.message;
      } else {
        result = await channel.stream({
          path: call.path,
          requests: call.requests,
          onMessage: (message) => {
            first ??= message;
            // Counted as they come: a long stream shows where it is long before it ends.
            if (call.answers === 'each') this.#countMessages(message, 1);
          },
          timeoutMs: deadlineMs,
        });
      }
    } catch {
      // A channel never rejects; should one do it all the same, the call still ends and is counted.
      result = channelFault;
    }
    const now = this.#options.clock.now();
    const who = this.#responder === undefined ? this.#answerer(first) : this.#named(result, now);
    if (result.ok && call.kind === 'stream' && call.answers === 'at the end') {
      this.#recorder.messages(who, call.messages, now);
    }
    this.#recorder.end(result, who, this.#responder === undefined ? kind : 'unary', intendedAt, now);
    this.#ended(!result.ok && result.route.sentAt === undefined, now);
  }

  #answerer(first: Uint8Array | undefined): Identity | undefined {
    return first === undefined ? undefined : this.#identities.read(first);
  }

  #named(result: CallResult, now: number): Identity | undefined {
    return result.ok ? this.#responder?.who(result, now) : undefined;
  }

  /** Where prepared calls end; called while sockets are read. */
  readonly #sink: PreparedCallSink = {
    onMessage: (slot, bytes, start, end, route) => {
      this.#slots.who[slot] = this.#identities.indexOf(bytes, start, end, route.memo);
    },
    onAnswered: (slot, route, now) => {
      const { intendedAt, sentAt, who } = this.#slots;
      this.#recorder.answered(
        this.#identities,
        who[slot] as number,
        route,
        'unary',
        intendedAt[slot] as number,
        sentAt[slot] as number,
        now,
      );
      this.#slots.release(slot);
      this.#ended(false, now);
    },
    onResult: (slot, result, now) => {
      const { intendedAt, who } = this.#slots;
      const answer = result.ok && result.message !== undefined ? this.#identities.read(result.message) : undefined;
      const identity = answer ?? this.#identities.at(who[slot] as number);
      this.#recorder.end(result, identity, 'unary', intendedAt[slot] as number, now);
      this.#slots.release(slot);
      this.#ended(!result.ok && result.route.sentAt === undefined, now);
    },
    sentAt: (slot) => this.#slots.sentAt[slot] as number,
  };

  #ended(unsent: boolean, now: number): void {
    // By the settings of now: a call of an open loop may be the one a closed loop waits for.
    if (this.#schedule === undefined || (this.#settings?.concurrency ?? 0) === 0) return;
    // A call that failed without leaving ends in the same turn of the event loop: calling again at once would
    // never let anything else run.
    this.#schedule.ended(unsent ? now + unsentPauseMs : now);
    if (this.#runsSoon) return;
    // Once for all answers that a read brings.
    this.#runsSoon = true;
    queueMicrotask(() => {
      this.#runsSoon = false;
      this.#run();
    });
  }

  #countMessages(message: Uint8Array, count: number): void {
    this.#recorder.messages(this.#identities.read(message), count, this.#options.clock.now());
  }

  #watchLoad({ answered, shortfall }: LaneFrame, asked: number, now: number): void {
    this.#windowAnswered += answered;
    this.#windowShortfall += shortfall;
    if (shortfall > 0) this.#lastShortfallAt = now;
    const span = now - this.#windowFrom;
    if (span < 1_000) return;
    const due = (asked * span) / 1_000;
    const achieved = (this.#windowAnswered * 1_000) / span;
    const over = asked > 0 && this.#windowShortfall > due * overloadShare;
    const { events, laneId } = this.#options;
    if (over && this.#overSince === undefined) {
      this.#overSince = now;
      events.emit({ laneId, kind: { case: 'overload', value: { asked, achieved, over: true } } });
    } else if (this.#overSince !== undefined && now - this.#lastShortfallAt >= overloadEndsAfterMs) {
      this.#overSince = undefined;
      events.emit({ laneId, kind: { case: 'overload', value: { asked, achieved, over: false } } });
    }
    this.#windowFrom = now;
    this.#windowAnswered = 0;
    this.#windowShortfall = 0;
  }
}
