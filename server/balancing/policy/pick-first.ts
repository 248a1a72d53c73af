import type { Address } from '../../transport/port.ts';
import { distinct, keyOf } from '../address.ts';
import type { ConnectivityState } from '../channel-port.ts';
import { failPicker, type Picker, type Policy, type PolicyHelper, type PolicySubchannel, queuePicker } from './port.ts';

type State<S> =
  | { readonly t: 'idle' }
  /** The first pass through the list, at `index`. */
  | { readonly t: 'trying'; readonly tried: readonly S[]; readonly current: S; readonly index: number }
  /** Every address failed; each is tried again when its backoff ends (gRFC A62: failed until READY). */
  | { readonly t: 'failed'; readonly tried: readonly S[] }
  | { readonly t: 'ready'; readonly subchannel: S }
  | { readonly t: 'stopped' };

/**
 * One connection, to the first address of the list that takes one, until it breaks. Then IDLE, and the next call starts
 * from the first address again: DNS shuffles its answers, which is what makes that random.
 */
export class PickFirst<S extends PolicySubchannel> implements Policy<S> {
  readonly name = 'pick_first';
  private readonly helper: PolicyHelper<S>;
  private addresses: readonly Address[] = [];
  private state: State<S> = { t: 'idle' };
  private readonly idlePicker: Picker<S> = {
    pick: () => {
      this.exitIdle();
      return { t: 'queue' };
    },
  };

  constructor(helper: PolicyHelper<S>) {
    this.helper = helper;
  }

  onAddresses(addresses: readonly Address[]): void {
    const first = this.addresses.length === 0;
    this.addresses = distinct(addresses);
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
        if (previous === 'READY') this.helper.requestResolution('connection lost');
        return;
      case 'trying':
        if (state.current !== subchannel) return;
        if (subchannel.state === 'READY') this.settle(subchannel, state.tried);
        else if (subchannel.state === 'TRANSIENT_FAILURE') this.tryNext(state.tried, state.index + 1, subchannel);
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
    if (this.state.t === 'idle' && this.addresses.length > 0) this.begin();
  }

  stop(): void {
    const { state } = this;
    this.state = { t: 'stopped' };
    if (state.t === 'ready') state.subchannel.shutdown();
    if (state.t === 'trying' || state.t === 'failed') for (const subchannel of state.tried) subchannel.shutdown();
  }

  /** `failed`: the channel stays in TRANSIENT_FAILURE until one is READY. */
  private begin(failed = false): void {
    if (!failed) this.helper.update('CONNECTING', queuePicker, []);
    this.tryNext([], 0, undefined);
  }

  private tryNext(tried: readonly S[], index: number, last: S | undefined): void {
    const address = this.addresses[index];
    if (address === undefined) {
      this.state = { t: 'failed', tried };
      if (last !== undefined) this.publishFailure(last);
      // A backoff may have ended while the others were tried.
      for (const subchannel of tried) subchannel.connect();
      return;
    }
    const current = this.helper.createSubchannel(address);
    this.state = { t: 'trying', tried: [...tried, current], current, index };
    current.connect();
  }

  private settle(subchannel: S, tried: readonly S[]): void {
    this.state = { t: 'ready', subchannel };
    const result = { t: 'complete', subchannel, how: 'pick_first' } as const;
    this.helper.update('READY', { pick: () => result }, [subchannel.key]);
    for (const other of tried) if (other !== subchannel) other.shutdown();
  }

  private publishFailure(last: S): void {
    const failure = last.failure ?? { errorClass: 'unavailable', message: 'no address could be connected' };
    this.helper.update('TRANSIENT_FAILURE', failPicker(failure), []);
    this.helper.requestResolution('connect failed');
  }
}

function sameSet(tried: readonly PolicySubchannel[], addresses: readonly Address[]): boolean {
  const keys = new Set(tried.map((subchannel) => subchannel.key));
  return keys.size === addresses.length && addresses.every((address) => keys.has(keyOf(address)));
}
