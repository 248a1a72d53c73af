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

/**
 * Each READY child in turn. Children reconnect at once, so an address that is listed but dead costs nothing once its
 * connection broke: it is not READY. The order stays as it was, newcomers go to the end, and the turn goes on where it
 * was, so that a change among the others disturbs the spread least.
 */
export class RoundRobin<S extends PolicySubchannel> implements Policy<S> {
  readonly name = 'round_robin';
  private readonly helper: PolicyHelper<S>;
  private children = new Map<string, Child<S>>();
  private picker: ReadyPicker<S> | undefined;
  private readyKeys = '';
  private stopped = false;
  /** Many changes from one list are published as one. */
  private holding = false;
  private failure: Failure = { errorClass: 'unavailable', message: 'no connection yet' };

  constructor(helper: PolicyHelper<S>) {
    this.helper = helper;
  }

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
    switch (subchannel.state) {
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
    this.publish();
    if (subchannel.state === 'TRANSIENT_FAILURE') this.helper.requestResolution('connect failed');
    if (subchannel.state !== 'IDLE') return;
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
      if (this.picker !== undefined && joined === this.readyKeys) return;
      this.picker = new ReadyPicker(ready, this.picker?.upcoming(), this.helper.random);
      this.readyKeys = joined;
      this.helper.update('READY', this.picker, keys);
      return;
    }
    this.picker = undefined;
    this.readyKeys = '';
    if (connecting) this.helper.update('CONNECTING', queuePicker, []);
    else this.helper.update('TRANSIENT_FAILURE', failPicker(this.failure), []);
  }
}

class ReadyPicker<S> implements Picker<S> {
  private readonly results: readonly { readonly t: 'complete'; readonly subchannel: S; readonly how: string }[];
  private next: number;

  constructor(ready: readonly S[], upcoming: S[] | undefined, random: () => number) {
    this.results = ready.map((subchannel, index) => ({
      t: 'complete',
      subchannel,
      how: `round_robin ${index + 1} of ${ready.length}`,
    }));
    const first = upcoming?.find((subchannel) => ready.includes(subchannel));
    // Where to begin is random, or many channels would all call the same pod first.
    this.next = first === undefined ? Math.floor(random() * ready.length) : ready.indexOf(first);
  }

  pick() {
    const result = this.results[this.next] as (typeof this.results)[number];
    this.next = this.next + 1 === this.results.length ? 0 : this.next + 1;
    return result;
  }

  /** In the order of their turns. */
  upcoming(): S[] {
    return [...this.results.slice(this.next), ...this.results.slice(0, this.next)].map((result) => result.subchannel);
  }
}
