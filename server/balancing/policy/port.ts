import type { TimerHandle } from '../../events/port.ts';
import type { Address, ErrorClass } from '../../transport/port.ts';
import type { ConnectivityState } from '../channel-port.ts';
import type { Trigger } from '../resolver/port.ts';

/** What a policy sees of a subchannel. Tests put a mock in its place. */
export interface PolicySubchannel {
  readonly key: string;
  readonly state: ConnectivityState;
  /** The last attempt's failure, while the state is TRANSIENT_FAILURE. */
  readonly failure: Failure | undefined;
  /** Calls in flight to this address from this channel, those on connections that drain included. */
  readonly inFlight: number;
  /** Leaves IDLE; without effect in any other state. Also ends no backoff. */
  connect(): void;
  /** Taken from the list: calls in flight finish, then it is gone. */
  shutdown(): void;
}

export interface Failure {
  readonly errorClass: ErrorClass;
  readonly message: string;
}

/** A pick's outcome is a value; a picker makes its results once, not per call. */
export type PickResult<S> =
  | { readonly t: 'complete'; readonly subchannel: S; readonly how: string }
  /** Wait for the next picker. */
  | { readonly t: 'queue' }
  /** Fails at once, unless the call waits for ready. */
  | ({ readonly t: 'fail' } & Failure);

/** Called for each call, on the hot path; never blocks. */
export interface Picker<S> {
  pick(): PickResult<S>;
}

export interface PolicyHelper<S extends PolicySubchannel> {
  /** The policy hears of its state through onSubchannelState. Starts IDLE. */
  createSubchannel(address: Address): S;
  /** From now on calls go by this picker; queued ones pick again. `ready` are the addresses that take calls. */
  update(state: ConnectivityState, picker: Picker<S>, ready: readonly string[]): void;
  /** The resolver decides whether and when that becomes a lookup. */
  requestResolution(trigger: Trigger): void;
  readonly random: () => number;
  setTimeout(run: () => void, ms: number): TimerHandle;
}

/** Decides which subchannels exist and which of them takes a call. The channel calls it from one thread, never re-entered. */
export interface Policy<S extends PolicySubchannel> {
  readonly name: string;
  /** A new list, never empty. */
  onAddresses(addresses: readonly Address[]): void;
  onSubchannelState(subchannel: S, previous: ConnectivityState): void;
  /** A call came while IDLE, or connect() was asked for. */
  exitIdle(): void;
  /** The list is empty, the channel idle or closed: everything goes gracefully. Nothing is published any more. */
  stop(): void;
}

const queue = { t: 'queue' } as const;
export const queuePicker: Picker<never> = { pick: () => queue };

export function failPicker(failure: Failure): Picker<never> {
  const result = { t: 'fail', ...failure } as const;
  return { pick: () => result };
}
