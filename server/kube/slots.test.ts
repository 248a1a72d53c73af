import { expect, test } from 'vitest';
import { PodSlots } from './slots.ts';

test('lowest free colour first; a pod that is gone keeps its own for a minute', () => {
  const slots = new PodSlots();
  const take = (uid: string, now: number) => slots.slot(uid, now);
  expect(['a', 'b', 'c'].map((uid) => take(uid, 0))).toEqual([1, 2, 3]);
  slots.gone('b', 1_000);
  expect(take('d', 60_999)).toBe(4);
  expect(take('e', 61_000)).toBe(2);
  expect(take('a', 61_000)).toBe(1);
});

test('when all eight are taken a pod has none, and keeps it so', () => {
  const slots = new PodSlots();
  for (let n = 1; n <= 8; n++) expect(slots.slot(`pod-${n}`, 0)).toBe(n);
  expect(slots.slot('ninth', 0)).toBe(0);
  slots.gone('pod-3', 0);
  expect(slots.slot('ninth', 60_001)).toBe(0);
  expect(slots.slot('tenth', 60_001)).toBe(3);
});

test('the handle is the last segment of the name, longer where that is short or taken', () => {
  const slots = new PodSlots();
  expect(slots.handle('1', 'greeter-7d9f8b6c5-x2k4p')).toBe('x2k4p');
  expect(slots.handle('2', 'greeter-5c4d8-x2k4p')).toBe('-x2k4p');
  expect(slots.handle('3', 'greeter-0')).toBe('ter-0');
  expect(slots.handle('1', 'greeter-7d9f8b6c5-x2k4p')).toBe('x2k4p');
});
