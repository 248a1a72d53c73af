import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Deadline, DeadlineWheel } from './deadlines.ts';

class Entry extends Deadline {
  readonly ends: number[] = [];
  private readonly now: () => number;

  constructor(now: () => number) {
    super();
    this.now = now;
  }

  override onDeadline(): void {
    this.ends.push(this.now());
  }
}

it('each deadline comes once, never early, within a slot; one that left never', () => {
  const deadline = fc.tuple(fc.double({ min: 0, max: 20_000, noNaN: true }), fc.nat(5000), fc.boolean());
  fc.assert(
    fc.property(fc.array(deadline, { maxLength: 30 }), (plan) => {
      let now = 12_345.6;
      let wake: { at: number; run: () => void } | undefined;
      const wheel = new DeadlineWheel({
        now: () => now,
        set: (run, ms) => {
          wake = { at: now + ms, run };
        },
      });
      let wakes = 0;
      const advance = (end: number) => {
        while (wake !== undefined && wake.at <= end) {
          const { at, run } = wake;
          wake = undefined;
          now = at;
          run();
          wakes++;
        }
        now = end;
      };
      const entries = plan.map(([ms, pause, leaves]) => {
        const entry = new Entry(() => now);
        const at = now + ms;
        wheel.add(entry, at);
        if (leaves) wheel.remove(entry);
        advance(now + pause);
        return { entry, at, leaves };
      });
      advance(now + 30_000);
      for (const { entry, at, leaves } of entries) {
        expect(entry.ends.length).toBe(leaves ? 0 : 1);
        if (leaves) continue;
        expect(entry.ends[0]).toBeGreaterThanOrEqual(at);
        expect(entry.ends[0]).toBeLessThan(at + 10);
      }
      expect(wheel.size).toBe(0);
      expect(wakes).toBeLessThan(20 * plan.length + 1);
    }),
    { numRuns: 500 },
  );
});
