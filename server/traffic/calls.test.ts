import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CallSlots } from './calls.ts';

test('no slot belongs to two calls at a time, and each keeps what it was given, however many there are', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -2_000, max: 2_000 }), { maxLength: 20 }), (steps) => {
      const slots = new CallSlots();
      const open = new Map<number, number>();
      let next = 0;
      for (const step of steps) {
        for (let i = 0; i < step; i += 1) {
          const slot = slots.take(next, next + 0.5);
          expect(open.has(slot)).toBe(false);
          open.set(slot, next);
          next += 1;
        }
        for (const slot of [...open.keys()].slice(0, Math.max(0, -step))) {
          open.delete(slot);
          slots.release(slot);
        }
        for (const [slot, at] of open) {
          expect([slots.intendedAt[slot], slots.sentAt[slot], slots.who[slot]]).toEqual([at, at + 0.5, -1]);
        }
      }
    }),
    { numRuns: 30 },
  );
});
