import type { Address } from '../../transport/port.ts';

export type ResolvedAddress = Address;

/** Why a lookup began; proto ResolutionStarted.trigger. */
export type Trigger =
  | 'first use'
  | 'connection lost'
  | 'connect failed'
  | 'connecting'
  | 'next call'
  | 'floor reached'
  | 'timer'
  | 'retry after failure'
  | 'watch';

/** proto ResolutionFailed.code */
export type FailureCode = 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED' | 'TIMEOUT' | 'EMPTY' | 'FORBIDDEN' | 'UNREACHABLE';

/** What will bring the next answer. */
export type Next =
  /** Nothing ever will: a fixed address, or an answer that is kept for good. */
  | { readonly t: 'never'; readonly why: string }
  /**
   * Nothing is pending; a lost connection or a failed attempt asks. Where requests within the floor are forgotten, only
   * once the answer is so old. `note`: what differs from the client's own settings.
   */
  | { readonly t: 'on_loss'; readonly onceOlderThanMs: number; readonly note: string | undefined }
  /** The channel let go of everything after that long without a call; the next call begins anew. */
  | { readonly t: 'idle'; readonly afterMs: number }
  /** A lookup is on its way. */
  | { readonly t: 'running' }
  | { readonly t: 'timer'; readonly at: number; readonly why: string }
  | { readonly t: 'push'; readonly why: string };

/**
 * Turns a target into addresses. The channel is the only caller: start once, request whenever a connection was lost or
 * an attempt failed, stop once. The resolver decides whether and when a request becomes a lookup; it never blocks and
 * never throws.
 */
export interface Resolver {
  readonly source: 'static' | 'dns' | 'watch';
  start(): void;
  request(trigger: Trigger): void;
  stop(): void;
}

export interface ResolverListener {
  /** A lookup begins. Exactly one of onResolved and onFailed follows, unless the resolver is stopped. */
  onStarted(trigger: Trigger): void;
  /** Also called without onStarted, by resolvers that are told rather than ask. An empty list empties the channel. */
  onResolved(addresses: readonly ResolvedAddress[], trigger: Trigger, tookMs: number): void;
  /** `dropped` empties the channel, `kept` leaves it with what it has. */
  onFailed(failure: ResolutionFailure, trigger: Trigger): void;
  onNext(next: Next): void;
}

export interface ResolutionFailure {
  readonly code: FailureCode;
  readonly message: string;
  readonly effect: 'kept' | 'dropped';
}

/** Name lookup, injected. Never rejects. */
export interface Lookup {
  /** IPv4 addresses in the order of the answer: DNS shuffles, and pick_first lives on that. */
  lookup(host: string): Promise<LookupOutcome>;
}

export type LookupOutcome =
  | { readonly ok: true; readonly addresses: readonly string[] }
  | { readonly ok: false; readonly code: FailureCode; readonly message: string };

/** A watch on a Service's EndpointSlices, joined; injected (implemented beside the Kubernetes client). */
export interface SliceWatch {
  watch(
    service: { readonly namespace: string; readonly name: string },
    port: number | string,
    listener: SliceWatchListener,
  ): { stop(): void };
}

export interface SliceWatchListener {
  /** The ready set (nil ready = ready), whenever a list or an event changed it. May repeat addresses. */
  onEndpoints(addresses: readonly ResolvedAddress[]): void;
  onState(state: 'connecting' | 'synced' | 'lost' | 'forbidden', message: string): void;
}
