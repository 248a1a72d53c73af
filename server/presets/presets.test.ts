import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { LaneSpec } from '../../gen/lbscope/events/v1/events_pb.js';
import { findPreset, presets } from '../../model/presets.ts';
import { checkLaneSpec } from '../api/lane-spec.ts';
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

const api: Api = {
  async request(method, path, { body }) {
    asked.push(`${method} ${path}`);
    if (method === 'PATCH') bodies.push(body as (typeof bodies)[number]);
    const code = refuse(path);
    if (code !== undefined) return { kind: 'status', code, reason: '', message: `refused with ${code}` };
    return { kind: 'ok', body: {} };
  },
  stream: () => ({ stop() {} }),
  close() {},
};

function make(mode: 'apply' | 'print', most = 99): Presets {
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
    onFault: (message) => void faults.push(message),
  });
  return made;
}

beforeEach(() => {
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
    const target = preset.needsTarget === true ? 'gateway.example:443' : lane.target;
    expect.soft(checkLaneSpec({ ...lane, target }), preset.id).toEqual([]);
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
