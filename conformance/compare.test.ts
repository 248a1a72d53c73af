import { expect, test } from 'vitest';
import { differences } from './compare.ts';
import { differencesOf, documentOf, type RunResult } from './document.ts';
import type { Measured } from './measure.ts';

const quiet: Measured = {
  lookups: [],
  connections: 0,
  answered: 500,
  failed: 0,
  codes: {},
  lastFailureS: undefined,
  said: {},
  pods: 3,
  largestShare: 0.34,
};
const lookedAt = (...seconds: number[]): Measured => ({
  ...quiet,
  lookups: seconds.map((afterS) => ({ afterS, questions: { A: 1 } })),
});

test('jitter is no difference', () => {
  expect(differences(lookedAt(0.1, 30.2), lookedAt(0.4, 32.9))).toEqual([]);
  expect(differences({ ...quiet, connections: 8 }, { ...quiet, connections: 10 })).toEqual([]);
  expect(differences({ ...quiet, failed: 40 }, quiet)).toEqual([]);
});

test('another number of lookups, or another instant, is one', () => {
  expect(differences(lookedAt(0.1, 30.2), lookedAt(0.1))).toEqual(['lookups']);
  expect(differences(lookedAt(0.1, 30.2), lookedAt(0.1, 60.2))).toEqual(['lookups']);
});

test('each other aspect by itself', () => {
  expect(differences({ ...quiet, connections: 2 }, quiet)).toEqual(['connections']);
  expect(differences({ ...quiet, failed: 1_000 }, quiet)).toEqual(['losses']);
  expect(differences({ ...quiet, pods: 5, largestShare: 0.21 }, quiet)).toEqual(['shares']);
  expect(differences({ ...quiet, largestShare: 0.6 }, quiet)).toEqual(['shares']);
});

test('the page counts what differs, names what did not run, and says where no reason is known', () => {
  const client = (side: 'real' | 'profile', measured: Measured) => ({
    plan: { family: 'grpc-go' as const, policy: 'round_robin' as const, side },
    version: side === 'real' ? '1.0' : '',
    measured: [quiet, measured],
  });
  const run: RunResult = {
    ...{ date: '2026-01-01', machine: 'one', rate: 50 },
    steps: [
      { id: 'a', title: 'First', seconds: 1 },
      { id: 'b', title: 'Second', seconds: 1 },
    ],
    clients: [client('real', lookedAt(1)), client('profile', quiet)],
    notRun: { 'grpc-java': 'no java command on PATH' },
  };
  expect(differencesOf(run)).toEqual([
    { family: 'grpc-go', policy: 'round_robin', step: 'b', aspect: 'lookups', why: undefined },
  ]);
  const page = documentOf(run);
  expect(page).toContain('**1 of 2 steps the same, 1 different.**');
  expect(page).toContain('**grpc-java itself was not run**: no java command on PATH');
  expect(page).toContain('**lookups differ**: not explained');
  expect(page).toMatch(/\| First \|.*\| same \|/);
});
