import { expect, onTestFinished, test } from 'vitest';
import { FakeTime } from '../balancing/testing/fake-time.ts';
import { Watchdog } from './watchdog.ts';

/** A thread whose progress the test makes. */
function watched() {
  const time = new FakeTime();
  const thread = { progress: 0 };
  const told: (number | string | undefined)[] = [];
  const dog = new Watchdog({
    timers: time,
    progress: () => thread.progress,
    onStalled: (forMs) => told.push(forMs),
    onGivenUp: (afterMs) => told.push(`given up after ${afterMs}`),
  });
  onTestFinished(() => dog.stop());
  const moving = async (seconds: number): Promise<void> => {
    for (let n = 0; n < seconds; n++) {
      thread.progress += 5;
      await time.advance(1_000);
    }
  };
  return { time, thread, told, dog, moving };
}

test('a thread that moves is left alone, for however long', async () => {
  const { told, moving } = watched();
  await moving(3_600);
  expect(told).toEqual([]);
});

test('one that stands still is shown after 3 s and given up after 10, once', async () => {
  const { time, told, moving } = watched();
  await moving(5);
  await time.advance(2_999);
  expect(told).toEqual([]);
  await time.advance(1);
  expect(told).toEqual([3_000]);
  await time.advance(6_999);
  expect(told).toEqual([3_000]);
  await time.advance(1);
  expect(told).toEqual([3_000, 'given up after 10000']);
  await time.advance(60_000);
  expect(told).toHaveLength(2);
  expect(time.pending).toBe(0);
});

test('one that moves again is shown as such, and begins anew', async () => {
  const { time, told, moving } = watched();
  await moving(1);
  await time.advance(9_000);
  await moving(1);
  expect(told).toEqual([3_000, undefined]);
  await time.advance(9_999);
  expect(told).toEqual([3_000, undefined, 3_000]);
});

test('one that loads its program gets a minute, and is not shown as standing still', async () => {
  const { time, told } = watched();
  await time.advance(59_999);
  expect(told).toEqual([]);
  await time.advance(1);
  expect(told).toEqual(['given up after 60000']);
});

test('a pause of the whole machine is no pause of the thread', async () => {
  const { time, told, moving } = watched();
  await moving(2);
  time.stall(300_000);
  // The watchdog has its turn first.
  await time.advance(1_000);
  await moving(5);
  expect(told).toEqual([]);
});

test('what is stopped looks no more', async () => {
  const { time, told, dog } = watched();
  dog.stop();
  await time.advance(100_000);
  expect([told, time.pending]).toEqual([[], 0]);
});
