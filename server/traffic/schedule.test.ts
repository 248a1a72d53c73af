import fc from 'fast-check';
import { expect, test } from 'vitest';
import { closedLoop, giveUpAfterMs, mostInFlight, openLoop } from './schedule.ts';

test('open loop: exactly rate x time sends, whatever the instants it is looked at', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.1, max: 20_000, noNaN: true }),
      fc.array(fc.double({ min: 0.01, max: giveUpAfterMs / 2, noNaN: true }), { minLength: 1, maxLength: 50 }),
      (rate, gaps) => {
        const start = 1_760_000_000_000.5;
        const schedule = openLoop(rate, start);
        let now = start;
        let issued = 0;
        let given = 0;
        for (const gap of gaps) {
          now += gap;
          const due = schedule.due(now, 0);
          issued += due.intended.length;
          given += due.shortfall;
          for (const at of due.intended) expect(at).toBeLessThanOrEqual(now);
          expect(due.nextAt).toBeGreaterThan(now - 1e-3);
        }
        expect(Math.abs(issued + given - ((now - start) * rate) / 1_000)).toBeLessThanOrEqual(1.01);
      },
    ),
  );
});

test('lanes with the same rate are in step although they start at different instants', () => {
  const a = openLoop(200, 1_000_000.3);
  const b = openLoop(200, 1_000_002.9);
  a.due(1_000_010, 0);
  b.due(1_000_010, 0);
  expect(a.due(1_000_100, 0).intended).toEqual(b.due(1_000_100, 0).intended);
});

test('the parts of several agents are the whole, to the call, and none is ever ahead by more than one', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 16 }),
      // In half a second never as many as may be in flight: that limit is each part's own.
      fc.double({ min: 0.1, max: 1.9 * mostInFlight, noNaN: true }),
      fc.array(fc.double({ min: 0.01, max: giveUpAfterMs / 2, noNaN: true }), { minLength: 1, maxLength: 10 }),
      (of, rate, gaps) => {
        const start = 1_760_000_000_000.5;
        const whole = openLoop(rate, start);
        const parts = Array.from({ length: of }, (_, index) => openLoop(rate, start, { index, of }));
        const calls = parts.map(() => 0);
        let now = start;
        for (const gap of gaps) {
          now += gap;
          const dealt = parts.map((part) => part.due(now, 0));
          dealt.forEach(({ intended }, index) => {
            calls[index] = (calls[index] as number) + intended.length;
          });
          expect(dealt.flatMap(({ intended }) => intended).sort((a, b) => a - b)).toEqual(whole.due(now, 0).intended);
        }
        // One of each row is everyone's; the first and the last row may be cut.
        expect(Math.max(...calls) - Math.min(...calls)).toBeLessThanOrEqual(2);
      },
    ),
  );
});

test('the order of the agents changes from row to row', () => {
  const part = openLoop(300, 1_000_000_000, { index: 0, of: 3 });
  const { intended } = part.due(1_000_001_000, 0);
  const places = intended.map((at) => Math.round(at * 0.3) % 3);
  for (const place of [0, 1, 2]) {
    const times = places.filter((each) => each === place).length;
    expect(times).toBeGreaterThan(10);
  }
});

test('a part that is held up gives up its own calls only', () => {
  const given = [0, 1, 2].map((index) => {
    const part = openLoop(100, 0, { index, of: 3 });
    const { intended, shortfall } = part.due(10_000, 0);
    return intended.length + shortfall;
  });
  expect(given.reduce((a, b) => a + b)).toBe(1_001);
});

test('what is older than the bound is given up and counted, not sent in a burst', () => {
  const schedule = openLoop(100, 0);
  const due = schedule.due(10_000, 0);
  expect(due.intended.length).toBe(101);
  expect(due.intended.length + due.shortfall).toBe(1_001);
  expect(due.intended[0]).toBe(10_000 - giveUpAfterMs);
});

test('with too much in flight nothing more is issued, and that is counted', () => {
  const schedule = openLoop(1_000, 0);
  const due = schedule.due(100, mostInFlight);
  expect(due.intended).toEqual([]);
  expect(due.shortfall).toBe(101);
});

test('closed loop: never more in flight than asked, each caller thinks after its answer', () => {
  const schedule = closedLoop(3, 20, 100);
  const first = schedule.due(100, 0);
  expect(first.intended).toEqual([100, 100, 100]);
  expect(schedule.due(150, 3).intended).toEqual([]);
  schedule.ended(160);
  const waiting = schedule.due(160, 2);
  expect(waiting).toEqual({ intended: [], shortfall: 0, nextAt: 180 });
  expect(schedule.due(180, 2).intended).toEqual([180]);
});

test('closed loop: taking over from calls that are still in flight does not exceed the concurrency', () => {
  const schedule = closedLoop(2, 0, 0);
  expect(schedule.due(0, 5).intended).toEqual([]);
  for (let i = 0; i < 4; i += 1) schedule.ended(10 + i);
  expect(schedule.due(20, 1).intended).toHaveLength(1);
  expect(schedule.due(20, 2).intended).toEqual([]);
});
