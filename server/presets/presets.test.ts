import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LaneSpec } from '../../gen/lbscope/events/v1/events_pb.js';
import { findPreset, presets } from '../../model/presets.ts';
import { checkLaneSpec } from '../api/lane-spec.ts';
import { FakeTime } from '../balancing/testing/fake-time.ts';
import type { Api } from '../kube/http.ts';
import { readObjects } from './objects.ts';
import { Presets } from './presets.ts';

const root = resolve(import.meta.dirname, '../..');
const folder = join(root, 'k8s/ways-in');
const names = {
  namespace: 'shop',
  service: 'web',
  headlessService: 'web-all',
  envoyService: 'web-envoy',
  port: 7_000,
};
let asked: string[] = [];
let bodies: { kind: string; metadata: { namespace?: string } }[] = [];
let refuse: (path: string) => number | undefined = () => undefined;
let put: LaneSpec[] = [];
const faults: string[] = [];
let time = new FakeTime();

const api: Api = {
  async request(method, path, { body }) {
    asked.push(`${method} ${path}`);
    if (method === 'PATCH') bodies.push(body as (typeof bodies)[number]);
    const code = refuse(path);
    if (code === 0) return { kind: 'unreachable', message: 'no answer within 5 s' };
    if (code !== undefined) return { kind: 'status', code, reason: '', message: `refused with ${code}` };
    return { kind: 'ok', body: {} };
  },
  stream: () => ({ stop() {} }),
  close() {},
};

function make(mode: 'apply' | 'print', most = 99, lanes: readonly LaneSpec[] = []): Presets {
  const made = new Presets({
    api,
    names,
    folder,
    mode,
    putLane(spec) {
      if (put.length >= most) return { ok: false, code: 'resource_exhausted', message: 'too many lanes' };
      put.push(spec);
      made.laneChanged(spec, false);
      return { ok: true };
    },
    timers: time,
    onFault: (message) => void faults.push(message),
    lanes,
  });
  return made;
}

beforeEach(() => {
  time = new FakeTime();
  asked = [];
  bodies = [];
  put = [];
  refuse = () => undefined;
});
afterEach(() => faults.splice(0));

test('every preset is a lane that the API accepts, has a page, and its objects are there', () => {
  expect(new Set(presets.map(({ id }) => id)).size).toBe(presets.length);
  for (const preset of presets) {
    const { id, ...lane } = preset.lane(names) as Partial<LaneSpec>;
    const method = preset.needsMethod === true ? { path: '/a.B/C' } : undefined;
    const target = preset.needsTarget === true ? 'gateway.example:443' : lane.target;
    expect.soft(checkLaneSpec({ ...lane, target, ...(method === undefined ? {} : { method }) }), preset.id).toEqual([]);
    expect.soft(existsSync(join(root, 'docs/paths', `${preset.page}.md`)), preset.page).toBe(true);
    expect.soft(readObjects(folder, preset, names, undefined).kind, preset.id).toBe('objects');
  }
  const pages = readdirSync(join(root, 'docs/paths')).filter((name) => name !== 'README.md');
  expect(pages.sort()).toEqual([...new Set(presets.map(({ page }) => `${page}.md`))].sort());
});

test('a preset without objects is its lane alone, under the id that was asked for', async () => {
  const presetsOf = make('apply');
  expect(await presetsOf.add('clusterip', { laneId: 'again' })).toMatchObject({
    ok: true,
    laneId: 'again',
    applied: true,
  });
  expect(put).toMatchObject([{ id: 'again', preset: 'clusterip', target: 'web.shop.svc.cluster.local:7000' }]);
  expect(asked).toEqual([]);
  expect(await presetsOf.add('zzz', {})).toMatchObject({ ok: false, code: 'not_found' });
  expect(findPreset('zzz')).toBeUndefined();
});

test('objects are applied with the names of this cluster, workers included; the last lane takes them along', async () => {
  const presetsOf = make('apply');
  expect(await presetsOf.add('envoy-eds', { workers: 3 })).toMatchObject({ ok: true, applied: true });
  expect(asked[0]).toBe('PATCH /api/v1/namespaces/shop/serviceaccounts/greeter-ads?fieldManager=lbscope&force=true');
  expect(asked).toContain(
    'PATCH /apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings/greeter-ads?fieldManager=lbscope&force=true',
  );
  for (const { metadata } of bodies) expect(metadata.namespace).toBe('shop');
  const text = JSON.stringify(bodies);
  expect(text).not.toMatch(/lbscope\.svc|"namespace":"lbscope"/);
  expect(text).toContain('greeter-ads.shop.svc.cluster.local');
  expect(text).toContain('"SERVICE","value":"web"');
  expect(text).toContain('"SERVICE_PORT","value":"7000"');
  expect(text).toContain('"--concurrency","3"');

  await presetsOf.add('envoy-eds', { laneId: 'second' });
  asked = [];
  const [first, second] = put as [LaneSpec, LaneSpec];
  presetsOf.laneChanged(first, true);
  await Promise.resolve();
  expect(asked).toEqual([]);
  presetsOf.laneChanged(second, true);
  await expect.poll(() => asked.length).toBe(8);
  expect(asked.every((each) => each.startsWith('DELETE '))).toBe(true);
  expect(faults).toEqual([]);
});

test('a lane that was there before, as after a restart of the agent, takes its objects along, too', async () => {
  await make('apply').add('haproxy', {});
  const [lane] = put as [LaneSpec];
  asked = [];
  make('apply', 99, [lane]).laneChanged(lane, true);
  await expect.poll(() => asked.length).toBeGreaterThan(0);
  expect(asked.every((each) => each.startsWith('DELETE '))).toBe(true);
});

test('objects go when the cluster is back, unless a lane stands on them again by then', async () => {
  const presetsOf = make('apply');
  await presetsOf.add('haproxy', {});
  const [lane] = put as [LaneSpec];
  const deleted = () => asked.filter((each) => each.startsWith('DELETE ')).length;
  refuse = () => 0;
  presetsOf.laneChanged(lane, true);
  await time.advance(5_000);
  expect(deleted()).toBe(3);
  refuse = () => undefined;
  await time.advance(5_000);
  expect(deleted()).toBeGreaterThan(3);
  expect(faults).toEqual([]);
  expect(time.pending).toBe(0);

  refuse = () => 0;
  presetsOf.laneChanged(lane, false);
  asked = [];
  presetsOf.laneChanged(lane, true);
  await time.advance(0);
  presetsOf.laneChanged(lane, false);
  refuse = () => undefined;
  await time.advance(60_000);
  expect(deleted()).toBe(1);
});

test('the objects alone: as they were asked for last, and a cluster that is away is told from one that forbids', async () => {
  const presetsOf = make('apply');
  await presetsOf.add('envoy-eds', { workers: 3 });
  bodies = [];
  expect(await presetsOf.apply('envoy-eds')).toEqual({ ok: true });
  expect(JSON.stringify(bodies)).toContain('"--concurrency","3"');
  expect(put).toHaveLength(1);
  refuse = () => 403;
  expect(await presetsOf.apply('envoy-eds')).toMatchObject({ ok: false, code: 'permission_denied' });
  refuse = () => 0;
  expect(await presetsOf.apply('envoy-eds')).toMatchObject({ ok: false, code: 'unavailable' });
  asked = [];
  expect(await make('print').apply('envoy-eds')).toEqual({ ok: true });
  expect(asked).toEqual([]);
});

test('print: nothing is asked of the cluster, and the answer holds what to apply, comments included', async () => {
  const presetsOf = make('print');
  const added = await presetsOf.add('envoy-retry', {});
  expect(added).toMatchObject({ ok: true, applied: false, note: expect.stringContaining('kubectl apply') });
  expect(added.ok && added.objects).toContain('web-all.shop.svc.cluster.local');
  expect(added.ok && added.objects).toContain('# RETRY.');
  expect(presetsOf.objects('envoy-retry')).toBe(added.ok ? added.objects : '');
  const [lane] = put as [LaneSpec];
  presetsOf.laneChanged(lane, true);
  expect(asked).toEqual([]);
});

test('a cluster that forbids: the lane is there, nothing was applied, and the note says why', async () => {
  refuse = () => 403;
  expect(await make('apply').add('haproxy', {})).toMatchObject({
    ok: true,
    applied: false,
    note: expect.stringContaining('does not allow the agent to apply the ConfigMap greeter-haproxy-config'),
  });
  expect(put).toHaveLength(1);
});

test('no room for another lane: nothing is applied', async () => {
  expect(await make('apply', 0).add('haproxy', {})).toMatchObject({ ok: false, code: 'resource_exhausted' });
  expect(asked).toEqual([]);
});
