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

export type CallResult =
  | { readonly ok: true; readonly message: Uint8Array | undefined; readonly route: CallRoute }
  | {
      readonly ok: false;
      readonly errorClass: ErrorClass;
      readonly code: number;
      readonly message: string;
      readonly route: CallRoute;
    };
