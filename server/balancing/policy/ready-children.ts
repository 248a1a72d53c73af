import type { Address } from '../../transport/port.ts';
import { distinct, keyOf } from '../address.ts';
import type { ConnectivityState } from '../channel-port.ts';
import {
  type Failure,
  failPicker,
  type Picker,
  type Policy,
  type PolicyHelper,
  type PolicySubchannel,
  queuePicker,
} from './port.ts';

interface Child<S> {
  readonly subchannel: S;
  /** As it counts: after a failure a child counts as failed until it is READY, its further attempts notwithstanding. */
  counts: 'READY' | 'CONNECTING' | 'TRANSIENT_FAILURE';
}

/** How the client of a profile asks for addresses beyond what all of them do: on a lost connection and a failed attempt. */
export interface AskingHabits {
  /** grpc-js: on any report of a child other than READY while the whole is READY, so also when it merely connects. */
  readonly whileConnecting?: boolean;
}

/**
 * Keeps a connection to every address and picks among those that are READY: what round_robin, least_request and random
 * have in common (gRFC A61's endpoint sharding with one address each). Children reconnect at once, so an address that is
 * listed but dead costs nothing once its connection broke: it is not READY. Aggregation is round_robin's: READY if one
 * is, else CONNECTING if one is, else TRANSIENT_FAILURE.
 */
export abstract class ReadyChildren<S extends PolicySubchannel> implements Policy<S> {
  abstract readonly name: string;
  protected readonly helper: PolicyHelper<S>;
  private readonly habits: AskingHabits;
  private children = new Map<string, Child<S>>();
  private readyKeys = '';
  private stopped = false;
  /** Many changes from one list are published as one. */
  private holding = false;
  private failure: Failure = { errorClass: 'unavailable', message: 'no connection yet' };

  constructor(helper: PolicyHelper<S>, habits: AskingHabits = {}) {
    this.helper = helper;
    this.habits = habits;
  }

  /** Never empty; in the order in which the children came. Called when the set changes, never per call. */
  protected abstract makePicker(ready: readonly S[]): Picker<S>;

  onAddresses(addresses: readonly Address[]): void {
    const listed = new Map(distinct(addresses).map((address) => [keyOf(address), address]));
    this.holding = true;
    const removed: Child<S>[] = [];
    for (const [key, child] of this.children) {
      if (listed.has(key)) continue;
      this.children.delete(key);
      removed.push(child);
    }
    for (const [key, address] of listed) {
      if (this.children.has(key)) continue;
      const child: Child<S> = { subchannel: this.helper.createSubchannel(address), counts: 'CONNECTING' };
      this.children.set(key, child);
      child.subchannel.connect();
    }
    this.holding = false;
    this.publish();
    // After the new picker stands, so that no call is handed to one that is going.
    for (const child of removed) child.subchannel.shutdown();
  }

  onSubchannelState(subchannel: S, previous: ConnectivityState): void {
    const child = this.children.get(subchannel.key);
    if (this.stopped || child === undefined || child.subchannel !== subchannel) return;
    const { state } = subchannel;
    switch (state) {
      case 'READY':
        child.counts = 'READY';
        break;
      case 'TRANSIENT_FAILURE':
        child.counts = 'TRANSIENT_FAILURE';
        this.failure = subchannel.failure ?? this.failure;
        break;
      case 'IDLE':
      case 'CONNECTING':
        if (child.counts === 'READY') child.counts = 'CONNECTING';
        break;
      case 'SHUTDOWN':
        return;
    }
    const wasReady = this.readyKeys !== '';
    this.publish();
    if (state === 'TRANSIENT_FAILURE') this.helper.requestResolution('connect failed');
    if (state === 'CONNECTING' && wasReady && this.habits.whileConnecting === true) {
      this.helper.requestResolution('connecting');
    }
    if (state !== 'IDLE') return;
    if (previous === 'READY') this.helper.requestResolution('connection lost');
    // Asking may have replaced the list.
    if (this.children.get(subchannel.key) === child) subchannel.connect();
  }

  exitIdle(): void {
    for (const { subchannel } of [...this.children.values()]) subchannel.connect();
  }

  stop(): void {
    this.stopped = true;
    const children = [...this.children.values()];
    this.children.clear();
    for (const { subchannel } of children) subchannel.shutdown();
  }

  private publish(): void {
    if (this.holding || this.stopped) return;
    const ready: S[] = [];
    let connecting = false;
    for (const child of this.children.values()) {
      if (child.counts === 'READY') ready.push(child.subchannel);
      else if (child.counts === 'CONNECTING') connecting = true;
    }
    if (ready.length > 0) {
      const keys = ready.map((subchannel) => subchannel.key);
      const joined = keys.join(' ');
      if (joined === this.readyKeys) return;
      this.readyKeys = joined;
      this.helper.update('READY', this.makePicker(ready), keys);
      return;
    }
    this.readyKeys = '';
    if (connecting) this.helper.update('CONNECTING', queuePicker, []);
    else this.helper.update('TRANSIENT_FAILURE', failPicker(this.failure), []);
  }
}
