import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

function made() {
  const frames: (() => void)[] = [];
  const turns = new Turns((run) => frames.push(run));
  const frame = () => {
    for (const run of frames.splice(0)) run();
  };
  return { turns, frame, frames };
}

test('one part a frame, in the order of asking', () => {
  const { turns, frame, frames } = made();
  const done: string[] = [];
  for (const name of ['a', 'b', 'c']) turns.ask(() => done.push(name));
  expect(done).toEqual([]);
  frame();
  expect(done).toEqual(['a']);
  frame();
  frame();
  expect(done).toEqual(['a', 'b', 'c']);
  expect(frames).toEqual([]);
});

test('who asks again before its turn keeps its place and gets one', () => {
  const { turns, frame } = made();
  const done: string[] = [];
  const a = () => done.push('a');
  turns.ask(a);
  turns.ask(() => done.push('b'));
  turns.ask(a);
  for (let i = 0; i < 4; i += 1) frame();
  expect(done).toEqual(['a', 'b']);
});

test('who has left gets none, and the others theirs', () => {
  const { turns, frame } = made();
  const done: string[] = [];
  const a = () => done.push('a');
  turns.ask(a);
  turns.ask(() => done.push('b'));
  turns.forget(a);
  frame();
  expect(done).toEqual(['b']);
});

test('parts that ask all the time do not push one out', () => {
  const { turns, frame } = made();
  const count = new Map<string, number>();
  const parts = ['a', 'b', 'c'].map((name) => () => void count.set(name, (count.get(name) ?? 0) + 1));
  for (let i = 0; i < 30; i += 1) {
    for (const part of parts) turns.ask(part);
    frame();
  }
  expect([...count.values()]).toEqual([10, 10, 10]);
});
