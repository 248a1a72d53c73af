import type { Address } from '../../transport/port.ts';
import { keyOf } from '../address.ts';
import type { ConnectivityState } from '../channel-port.ts';
import type { Failure, Picker, Policy, PolicyHelper, PolicySubchannel } from '../policy/port.ts';
import { FakeTime } from './fake-time.ts';

/** A subchannel whose states the test sets. */
export class MockSubchannel implements PolicySubchannel {
  readonly key: string;
  state: ConnectivityState = 'IDLE';
  failure: Failure | undefined;
  inFlight = 0;
  connects = 0;
  private readonly bench: PolicyBench;

  constructor(key: string, bench: PolicyBench) {
    this.key = key;
    this.bench = bench;
  }

  connect(): void {
    if (this.state !== 'IDLE') return;
    this.connects++;
    this.become('CONNECTING');
  }

  shutdown(): void {
    if (this.state !== 'SHUTDOWN') this.become('SHUTDOWN');
  }

  become(state: ConnectivityState): void {
    const previous = this.state;
    this.state = state;
    this.failure =
      state === 'TRANSIENT_FAILURE' ? { errorClass: 'refused', message: `${this.key}: refused` } : undefined;
    this.bench.policy.onSubchannelState(this, previous);
  }
}

/** A policy between mock subchannels and a record of what it published. */
export class PolicyBench {
  policy!: Policy<MockSubchannel>;
  readonly created: MockSubchannel[] = [];
  /** States as published, repeats left out: "READY a b". */
  readonly published: string[] = [];
  readonly requests: string[] = [];
  picker: Picker<MockSubchannel> | undefined;
  readonly time = new FakeTime(0);
  /** What random() gives next; then 0. */
  draws: number[] = [];

  readonly helper: PolicyHelper<MockSubchannel> = {
    createSubchannel: (address) => {
      const made = new MockSubchannel(keyOf(address), this);
      this.created.push(made);
      return made;
    },
    update: (state, picker, ready) => {
      this.picker = picker;
      const told = [state, ...ready].join(' ');
      if (this.published.at(-1) !== told) this.published.push(told);
    },
    requestResolution: (trigger) => this.requests.push(trigger),
    random: () => this.draws.shift() ?? 0,
    setTimeout: (run, ms) => this.time.setTimeout(run, ms),
  };

  /** The newest subchannel of an address. */
  at(key: string): MockSubchannel {
    const found = this.created.findLast((subchannel) => subchannel.key === key);
    if (found === undefined) throw new Error(`no subchannel for ${key}`);
    return found;
  }

  picks(count: number): string[] {
    return Array.from({ length: count }, () => {
      const result = this.picker?.pick();
      return result?.t === 'complete' ? result.subchannel.key : (result?.t ?? 'none');
    });
  }
}

/** "a:1" and so on. */
export function addresses(...hosts: string[]): Address[] {
  return hosts.map((host) => ({ host, port: 1 }));
}
