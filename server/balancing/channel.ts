import type { Clock, EventInit, EventSink, TimerHandle, Timers } from '../events/port.ts';
import type {
  Address,
  CallFailure,
  ConnectOptions,
  ErrorClass,
  TransportFactory,
  UnaryOutcome,
} from '../transport/port.ts';
import { usualIdleMs } from './belief.ts';
import { type CallHeaders, noCallHeaders } from './call-headers.ts';
import type {
  CallResult,
  CallRoute,
  Channel,
  ConnectivityState,
  PreparedCallSink,
  PreparedCalls,
  SentRoute,
  StreamCall,
  UnaryCall,
} from './channel-port.ts';
import { failPicker, type Picker, type Policy, type PolicyHelper, queuePicker } from './policy/port.ts';
import { FastCalls, upstreamHostHeader } from './prepared-calls.ts';
import {
  idPrefix,
  type LinkResolution,
  Resolution,
  type ResolutionLink,
  type ResolutionRef,
  type Told,
} from './resolution.ts';
import type { Lookup, SliceWatch } from './resolver/port.ts';
import { type CallRetries, Retries } from './retry.ts';
import { backoffOf, type ChannelSpec, createPolicy } from './spec.ts';
import { runStream } from './stream-call.ts';
import { type LiveConnection, Subchannel } from './subchannel.ts';
import { WaitingCalls } from './waiting-calls.ts';

export interface ChannelOptions extends LowerChannelSpec {
  readonly laneId: string;
  /** Which of the lane's channels, from 0. */
  readonly channelIndex: number;
  /** Where addresses come from; the other side may be in another thread. */
  readonly resolution: LinkResolution;
  readonly transport: TransportFactory;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly timers: Timers;
  /** In [0, 1). */
  readonly random: () => number;
  /** gRPC's connection-backoff document: 20 s (MIN_CONNECT_TIMEOUT). */
  readonly connectTimeoutMs?: number;
  /** What `callTokenFile` holds; default: calls carry no credentials. */
  readonly callHeaders?: CallHeaders | undefined;
}

/** The part of a channel's specification that is not its resolver's alone; whose profile it is, policies need to know. */
export type LowerChannelSpec = Omit<ChannelSpec, 'pollIntervalMs' | 'floorMs'>;

export interface WholeChannelOptions extends Omit<ChannelOptions, 'resolution'>, ChannelSpec {
  readonly lookup: Lookup;
  readonly sliceWatch: SliceWatch | undefined;
}

const noHeaders: ReadonlyMap<string, string> = new Map();

/** A channel below the cut: policy, picker, subchannels, sockets. */
export function createLowerChannel(options: ChannelOptions): Channel {
  return new BalancingChannel(options);
}

/** Both sides of the cut in one. Throws a TypeError on a specification that faultOf (spec.ts) objects to. */
export function createChannel(options: WholeChannelOptions): Channel {
  return createLowerChannel({
    ...options,
    resolution: (onTold) => new Resolution({ ...options, spec: options }, onTold),
  });
}

class BalancingChannel implements Channel {
  private readonly options: ChannelOptions;
  private readonly connectOptions: ConnectOptions;
  private readonly idleTimeoutMs: number;
  private readonly callHeaders: CallHeaders;
  /** Ids are unique over the life of the agent, also when a lane is put anew. */
  private readonly idPrefix: string;
  private connectivity: ConnectivityState = 'IDLE';
  private picker: Picker<Subchannel>;
  private policy: Policy<Subchannel> | undefined;
  private readonly resolution: ResolutionLink;
  /** The newest answer. */
  private answer: ResolutionRef | undefined;
  private toldHealthy = false;
  private toldPicker = '';
  private readonly waiting: WaitingCalls;
  /** Undefined: no retry policy. */
  private readonly retries: Retries | undefined;
  /** All that have a connection left, those that drain included. */
  private readonly subchannels = new Set<Subchannel>();
  private active = 0;
  private lastCallAt: number;
  private idleTimer: TimerHandle | undefined;
  private connections = 0;
  private onQuiet: (() => void) | undefined;

  constructor(options: ChannelOptions) {
    this.options = options;
    this.connectOptions = {
      authority: options.target,
      connectTimeoutMs: options.connectTimeoutMs ?? 20_000,
      pingIntervalMs: options.pingIntervalMs ?? 0,
      pingTimeoutMs: options.pingTimeoutMs ?? 20_000,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
    };
    this.callHeaders = options.callHeaders ?? noCallHeaders;
    this.idleTimeoutMs = options.idleTimeoutMs ?? usualIdleMs;
    this.idPrefix = idPrefix(options.laneId, options.channelIndex, options.clock);
    this.lastCallAt = options.clock.now();
    this.waiting = new WaitingCalls(options.timers);
    this.retries = options.retry === undefined ? undefined : new Retries(options.retry, options.random);
    this.picker = this.idlePicker;
    this.resolution = options.resolution((told) => this.onTold(told));
  }

  get state(): ConnectivityState {
    return this.connectivity;
  }

  connect(): void {
    if (this.connectivity !== 'IDLE') return;
    this.touch();
    this.leaveIdle();
  }

  unary(call: UnaryCall): Promise<CallResult> {
    return this.attempt(call, new Route(), this.options.clock.now() + call.timeoutMs);
  }

  prepare(call: UnaryCall, sink: PreparedCallSink): PreparedCalls | undefined {
    // Attempts, budget and the header that counts them are each call's own.
    if (this.retries !== undefined) return undefined;
    const channel = this;
    return new FastCalls(
      {
        get picker() {
          return channel.picker;
        },
        get answer() {
          return channel.answer;
        },
        clock: this.options.clock,
        callHeaders: this.callHeaders,
        began: (now) => this.begin(now),
        ended: (now) => this.end(now),
        unary: (again) => this.unary(again),
        afterFailure: (...failed) => this.afterFirst(...failed),
      },
      call,
      sink,
    );
  }

  /** The first attempt was made on the fast path and failed. */
  private afterFirst(
    call: UnaryCall,
    failure: CallFailure,
    sent: SentRoute,
    live: LiveConnection,
    sentAt: number,
  ): CallResult | Promise<CallResult> {
    const route = Object.assign(new Route(), {
      address: sent.address,
      connectionId: sent.connectionId,
      connectedAt: sent.connectedAt,
      resolutionId: sent.resolutionId,
      resolvedAt: sent.resolvedAt,
      pick: sent.pick,
      sentAt,
      attempts: 1,
      upstreamHost: failure.headers.get(upstreamHostHeader),
    });
    const deadline = sentAt + call.timeoutMs;
    if (!this.mayRepeat(failure, route, deadline)) return failed(failure, route);
    // Counted as begun from here on, so that a channel that closes waits for it.
    this.begin();
    return this.moveOn(failure, live, deadline)
      .then(() => this.attempt(call, route, deadline))
      .finally(() => this.end());
  }

  private async attempt(call: UnaryCall, route: Route, deadline: number): Promise<CallResult> {
    const retries = this.retries?.begin();
    this.begin();
    try {
      for (;;) {
        const live = this.pickNow(call, route) ?? (await this.pickLater(call, deadline, route));
        if ('errorClass' in live) {
          const stands = await this.afterFailure(live, retries, route, deadline);
          if (stands !== undefined) return failed(stands, route);
          continue;
        }
        const outcome = await live.connection.unary({
          path: call.path,
          message: call.message,
          timeoutMs: deadline - (route.sentAt as number),
          ...attemptHeaders(retries, this.callHeaders(this.options.clock.now())),
        });
        route.upstreamHost = outcome.headers.get(upstreamHostHeader);
        if (outcome.ok) {
          retries?.onSuccess();
          return { ok: true, message: outcome.message, headers: outcome.headers, route };
        }
        if (this.mayRepeat(outcome, route, deadline)) {
          await this.moveOn(outcome, live, deadline);
          continue;
        }
        const stands = await this.afterFailure(outcome, retries, route, deadline);
        if (stands !== undefined) return failed(stands, route);
      }
    } finally {
      this.end();
    }
  }

  async stream(call: StreamCall): Promise<CallResult> {
    const { clock } = this.options;
    const deadline = clock.now() + call.timeoutMs;
    const route = new Route();
    const retries = this.retries?.begin();
    this.begin();
    try {
      for (;;) {
        const live = this.pickNow(call, route) ?? (await this.pickLater(call, deadline, route));
        if ('errorClass' in live) {
          const stands = await this.afterFailure(live, retries, route, deadline);
          if (stands !== undefined) return failed(stands, route);
          continue;
        }
        const timeoutMs = deadline - (route.sentAt as number);
        const outcome = await runStream(
          live.connection,
          call,
          timeoutMs,
          attemptHeaders(retries, this.callHeaders(clock.now())).headers,
        );
        route.upstreamHost = outcome.headers.get(upstreamHostHeader);
        if (outcome.ok) {
          retries?.onSuccess();
          return { ok: true, message: undefined, route };
        }
        if (outcome.repeatable && this.mayRepeat(outcome, route, deadline)) {
          await this.moveOn(outcome, live, deadline);
          continue;
        }
        // gRFC A6: committed once a response came; and requests that were taken from a one-time iterable can't be sent again.
        const failure = { ...outcome, committed: !outcome.repeatable };
        const stands = await this.afterFailure(failure, retries, route, deadline);
        if (stands !== undefined) return failed(stands, route);
      }
    } finally {
      this.end();
    }
  }

  async close(graceMs: number): Promise<void> {
    if (this.connectivity === 'SHUTDOWN') return;
    const closed = failPicker({ errorClass: 'unavailable', message: 'the channel is closed' });
    this.letGo();
    this.publish('SHUTDOWN', closed, []);
    this.idleTimer?.cancel();
    if (this.active > 0 || this.subchannels.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.options.timers.setTimeout(resolve, graceMs);
        this.onQuiet = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    for (const subchannel of [...this.subchannels]) subchannel.closeNow();
  }

  // ---- calls

  private begin(now: number = this.options.clock.now()): void {
    this.active++;
    this.lastCallAt = now;
    if (this.idleTimer === undefined) this.touch();
  }

  private end(now: number = this.options.clock.now()): void {
    this.active--;
    this.lastCallAt = now;
    if (this.active === 0) this.quietIfOver();
  }

  /** A READY connection, or why there is none; undefined: wait for the next picker. Notes the route. */
  private pickNow(call: UnaryCall | StreamCall, route: Route): LiveConnection | PickFailure | undefined {
    for (;;) {
      const { picker } = this;
      const result = picker.pick();
      if (result.t === 'complete') {
        const { live } = result.subchannel;
        if (live !== undefined) {
          live.calls++;
          route.take(result.subchannel.key, live, result.how, this.answer, this.options.clock.now());
          return live;
        }
      } else if (
        result.t === 'fail' &&
        (!(call.waitForReady ?? this.options.waitForReady ?? false) || this.connectivity === 'SHUTDOWN')
      ) {
        return { errorClass: result.errorClass, code: 14, message: result.message };
      }
      // The pick itself may have brought another picker (it leaves IDLE): nobody would wake us for that one.
      if (picker === this.picker) return undefined;
    }
  }

  private async pickLater(
    call: UnaryCall | StreamCall,
    deadline: number,
    route: Route,
  ): Promise<LiveConnection | PickFailure> {
    for (;;) {
      const left = deadline - this.options.clock.now();
      if (left <= 0 || !(await this.waiting.wait(left))) {
        const message = `deadline exceeded while the channel was ${this.connectivity}`;
        return { errorClass: 'deadline', code: 4, message };
      }
      const picked = this.pickNow(call, route);
      if (picked !== undefined) return picked;
    }
  }

  /** gRFC A6, transparent retries: never left us, until the deadline; left us but nobody worked on it, once. */
  private mayRepeat(failure: CallFailure, route: Route, deadline: number): boolean {
    if (failure.errorClass === 'deadline' || failure.seen === 'maybe_processed') return false;
    if (this.connectivity === 'SHUTDOWN' || this.options.clock.now() >= deadline) return false;
    if (failure.seen === 'unprocessed') {
      if (route.repeatedUnprocessed) return false;
      route.repeatedUnprocessed = true;
    }
    route.transparentRetries++;
    return true;
  }

  /**
   * gRFC A6, the lane's own retry policy: waits for the next attempt, or gives back what the call fails with. A pick that
   * fails counts as an attempt; the deadline ends everything.
   */
  private async afterFailure(
    failure: PickFailure | CallFailure,
    retries: CallRetries | undefined,
    route: Route,
    deadline: number,
  ): Promise<PickFailure | CallFailure | undefined> {
    if (retries === undefined || failure.errorClass === 'deadline' || this.connectivity === 'SHUTDOWN') return failure;
    const ms = retries.next({
      code: failure.code,
      headers: 'headers' in failure ? failure.headers : noHeaders,
      committed: 'committed' in failure && failure.committed === true,
    });
    if (ms === undefined) return failure;
    const { clock } = this.options;
    const at = clock.now() + ms;
    // Woken by each new picker, and by the channel's end.
    for (let left = Math.min(at, deadline) - clock.now(); left > 0; left = Math.min(at, deadline) - clock.now()) {
      await this.waiting.wait(left);
      if ((this.connectivity as ConnectivityState) === 'SHUTDOWN') return failure;
    }
    if (at >= deadline) {
      const message = `deadline exceeded before the next attempt; the last: ${failure.message}`;
      return { errorClass: 'deadline', code: 4, message };
    }
    route.policyRetries++;
    return undefined;
  }

  /** The connection that could not take the call may still be in the picker for a moment: let its news arrive. */
  private async moveOn(failure: CallFailure, live: LiveConnection, deadline: number): Promise<void> {
    if (failure.seen !== 'never_sent') return;
    const stillPicked = [...this.subchannels].some((subchannel) => subchannel.live === live);
    if (stillPicked) await this.waiting.wait(Math.min(10, Math.max(0, deadline - this.options.clock.now())));
  }

  // ---- life

  private leaveIdle(): void {
    if (this.connectivity !== 'IDLE') return;
    if (this.policy !== undefined) {
      this.policy.exitIdle();
      return;
    }
    this.publish('CONNECTING', queuePicker, []);
    this.tellHealth();
    this.resolution.start();
  }

  /** The channel's own idle picker: before the first call, and after 30 minutes without one. */
  private readonly idlePicker: Picker<Subchannel> = {
    pick: () => {
      this.leaveIdle();
      return { t: 'queue' };
    },
  };

  private touch(): void {
    this.lastCallAt = this.options.clock.now();
    this.armIdle(this.idleTimeoutMs);
  }

  private armIdle(ms: number): void {
    this.idleTimer = this.options.timers.setTimeout(() => {
      this.idleTimer = undefined;
      const left = this.idleTimeoutMs - (this.options.clock.now() - this.lastCallAt);
      if (this.connectivity === 'SHUTDOWN') return;
      if (this.active > 0) this.armIdle(this.idleTimeoutMs);
      else if (left > 0) this.armIdle(left);
      else {
        this.letGo(this.idleTimeoutMs);
        this.answer = undefined;
        this.publish('IDLE', this.idlePicker, []);
      }
    }, ms);
  }

  private letGo(idleAfterMs?: number): void {
    this.resolution.stop(idleAfterMs);
    const { policy } = this;
    this.policy = undefined;
    policy?.stop();
  }

  // ---- belief

  private onTold(told: Told): void {
    if (this.connectivity === 'SHUTDOWN') return;
    if (told.of !== undefined) this.answer = told.of;
    if (told.t === 'failed') {
      // With a policy there are addresses to go on with; without one, calls learn that nobody is known.
      if (told.of !== undefined || this.policy === undefined) this.empty(`no endpoints: ${told.message}`);
    } else if (told.addresses.length === 0) {
      this.empty('no endpoints: the list of addresses is empty');
    } else {
      this.policy ??= createPolicy(this.options, this.policyHelper());
      this.policy.onAddresses(told.addresses);
      this.tellHealth();
    }
  }

  private empty(message: string): void {
    const { policy } = this;
    this.policy = undefined;
    this.publish('TRANSIENT_FAILURE', failPicker({ errorClass: 'no_endpoints', message }), []);
    policy?.stop();
    this.tellHealth();
  }

  /** Healthy: what is in the picker is all there should be. */
  private tellHealth(): void {
    if (this.connectivity === 'SHUTDOWN') return;
    let healthy = this.connectivity === 'READY' || this.connectivity === 'CONNECTING';
    for (const { state } of this.subchannels) if (state === 'TRANSIENT_FAILURE') healthy = false;
    if (healthy === this.toldHealthy) return;
    this.toldHealthy = healthy;
    this.resolution.healthy(healthy);
  }

  // ---- policy and subchannels

  private policyHelper(): PolicyHelper<Subchannel> {
    return {
      createSubchannel: (address) => this.createSubchannel(address),
      update: (state, picker, ready) => this.publish(state, picker, ready),
      requestResolution: (trigger) => this.resolution.request(trigger),
      random: this.options.random,
      setTimeout: (run, ms) => this.options.timers.setTimeout(run, ms),
    };
  }

  private createSubchannel(address: Address): Subchannel {
    const { transport, clock, timers, random } = this.options;
    const subchannel: Subchannel = new Subchannel({
      address,
      transport,
      connect: this.connectOptions,
      clock,
      timers,
      random,
      backoff: backoffOf(this.options),
      resolutionId: this.answer?.id,
      nextConnectionId: () => `${this.idPrefix}:c${++this.connections}`,
      emit: (event) => this.emit(event),
      onState: (changed, previous) => {
        this.policy?.onSubchannelState(changed, previous);
        this.tellHealth();
      },
      onGone: (gone) => {
        this.subchannels.delete(gone);
        this.quietIfOver();
      },
    });
    this.subchannels.add(subchannel);
    return subchannel;
  }

  private publish(state: ConnectivityState, picker: Picker<Subchannel>, ready: readonly string[]): void {
    if (this.connectivity === 'SHUTDOWN') return;
    this.connectivity = state;
    this.picker = picker;
    const told = `${state} ${ready.join(' ')}`;
    if (told !== this.toldPicker) {
      this.toldPicker = told;
      const resolutionId = this.answer?.id;
      this.emit({
        ...(resolutionId === undefined ? {} : { resolutionId }),
        kind: {
          case: 'pickerUpdated',
          value: {
            addresses: [...ready],
            policy: this.options.policy,
            state,
            channel: this.options.channelIndex,
          },
        },
      });
    }
    this.waiting.wakeAll();
  }

  private quietIfOver(): void {
    if (this.active === 0 && this.subchannels.size === 0) this.onQuiet?.();
  }

  private emit(event: EventInit): void {
    this.options.events.emit({ laneId: this.options.laneId, ...event });
  }
}

interface PickFailure {
  readonly errorClass: ErrorClass;
  readonly code: number;
  readonly message: string;
}

/** Filled in as the call goes. */
class Route implements CallRoute {
  address: string | undefined;
  connectionId: string | undefined;
  connectedAt: number | undefined;
  resolutionId: string | undefined;
  resolvedAt: number | undefined;
  pick = '';
  sentAt: number | undefined;
  attempts = 0;
  transparentRetries = 0;
  policyRetries = 0;
  upstreamHost: string | undefined;
  repeatedUnprocessed = false;

  take(address: string, live: LiveConnection, how: string, answer: ResolutionRef | undefined, now: number): void {
    this.address = address;
    this.connectionId = live.id;
    this.connectedAt = live.connectedAt;
    this.resolutionId = answer?.id;
    this.resolvedAt = answer?.at;
    this.pick = how;
    this.sentAt = now;
    this.attempts++;
  }
}

function failed(failure: PickFailure | Extract<UnaryOutcome, { ok: false }>, route: Route): CallResult {
  return { ok: false, errorClass: failure.errorClass, code: failure.code, message: failure.message, route };
}

function attemptHeaders(
  retries: CallRetries | undefined,
  credentials: Readonly<Record<string, string>> | undefined,
): { headers?: Readonly<Record<string, string>> } {
  const headers = retries?.headers;
  if (headers === undefined) return credentials === undefined ? {} : { headers: credentials };
  return { headers: { ...headers, ...credentials } };
}
