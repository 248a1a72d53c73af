import type { Picker, PolicySubchannel } from './port.ts';
import { ReadyChildren } from './ready-children.ts';

/**
 * Each READY child in turn. The order stays as it was, newcomers go to the end, and the turn goes on where it was, so
 * that a change among the others disturbs the spread least.
 */
export class RoundRobin<S extends PolicySubchannel> extends ReadyChildren<S> {
  readonly name = 'round_robin';
  private picker: ReadyPicker<S> | undefined;

  protected makePicker(ready: readonly S[]): Picker<S> {
    this.picker = new ReadyPicker(ready, this.picker?.upcoming(), this.helper.random);
    return this.picker;
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
