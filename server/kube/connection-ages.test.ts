import { expect, test } from 'vitest';
import { FakeTime, settle } from '../balancing/testing/fake-time.ts';
import { type AgeSetting, ConnectionAges } from './connection-ages.ts';

function bench(initial?: AgeSetting) {
  const time = new FakeTime(0);
  const pods = [
    { uid: 'u1', name: 'a', ip: '10.0.0.1', incarnation: 0 },
    { uid: 'u2', name: 'b', ip: '10.0.0.2', incarnation: 0 },
  ];
  const asked: string[] = [];
  const told: string[] = [];
  const said: unknown[] = [];
  const saved: AgeSetting[] = [];
  const deaf = new Set<string>();
  const ages = new ConnectionAges({
    pods: () => pods,
    control: async (ip, change) => {
      asked.push(`${ip} ${change.maxConnectionAgeMs} ${change.maxConnectionAgeGraceMs}`);
      return deaf.has(ip) ? { kind: 'unreachable', message: 'no' } : { kind: 'ok' };
    },
    told: (uid) => told.push(uid),
    events: { emit: (event) => said.push(event.kind?.value) },
    timers: time,
    initial,
    save: (setting) => saved.push(setting),
  });
  return { time, pods, asked, told, said, saved, deaf, ages };
}

test('every pod is told, and each later one when it is Ready, once', async () => {
  const b = bench();
  b.ages.onReady();
  expect(b.asked).toEqual([]);
  expect(await b.ages.set({ ageMs: 30_000, graceMs: -1 })).toEqual({ ok: true, pods: 2, missed: [] });
  expect(b.asked).toEqual(['10.0.0.1 30000 -1', '10.0.0.2 30000 -1']);
  expect(b.said).toEqual([{ ageMs: 30_000, graceMs: -1 }]);
  expect(b.saved).toEqual([{ ageMs: 30_000, graceMs: -1 }]);
  b.pods.push({ uid: 'u3', name: 'c', ip: '10.0.0.3', incarnation: 0 });
  b.ages.onReady();
  await settle();
  expect(b.asked.slice(2)).toEqual(['10.0.0.3 30000 -1']);
  expect(b.told).toEqual(['u1', 'u2', 'u3']);
});

test('a restarted container is told again, and so is everyone with a new setting', async () => {
  const b = bench();
  await b.ages.set({ ageMs: 30_000, graceMs: 0 });
  b.pods[0] = { uid: 'u1', name: 'a', ip: '10.0.0.1', incarnation: 1 };
  b.ages.onReady();
  await settle();
  expect(b.asked.slice(2)).toEqual(['10.0.0.1 30000 0']);
  await b.ages.set({ ageMs: -1, graceMs: -1 });
  expect(b.asked.slice(3)).toEqual(['10.0.0.1 -1 -1', '10.0.0.2 -1 -1']);
});

test('a pod that does not answer is named and asked again until it does, or is gone', async () => {
  const b = bench();
  b.deaf.add('10.0.0.2');
  expect(await b.ages.set({ ageMs: 1_000, graceMs: -1 })).toEqual({ ok: true, pods: 1, missed: ['b'] });
  await b.time.advance(2_000);
  expect(b.asked.filter((what) => what.startsWith('10.0.0.2'))).toHaveLength(3);
  b.deaf.clear();
  await b.time.advance(5_000);
  expect(b.asked.filter((what) => what.startsWith('10.0.0.2'))).toHaveLength(4);
  expect(b.asked.filter((what) => what.startsWith('10.0.0.1'))).toHaveLength(1);
  expect(b.time.pending).toBe(0);
});

test('a restarted agent goes on with it, and tells nobody after it was stopped', async () => {
  const b = bench({ ageMs: 60_000, graceMs: 5_000 });
  b.ages.start();
  expect(b.said).toEqual([{ ageMs: 60_000, graceMs: 5_000 }]);
  b.ages.onReady();
  await settle();
  expect(b.asked).toEqual(['10.0.0.1 60000 5000', '10.0.0.2 60000 5000']);
  b.ages.stop();
  b.pods.push({ uid: 'u3', name: 'c', ip: '10.0.0.3', incarnation: 0 });
  b.ages.onReady();
  await settle();
  expect(b.asked).toHaveLength(2);
});
