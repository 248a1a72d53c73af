import type { ErrorClass } from '../transport/port.ts';

/**
 * What traffic sees of a channel: calls go in, outcomes come out as values.
 * Resolver, policy, picker, subchannels and sockets are behind it.
 */
export interface Channel {
  /** Leaves IDLE without waiting for the first call. */
  connect(): void;
  /** One unary call. Settles exactly once; never rejects. Queued while IDLE or CONNECTING, failed at once in TRANSIENT_FAILURE. */
  unary(call: UnaryCall): Promise<CallResult>;
  /**
   * Makes a unary call ready that will be issued many times with the same bytes, without a promise or an object a call.
   * Absent or undefined where each call needs care of its own; then unary() is the way. Needs no release.
   */
  prepare?(call: UnaryCall, sink: PreparedCallSink): PreparedCalls | undefined;
  /**
   * One streaming call of any kind: `requests` messages are sent (already encoded), responses are handed to `onMessage`.
   * Settles exactly once when the stream ended.
   */
  stream(call: StreamCall): Promise<CallResult>;
  /** connectivity state by gRPC's semantics. */
  readonly state: ConnectivityState;
  /** Ends gracefully: no new calls; settles when calls in flight ended, or after graceMs with those cut. */
  close(graceMs: number): Promise<void>;
}

export type ConnectivityState = 'IDLE' | 'CONNECTING' | 'READY' | 'TRANSIENT_FAILURE' | 'SHUTDOWN';

export interface UnaryCall {
  readonly path: string;
  readonly message: Uint8Array;
  readonly timeoutMs: number;
  readonly waitForReady?: boolean;
}

export interface PreparedCalls {
  /**
   * Issues one call, numbered by a slot of the caller's choice. Never throws, and never calls the sink before it has returned.
   * `now`: the agent's clock, read once for all calls of a turn; the deadline counts from it.
   */
  send(slot: number, now: number): void;
}

/** For each send() one onAnswered or one onResult. They are called while a socket is read, so they must not block. */
export interface PreparedCallSink {
  /** The answer's message, bytes[start] to bytes[end - 1]: right only during this call. Comes before the outcome. */
  onMessage(slot: number, bytes: Uint8Array, start: number, end: number, route: SentRoute): void;
  /** Answered at the first attempt by a connection that was READY. `at`: the agent's clock. */
  onAnswered(slot: number, route: SentRoute, at: number): void;
  /** All other ends: failed, or answered after waiting or another attempt. */
  onResult(slot: number, result: CallResult, at: number): void;
  /** The `now` of the slot's send(). */
  sentAt(slot: number): number;
}

export interface StreamCall {
  readonly path: string;
  /** Messages to send, in order; the stream is half-closed after the last. */
  readonly requests: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  readonly onMessage: (message: Uint8Array) => void;
  readonly timeoutMs: number;
  readonly waitForReady?: boolean;
}

/** Where the call went. All undefined if it never was sent anywhere. */
export interface CallRoute {
  /** "ip:port", as dialled. */
  readonly address: string | undefined;
  readonly connectionId: string | undefined;
  /** Milliseconds of the agent's clock. */
  readonly connectedAt: number | undefined;
  readonly resolutionId: string | undefined;
  readonly resolvedAt: number | undefined;
  /** How the picker chose, e.g. "round_robin 2 of 3". */
  readonly pick: string;
  /** When the (last) attempt was handed to the transport; agent's clock. */
  readonly sentAt: number | undefined;
  readonly attempts: number;
  /** gRFC A6: retried without anyone having seen the call. */
  readonly transparentRetries: number;
  /** gRFC A6: attempts that the lane's retry policy added; absent: none. */
  readonly policyRetries?: number;
  /** What a proxy says it sent the call to (response header `lbscope-upstream-host`), "ip:port". */
  readonly upstreamHost: string | undefined;
}

/** Shared by all prepared calls that went the same way; without an instant of sending, which is each call's own. */
export interface SentRoute extends CallRoute {
  /** The sink's own: a number it wants to remember of the answers that came this way; -1 at first. */
  memo: number;
}

export type CallResult =
  | {
      readonly ok: true;
      readonly message: Uint8Array | undefined;
      readonly route: CallRoute;
      /** Response headers and trailers, from clients that show them. */
      readonly headers?: ReadonlyMap<string, string>;
    }
  | {
      readonly ok: false;
      readonly errorClass: ErrorClass;
      readonly code: number;
      readonly message: string;
      readonly route: CallRoute;
    };
