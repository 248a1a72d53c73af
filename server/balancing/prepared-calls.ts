import type { Clock } from '../events/port.ts';
import type { CallFailure, PreparedSink, PreparedUnary } from '../transport/port.ts';
import type { CallHeaders } from './call-headers.ts';
import type { CallResult, PreparedCallSink, PreparedCalls, SentRoute, UnaryCall } from './channel-port.ts';
import type { Picker, PickResult } from './policy/port.ts';
import type { ResolutionRef } from './resolution.ts';
import type { LiveConnection } from './subchannel.ts';

interface Pickable {
  readonly key: string;
  readonly live: LiveConnection | undefined;
}

/** What the fast path asks of its channel. */
export interface PreparingChannel<S extends Pickable> {
  readonly picker: Picker<S>;
  readonly answer: ResolutionRef | undefined;
  readonly clock: Clock;
  readonly callHeaders: CallHeaders;
  /** Called for each call that takes the fast path, and when it is over. */
  began(now: number): void;
  ended(now: number): void;
  /** The ordinary way, for a call that can't be sent at once. */
  unary(call: UnaryCall): Promise<CallResult>;
  /** Goes on with a call whose first attempt failed. */
  afterFailure(
    call: UnaryCall,
    failure: CallFailure,
    route: SentRoute,
    live: LiveConnection,
    sentAt: number,
  ): CallResult | Promise<CallResult>;
}

/** The response header by which a proxy names the host it chose (Envoy's %UPSTREAM_HOST%). */
export const upstreamHostHeader = 'lbscope-upstream-host';

/**
 * The fast path of one kind of call through one channel: while the picker has a READY connection, a call costs a pick and a
 * send. Calls that went the same way (pick, connection, resolution) share one route.
 */
export class FastCalls<S extends Pickable> implements PreparedCalls {
  readonly channel: PreparingChannel<S>;
  readonly call: UnaryCall;
  readonly sink: PreparedCallSink;
  /** By a picker's results, which it makes once. */
  #ways = new Map<PickResult<S>, Way<S>>();
  #picker: Picker<S> | undefined;
  #answer: ResolutionRef | undefined;
  #headers: ReturnType<CallHeaders>;

  constructor(channel: PreparingChannel<S>, call: UnaryCall, sink: PreparedCallSink) {
    this.channel = channel;
    this.call = call;
    this.sink = sink;
  }

  send(slot: number, now: number): void {
    const { channel } = this;
    const { picker } = channel;
    const result = picker.pick();
    if (result.t === 'complete') {
      const { live } = result.subchannel;
      if (live !== undefined) {
        const way = this.#way(picker, result, live, channel.callHeaders(now));
        channel.began(now);
        live.calls++;
        way.prepared.send(slot);
        return;
      }
    }
    // It waits, or fails: rare enough for a promise.
    void channel.unary(this.call).then((outcome) => this.sink.onResult(slot, outcome, channel.clock.now()));
  }

  #way(
    picker: Picker<S>,
    result: Extract<PickResult<S>, { t: 'complete' }>,
    live: LiveConnection,
    headers: ReturnType<CallHeaders>,
  ): Way<S> {
    const { answer } = this.channel;
    if (picker !== this.#picker || answer !== this.#answer || headers !== this.#headers) {
      this.#headers = headers;
      this.#picker = picker;
      this.#answer = answer;
      this.#ways = new Map();
    }
    const known = this.#ways.get(result);
    if (known !== undefined && known.live === live) return known;
    const way = new Way(this, result.subchannel.key, live, result.how, answer, headers);
    this.#ways.set(result, way);
    return way;
  }
}

/** Calls that go the same way: what they share of a route, and where the connection tells how they ended. */
class Way<S extends Pickable> implements SentRoute, PreparedSink {
  readonly address: string;
  readonly connectionId: string;
  readonly connectedAt: number;
  readonly resolutionId: string | undefined;
  readonly resolvedAt: number | undefined;
  readonly pick: string;
  readonly sentAt = undefined;
  readonly attempts = 1;
  readonly transparentRetries = 0;
  upstreamHost: string | undefined;
  memo = -1;
  readonly live: LiveConnection;
  readonly prepared: PreparedUnary;
  readonly #calls: FastCalls<S>;
  readonly #instant: (at: number) => number;
  #headers: ReadonlyMap<string, string> | undefined;

  constructor(
    calls: FastCalls<S>,
    address: string,
    live: LiveConnection,
    how: string,
    answer: ResolutionRef | undefined,
    headers: ReturnType<CallHeaders>,
  ) {
    this.#calls = calls;
    const { clock } = calls.channel;
    this.#instant = clock.ofPerformance?.bind(clock) ?? (() => clock.now());
    this.address = address;
    this.live = live;
    this.connectionId = live.id;
    this.connectedAt = live.connectedAt;
    this.resolutionId = answer?.id;
    this.resolvedAt = answer?.at;
    this.pick = how;
    const { path, message, timeoutMs } = calls.call;
    this.prepared = live.connection.prepare(
      { path, message, timeoutMs, ...(headers === undefined ? {} : { headers }) },
      this,
    );
  }

  onMessage(slot: number, bytes: Uint8Array, start: number, end: number): void {
    this.#calls.sink.onMessage(slot, bytes, start, end, this);
  }

  onAnswered(slot: number, headers: ReadonlyMap<string, string>, at: number): void {
    if (headers !== this.#headers) {
      this.#headers = headers;
      this.upstreamHost = headers.get(upstreamHostHeader);
    }
    const now = this.#instant(at);
    this.#calls.channel.ended(now);
    this.#calls.sink.onAnswered(slot, this, now);
  }

  onFailed(slot: number, failure: CallFailure, at: number): void {
    const { channel, call, sink } = this.#calls;
    const now = this.#instant(at);
    const outcome = channel.afterFailure(call, failure, this, this.live, sink.sentAt(slot));
    channel.ended(now);
    if (outcome instanceof Promise) void outcome.then((later) => sink.onResult(slot, later, channel.clock.now()));
    else sink.onResult(slot, outcome, now);
  }
}
