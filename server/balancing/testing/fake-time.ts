import type { Clock, TimerHandle, Timers } from '../../events/port.ts';

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Clock and timers that move only when told to: 30 minutes pass in milliseconds. */
export class FakeTime implements Clock, Timers {
  private at: number;
  private order = 0;
  private entries: Entry[] = [];

  constructor(startMs = 1_000_000) {
    this.at = startMs;
  }

  now(): number {
    return this.at;
  }

  get pending(): number {
    return this.entries.length;
  }

  setTimeout(run: () => void, ms: number): TimerHandle {
    const entry: Entry = { at: this.at + Math.max(0, ms), order: this.order++, run };
    this.entries.push(entry);
    return {
      cancel: () => {
        this.entries = this.entries.filter((other) => other !== entry);
      },
    };
  }

  /** Time goes on and no timer runs: the event loop is held up. */
  stall(ms: number): void {
    this.at += ms;
  }

  /** Runs what falls due, in order, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.at + ms;
    await settle();
    for (;;) {
      const next = this.entries.reduce<Entry | undefined>(
        (first, entry) =>
          entry.at <= end &&
          (first === undefined || entry.at < first.at || (entry.at === first.at && entry.order < first.order))
            ? entry
            : first,
        undefined,
      );
      if (next === undefined) break;
      this.entries = this.entries.filter((entry) => entry !== next);
      this.at = Math.max(this.at, next.at);
      next.run();
      await settle();
    }
    this.at = end;
  }
}

/** Long enough for any chain of promises here. */
export async function settle(): Promise<void> {
  for (let n = 0; n < 50; n++) await Promise.resolve();
}
