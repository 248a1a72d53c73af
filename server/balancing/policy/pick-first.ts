import type { TimerHandle } from '../../events/port.ts';
import type { Address } from '../../transport/port.ts';
import { distinct, keyOf } from '../address.ts';
import type { ConnectivityState } from '../channel-port.ts';
import { inHappyOrder, shuffled } from './order.ts';
import { failPicker, type Picker, type Policy, type PolicyHelper, type PolicySubchannel, queuePicker } from './port.ts';

/** gRFC A61's connection attempt delay (RFC 8305): an address that has not answered by then gets a rival. */
export const attemptDelayMs = 250;

export interface PickFirstOptions {
  /** gRFC A62, shuffleAddressList: each new list is shuffled before it is used. */
  readonly shuffle?: boolean;
  /** When addresses are asked for after the connection ended: at once, or (grpc-js) when the next call leaves IDLE. */
  readonly asks?: 'on loss' | 'with the next call';
  /** grpc-go asks after each failed attempt, the others when the whole list has failed. */
  readonly asksPerAttempt?: boolean;
}

type State<S> =
  | { readonly t: 'idle' }
  /** The first pass through the list: those tried so far, newest last; the timer starts the next one beside them. */
  | {
      readonly t: 'trying';
      readonly tried: readonly S[];
      readonly failed: ReadonlySet<S>;
      readonly timer: TimerHandle | undefined;
    }
  /** Every address failed; each is tried again when its backoff ends (gRFC A62: failed until READY). */
  | { readonly t: 'failed'; readonly tried: readonly S[] }
  | { readonly t: 'ready'; readonly subchannel: S }
  | { readonly t: 'stopped' };

/**
 * One connection, to the first address of the list that takes one, until it breaks. Then IDLE, and the next call starts
 * from the first address again: DNS shuffles its answers, which is what makes that random (or `shuffle` does).
 * Attempts are made in the order of gRFC A61 (families interleaved), the next one as soon as one fails, or 250 ms after
 * the last began.
 */
export class PickFirst<S extends PolicySubchannel> implements Policy<S> {
  readonly name = 'pick_first';
  private readonly helper: PolicyHelper<S>;
  private readonly options: PickFirstOptions;
  private addresses: readonly Address[] = [];
  private state: State<S> = { t: 'idle' };
  /** Went IDLE by a loss that nobody has asked about yet. */
  private owesRequest = false;
  private readonly idlePicker: Picker<S> = {
    pick: () => {
      this.exitIdle();
      return { t: 'queue' };
    },
  };

  constructor(helper: PolicyHelper<S>, options: PickFirstOptions = {}) {
    this.helper = helper;
    this.options = options;
  }

  onAddresses(addresses: readonly Address[]): void {
    const first = this.addresses.length === 0;
    const listed = distinct(addresses);
    this.addresses = inHappyOrder(this.options.shuffle === true ? shuffled(listed, this.helper.random) : listed);
    switch (this.state.t) {
      case 'idle':
        // The first list connects at once: the channel left IDLE for it.
        if (first) this.begin();
        return;
      case 'ready': {
        const { subchannel } = this.state;
        if (this.addresses.some((address) => keyOf(address) === subchannel.key)) return;
        this.state = { t: 'idle' };
        this.begin();
        subchannel.shutdown();
        return;
      }
      case 'trying':
      case 'failed': {
        const { tried, t } = this.state;
        if (t === 'failed' && sameSet(tried, this.addresses)) return;
        const failed = t === 'failed';
        this.cancelTimer();
        this.state = { t: 'idle' };
        for (const subchannel of tried) subchannel.shutdown();
        this.begin(failed);
        return;
      }
      case 'stopped':
    }
  }

  onSubchannelState(subchannel: S, previous: ConnectivityState): void {
    const { state } = this;
    switch (state.t) {
      case 'ready':
        if (state.subchannel !== subchannel || subchannel.state === 'READY') return;
        this.state = { t: 'idle' };
        subchannel.shutdown();
        this.helper.update('IDLE', this.idlePicker, []);
        if (previous !== 'READY') return;
        if (this.options.asks === 'with the next call') this.owesRequest = true;
        else this.helper.requestResolution('connection lost');
        return;
      case 'trying':
        if (!state.tried.includes(subchannel)) return;
        if (subchannel.state === 'READY') this.settle(subchannel, state.tried);
        else if (subchannel.state === 'TRANSIENT_FAILURE') this.onAttemptFailed(state, subchannel);
        return;
      case 'failed':
        if (!state.tried.includes(subchannel)) return;
        if (subchannel.state === 'READY') this.settle(subchannel, state.tried);
        else if (subchannel.state === 'IDLE') subchannel.connect();
        else if (subchannel.state === 'TRANSIENT_FAILURE') this.publishFailure(subchannel);
        return;
      case 'idle':
      case 'stopped':
    }
  }

  exitIdle(): void {
    if (this.state.t !== 'idle' || this.addresses.length === 0) return;
    const owed = this.owesRequest;
    this.owesRequest = false;
    // The old list is connected to at once; what the lookup brings comes later.
    this.begin();
    if (owed) this.helper.requestResolution('next call');
  }

  stop(): void {
    const { state } = this;
    this.cancelTimer();
    this.state = { t: 'stopped' };
    if (state.t === 'ready') state.subchannel.shutdown();
    if (state.t === 'trying' || state.t === 'failed') for (const subchannel of state.tried) subchannel.shutdown();
  }

  /** `failed`: the channel stays in TRANSIENT_FAILURE until one is READY. */
  private begin(failed = false): void {
    if (!failed) this.helper.update('CONNECTING', queuePicker, []);
    this.tryNext([], new Set());
  }

  private onAttemptFailed(state: Extract<State<S>, { t: 'trying' }>, subchannel: S): void {
    const failed = new Set(state.failed).add(subchannel);
    const newest = state.tried.at(-1) === subchannel;
    this.state = { ...state, failed };
    if (this.options.asksPerAttempt === true) this.helper.requestResolution('connect failed');
    // Asking may have replaced the list.
    if (this.state.t !== 'trying' || this.state.tried !== state.tried) return;
    if (newest && state.tried.length < this.addresses.length) {
      this.cancelTimer();
      this.tryNext(state.tried, failed);
    } else if (failed.size === this.addresses.length) {
      this.cancelTimer();
      this.state = { t: 'failed', tried: state.tried };
      this.publishFailure(subchannel, this.options.asksPerAttempt !== true);
      // A backoff may have ended while the others were tried.
      for (const other of state.tried) other.connect();
    }
  }

  private tryNext(tried: readonly S[], failed: ReadonlySet<S>): void {
    const address = this.addresses[tried.length];
    if (address === undefined) return;
    const next = this.helper.createSubchannel(address);
    const all = [...tried, next];
    const timer =
      all.length < this.addresses.length
        ? this.helper.setTimeout(() => {
            if (this.state.t === 'trying' && this.state.tried === all) this.tryNext(all, this.state.failed);
          }, attemptDelayMs)
        : undefined;
    this.state = { t: 'trying', tried: all, failed, timer };
    next.connect();
  }

  private settle(subchannel: S, tried: readonly S[]): void {
    this.cancelTimer();
    this.state = { t: 'ready', subchannel };
    const result = { t: 'complete', subchannel, how: 'pick_first' } as const;
    this.helper.update('READY', { pick: () => result }, [subchannel.key]);
    for (const other of tried) if (other !== subchannel) other.shutdown();
  }

  private publishFailure(last: S, asks = true): void {
    const failure = last.failure ?? { errorClass: 'unavailable', message: 'no address could be connected' };
    this.helper.update('TRANSIENT_FAILURE', failPicker(failure), []);
    if (asks) this.helper.requestResolution('connect failed');
  }

  private cancelTimer(): void {
    if (this.state.t === 'trying') this.state.timer?.cancel();
  }
}

function sameSet(tried: readonly PolicySubchannel[], addresses: readonly Address[]): boolean {
  const keys = new Set(tried.map((subchannel) => subchannel.key));
  return keys.size === addresses.length && addresses.every((address) => keys.has(keyOf(address)));
}
