import { expect, test } from 'vitest';
import { readLine } from './lines.ts';
import { lookupsOf } from './lookups.ts';
import { measure } from './measure.ts';

const question = (at: number, type = 'A') => ({ at, type, name: 'x' });

test('a lookup is one resolution: its types and repeated questions belong to it', () => {
  const questions = [
    question(1_000),
    question(1_002, 'AAAA'),
    question(1_001, 'TXT'),
    question(1_030),
    question(2_700),
  ];
  expect(lookupsOf(questions)).toEqual([
    { at: 1_000, questions: { A: 2, AAAA: 1, TXT: 1 } },
    { at: 2_700, questions: { A: 1 } },
  ]);
});

test('the shortest backoff between lookups, 0.8 s, makes two of them', () => {
  expect(lookupsOf([question(0), question(800)])).toHaveLength(2);
});

test('a step counts what fell into it, and shares by its last seconds', () => {
  const frame = (at: number, answers: Record<string, number>, errors: Record<string, number> = {}) => ({
    ...{ t: 'frame' as const, at, answers, errors },
    said: Object.fromEntries(Object.keys(errors).map((code) => [code, `said ${code}`])),
  });
  const lines = [
    { t: 'client' as const, name: 'x', version: '1' },
    frame(900, { before: 5 }),
    { t: 'connected' as const, at: 1_500, address: '127.0.0.1:1' },
    frame(2_000, { a: 10 }, { 14: 3 }),
    frame(9_000, { a: 6, b: 2 }, { 4: 1 }),
    { t: 'connected' as const, at: 11_000, address: '127.0.0.1:2' },
    frame(11_000, { after: 1 }),
  ];
  expect(measure({ id: 'x', from: 1_000, to: 11_000 }, lines, [question(999), question(3_500)])).toEqual({
    lookups: [{ afterS: 2.5, questions: { A: 1 } }],
    connections: 1,
    answered: 18,
    failed: 4,
    codes: { 4: 1, 14: 3 },
    lastFailureS: 8,
    said: { 4: 'said 4', 14: 'said 14' },
    pods: 2,
    largestShare: 0.75,
  });
});

test("a runtime's own words are no lines", () => {
  expect(readLine('WARNING: something')).toBeUndefined();
  expect(readLine('{"t":"other"}')).toBeUndefined();
  expect(readLine('null')).toBeUndefined();
  expect(readLine('{"t":"connected","at":1,"address":"a:1"}')).toEqual({ t: 'connected', at: 1, address: 'a:1' });
});
