/**
 * The transport port: one HTTP/2 connection to one address, carrying gRPC.
 * Our own rather than Connect's `Transport`, because it shows what a balancer must see:
 * GOAWAY with its last stream id, calls never sent, calls in flight.
 *
 * The subchannel (server/balancing) is the only caller. Nothing here throws for what the network or the peer does:
 * outcomes are values.
 */

export interface TransportFactory {
  /** Short name shown on screen: "connect-node", "lbscope", ... */
  readonly name: string;
  /** Starts connecting at once. Returns immediately; the listener hears how it went. */
  connect(address: Address, options: ConnectOptions, listener: ConnectionListener): Connection;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ConnectOptions {
  /** The `:authority` of calls, e.g. "greeter-headless.lbscope:50051". */
  readonly authority: string;
  /** Limit for TCP (and TLS) set-up and the peer's SETTINGS. gRPC's connection-backoff document: 20 s. */
  readonly connectTimeoutMs: number;
  /** HTTP/2 PING after this much silence while calls are in flight; 0 turns it off (grpc-go's default). */
  readonly pingIntervalMs: number;
  /** Without an answer to a PING for this long the connection counts as dead. */
  readonly pingTimeoutMs: number;
  /** TLS with ALPN h2 (RFC 9113, 3.3). Undefined: HTTP/2 without TLS, by prior knowledge. */
  readonly tls?: TlsOptions;
}

export interface TlsOptions {
  /** The name the certificate must bear, also sent as SNI. The host of `authority` unless given, as in gRPC. */
  readonly serverName?: string;
  /** PEM; trusted instead of the authorities that Node knows. */
  readonly ca?: string;
}

/** Each is called at most once, except onGoaway (twice in a graceful shutdown); none after onClosed. */
export interface ConnectionListener {
  onConnected(): void;
  /** The peer will take no new streams. The subchannel must stop picking this connection and reconnect when asked to. */
  onGoaway(goaway: Goaway): void;
  /** The end, whatever the reason, also when it was never connected. Calls in flight have got their outcome by then. */
  onClosed(end: ConnectionEnd): void;
}

export interface Goaway {
  readonly code: number;
  /** Undefined where the library in use hides it. */
  readonly lastStreamId: number | undefined;
  readonly debugData: string;
  readonly inFlight: number;
}

export interface ConnectionEnd {
  /** How a failed attempt or a broken connection counts. */
  readonly errorClass: ErrorClass;
  /** closed by us, closed by peer, reset, refused, goaway, ping timeout, connect timeout, protocol error */
  readonly reason: string;
  readonly inFlight: number;
}

/** contract.md's fixed classes. */
export type ErrorClass =
  | 'refused'
  | 'reset'
  | 'goaway_unprocessed'
  | 'deadline'
  | 'no_endpoints'
  | 'unavailable'
  | 'unauthenticated'
  | 'permission_denied'
  | 'status_other'
  | 'protocol';

export interface Connection {
  /** In flight now. */
  readonly inFlight: number;
  /** One unary call. Settles exactly once; never rejects. */
  unary(request: UnaryRequest): Promise<UnaryOutcome>;
  /**
   * Makes a unary call ready that will be issued many times with the same bytes: the fast path of a driver. Cheap enough to
   * do once a connection, not once a call; needs no release. What is wrong with the request is the outcome of each call.
   */
  prepare(request: UnaryRequest, sink: PreparedSink): PreparedUnary;
  /** One streaming call of any kind. Never throws; the handler's onEnd is called exactly once. */
  stream(request: StreamRequest, handler: StreamHandler): StreamWriter;
  /** Round-trip time of a PING in milliseconds, undefined when the connection ended before the answer. */
  ping(): Promise<number | undefined>;
  /** No new calls; closes when the calls in flight have ended. */
  drain(): void;
  /** Closes now; calls in flight end with class `reset`. */
  close(): void;
}

export interface UnaryRequest {
  /** "/lbscope.greeter.v1.Greeter/SayHello" */
  readonly path: string;
  /** The encoded message, without the gRPC prefix. */
  readonly message: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** From now. Sent as grpc-timeout, and enforced here. Infinity: no limit, and nothing sent. */
  readonly timeoutMs: number;
}

/** A unary call made ready: path, headers, message and time limit are fixed. */
export interface PreparedUnary {
  /**
   * Issues one call. The caller (a driver, or the balancing channel for it) numbers it with a slot of its own choice, by
   * which the sink knows it; the transport gives it no meaning, and the same slot may be in flight twice.
   *
   * Never throws, never blocks, and never calls the sink before it has returned. Calls issued in one turn of the event loop
   * leave in one write. The time limit counts from now.
   */
  send(slot: number): void;
}

/**
 * Where the outcomes of prepared calls go: for each send() one onAnswered or one onFailed, at any later time, in any order,
 * always before the connection's onClosed. They are called while the socket is read, many in a row, so they must not block
 * and should not allocate; they may send the next call, also on this connection. `at` is performance.now() of the read (or
 * timer) that brought the outcome, the same for all it brought.
 *
 * One that throws is reported as a warning of the process, and the outcome counts as told.
 */
export interface PreparedSink {
  /**
   * The answer's message: bytes[start] to bytes[end - 1], without the gRPC prefix. At most once a call, before its outcome,
   * which may still be a failure. The bytes are the socket's buffer: right only during this call, so whoever needs them
   * later copies them. An integer read from them is the cheapest thing to keep (IdentityReader.indexOf in server/traffic).
   */
  onMessage(slot: number, bytes: Uint8Array, start: number, end: number): void;
  /** Status OK and exactly one message. Mostly the same map for all answers of a connection: it may be compared by identity. */
  onAnswered(slot: number, headers: ReadonlyMap<string, string>, at: number): void;
  onFailed(slot: number, failure: CallFailure, at: number): void;
}

export type UnaryOutcome =
  | { readonly ok: true; readonly message: Uint8Array; readonly headers: ReadonlyMap<string, string> }
  | ({ readonly ok: false } & CallFailure);

export interface CallFailure {
  readonly errorClass: ErrorClass;
  /** gRPC status code, 1 to 16. */
  readonly code: number;
  readonly message: string;
  /** Response headers and trailers that came, for attribution. */
  readonly headers: ReadonlyMap<string, string>;
  /**
   * Whether the server may have seen the call (gRFC A6):
   * never_sent: never left this process, may be retried until its deadline;
   * unprocessed: REFUSED_STREAM or above GOAWAY's last stream id, may be retried once;
   * maybe_processed: not to be retried transparently.
   */
  readonly seen: 'never_sent' | 'unprocessed' | 'maybe_processed';
  /** True: response headers had come before, in a frame of their own (gRFC A6: committed, never tried again). */
  readonly committed?: boolean;
}

export interface StreamRequest {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** As of a unary call. */
  readonly timeoutMs: number;
}

export interface StreamHandler {
  onHeaders?(headers: ReadonlyMap<string, string>): void;
  onMessage(message: Uint8Array): void;
  onEnd(outcome: { readonly ok: true } | ({ readonly ok: false } & CallFailure)): void;
}

export interface StreamWriter {
  /** Resolves when there is room for more (flow control); resolves also when the stream ended. */
  write(message: Uint8Array): Promise<void>;
  halfClose(): void;
  /** Resets the stream (CANCEL). */
  cancel(): void;
}
