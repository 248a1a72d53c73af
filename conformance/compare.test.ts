import { expect, test } from 'vitest';
import { differences } from './compare.ts';
import { differencesOf, documentOf, type RunResult } from './document.ts';
import { explanation, type Seen, type Side } from './explanations.ts';
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

const side = (measured: Measured, askedBeforeS?: number): Side => ({ measured, askedBeforeS });
const seen = (real: Side, profile: Side, more: Partial<Seen> = {}): Seen => ({
  ...{ family: 'grpc-js', policy: 'pick_first', step: 'nxdomain', aspect: 'lookups', seconds: 30, rate: 50 },
  ...{ busy: undefined, real, profile },
  ...more,
});

test('held up by the floor: only where the mark of the step before is where it asked', () => {
  const [late, atOnce] = [lookedAt(15), lookedAt(0.3)];
  expect(explanation(seen(side(late, 15), side(atOnce, 45)))).toContain('30 s floor');
  // It might have asked at once, and did not; its mark was elsewhere; the other broke its floor.
  expect(explanation(seen(side(late, 45), side(atOnce, 45)))).toBeUndefined();
  expect(explanation(seen(side(late, 21), side(atOnce, 45)))).toBeUndefined();
  expect(explanation(seen(side(late, 15), side(atOnce, 15)))).toBeUndefined();
});

test('jitters that add up explain another number of lookups, but no gap shorter than they allow', () => {
  const more = { step: 'servfail' } as const;
  const real = side(lookedAt(0.1, 1.5, 3.5, 6.2, 9.8, 14.8, 22.9), 40);
  expect(explanation(seen(real, side(lookedAt(0.1, 1.8, 3.9, 8.4, 15), 40), more))).toContain('add up');
  expect(explanation(seen(real, side(lookedAt(0.1, 1.8, 3.9, 8.4, 9.4), 40), more))).toBeUndefined();
  expect(explanation(seen(real, side(lookedAt(0.1, 1.8), 40), more))).toBeUndefined();
  expect(explanation(seen(real, side(lookedAt(0.1), 40), more))).toBeUndefined();
  const all = { ...more, family: 'grpc-go' } as const;
  expect(explanation(seen(real, side(lookedAt(0.1, 1.8, 3.9, 8.4, 15), 40), all))).toBeUndefined();
});

test('who answers at the end of an NXDOMAIN is the floor only where the lookup that said it lies as the answers do', () => {
  const nobody = (first: number, askedBeforeS: number): Side =>
    side({ ...lookedAt(first), pods: 0, largestShare: 0 }, askedBeforeS);
  const some = (first: number, askedBeforeS: number): Side => side(lookedAt(first), askedBeforeS);
  const of = (a: Side, b: Side) => explanation(seen(a, b, { family: 'grpc-go', aspect: 'shares' }));
  expect(of(some(26, 4), nobody(15, 15))).toContain('either side');
  // One was told long before, and its calls were answered all the same; one never asked; one broke its floor.
  expect(of(some(15, 15), nobody(15, 15))).toBeUndefined();
  expect(of(some(26, 4), side({ ...quiet, pods: 0 }, 15))).toBeUndefined();
  expect(of(some(26, 4), nobody(5, 15))).toBeUndefined();
});

test('losses of a rollout are the floor only while they end with the first lookup', () => {
  const lost = (lastFailureS: number): Side =>
    side({ ...lookedAt(11), failed: 460, codes: { 14: 460 }, lastFailureS }, 19);
  const other = side(lookedAt(1.8));
  const more = { step: 'rollout', aspect: 'losses' } as const;
  expect(explanation(seen(lost(11.2), other, more))).toContain('30 s floor');
  expect(explanation(seen(lost(25), other, more))).toBeUndefined();
});

test('the machine explains missed deadlines only, few of them, and only where it was busy', () => {
  const missed = (failed: number, code: string): Side =>
    side({ ...quiet, failed, codes: { [code]: failed }, lastFailureS: 9 });
  const of = (one: Side, busy: number | undefined) =>
    explanation(seen(one, side(quiet), { step: 'scale down', aspect: 'losses', family: 'grpc-java', busy }));
  expect(of(missed(96, '4'), 0.8)).toContain('the machine');
  expect(of(missed(96, '14'), 0.8)).toBeUndefined();
  expect(of(missed(400, '4'), 0.8)).toBeUndefined();
  expect(of(missed(96, '4'), 0.2)).toBeUndefined();
  expect(of(missed(96, '4'), undefined)).toBeUndefined();
});

test('grpc-java after bad DNS: 10 to 34 s between two questions, for both, or it is not explained', () => {
  const more = { family: 'grpc-java', policy: 'round_robin', step: 'healed again' } as const;
  expect(explanation(seen(side(lookedAt(15.9), 3.5), side(lookedAt(7.8), 20), more))).toContain('negative.ttl');
  expect(explanation(seen(side(lookedAt(15.9), 3.5), side(lookedAt(1), 5), more))).toBeUndefined();
  expect(explanation(seen(side(lookedAt(15.9), 3.5), side(lookedAt(30), 20), more))).toBeUndefined();
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
