import { expect, test } from 'vitest';
import type { Frame } from '../../gen/lbscope/events/v1/events_pb.js';
import { toMs } from '../../model/time.ts';
import { FakeTime } from '../balancing/testing/fake-time.ts';
import { frameOf } from '../events/testing.ts';
import { FrameJoin, patienceMs } from './frame-join.ts';

const start = 1_790_000_000_000;

function joining() {
  const time = new FakeTime(start);
  const frames: Frame[] = [];
  const late: string[] = [];
  const join = new FrameJoin({
    clock: time,
    timers: time,
    onFrame: (frame) => frames.push(frame),
    onLate: (agent, is) => late.push(`${agent} ${is ? 'late' : 'in time'}`),
  });
  const beat = (n: number, answered: number) => frameOf(start + n * 200, start + (n + 1) * 200, answered);
  const answered = () => frames.map(({ lanes }) => lanes[0]?.answered);
  return { time, frames, late, join, beat, answered };
}

test('without other agents a frame goes straight on, as it is', () => {
  const { join, frames, beat } = joining();
  const frame = beat(0, 5);
  join.own(frame);
  expect(frames).toEqual([frame]);
  expect(frames[0]?.lanes[0]?.agents).toEqual([]);
});

test('a frame waits for the others, and no longer than it must', () => {
  const { join, frames, beat, answered } = joining();
  join.add('a');
  join.add('b');
  join.own(beat(0, 5));
  join.other('a', beat(0, 3));
  expect(frames).toEqual([]);
  join.other('b', beat(0, 2));
  expect(answered()).toEqual([10]);
  expect(frames[0]?.lanes[0]?.agents.map(({ agent, issued }) => [agent, issued])).toEqual([
    ['', 5],
    ['a', 3],
    ['b', 2],
  ]);
});

test('what comes too late is in the next frame; whoever is late again and again is called so', async () => {
  const { time, join, late, beat, answered } = joining();
  join.add('a');
  for (let n = 0; n < 6; n += 1) {
    join.own(beat(n, 5));
    await time.advance(patienceMs);
    join.other('a', beat(n, 1));
    await time.advance(200 - patienceMs);
  }
  expect(answered()).toEqual([5, 6, 6, 6, 6, 6]);
  expect(late).toEqual(['a late']);
  for (let n = 6; n < 12; n += 1) {
    join.other('a', beat(n, 1));
    join.own(beat(n, 5));
    await time.advance(200);
  }
  expect(late).toEqual(['a late', 'a in time']);
  // All that was counted, once.
  expect(answered().reduce<number>((sum, n) => sum + (n ?? 0), 0)).toBe(12 * 6);
});

test('a frame that a membership cut waits for nobody: the others’ frames end elsewhere', () => {
  const { join, frames } = joining();
  join.add('a');
  join.own(frameOf(start, start + 130, 4));
  expect(frames.map(({ to }) => toMs(to))).toEqual([start + 130]);
});

test('calls in flight at an agent that is lost count as lost, and what it had reported is kept', async () => {
  const { time, join, frames, beat } = joining();
  join.add('a');
  const last = beat(0, 3);
  Object.assign(last.lanes[0]!, { inFlight: 2 });
  join.other('a', last);
  expect([...join.remove('a')]).toEqual([['headless', 2]]);
  join.own(beat(0, 5));
  await time.advance(200);
  join.own(beat(1, 5));
  const [first, second] = frames.map(({ lanes }) => lanes[0]!);
  expect(first).toMatchObject({ answered: 8, inFlight: 0, failed: [{ errorClass: 'reset', count: 2 }] });
  expect(first?.pods.find(({ podUid }) => podUid === '')?.failed[0]?.count).toBe(2);
  expect(second).toMatchObject({ answered: 5, failed: [] });
});

test('what an agent counts for the next run waits until that has begun', () => {
  const { join, beat, answered } = joining();
  join.add('a');
  join.other('a', beat(0, 3));
  join.parted('a');
  join.other('a', beat(1, 7));
  join.own(beat(0, 5));
  expect(answered()).toEqual([8]);
  join.begun();
  join.own(beat(1, 5));
  expect(answered()).toEqual([8, 12]);
});
