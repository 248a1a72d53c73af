import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DetourSchema, type LaneSpec, LaneSpecSchema, TlsSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { toMs } from '../../model/time.ts';
import type { Channel } from '../balancing/channel-port.ts';
import { FakeTime } from '../balancing/testing/fake-time.ts';
import type { EventInit } from '../events/port.ts';
import { LaneDriver } from '../traffic/driver.ts';
import { attributionOf, routeOf } from '../traffic/testing.ts';
import { lacking } from './channel-spec.ts';
import { defaultLanes, defaultTraffic } from './defaults.ts';
import type { Membership, ReachState } from './lane.ts';
import { Lanes, mostLanes } from './lanes.ts';
import { load, type Saved, save } from './saved.ts';

const names = {
  namespace: 'lbscope',
  service: 'greeter',
  headlessService: 'greeter-headless',
  envoyService: 'greeter-envoy',
  port: 50_051,
};

const given = { ca: true, tokenFile: true };

function setUp(options: { why?: string; held?: string; lanes?: readonly LaneSpec[]; outside?: boolean } = {}) {
  // Between two points of the 10 ms grid, so that a second holds 100 of them.
  const time = new FakeTime(1_000_000.5);
  const move = (ms: number) => time.advance(ms);
  const events: EventInit[] = [];
  const calls = new Map<string, number>();
  const closed: string[] = [];
  const stops: string[] = [];
  const proxies = new Map<string, (state: 'ok' | 'unreachable', reason: string) => void>();
  const forbid = new Map<string, (reason: string | undefined) => void>();
  const down = new Map<string, (reason: string | undefined) => void>();
  const reached = new Map<string, (state: ReachState) => void>();
  const saves: Saved[] = [];
  const lanes = new Lanes({
    initial: {
      traffic: defaultTraffic(),
      lanes: (options.lanes ?? defaultLanes(names)).map((spec) => ({ spec, running: true, traffic: undefined })),
    },
    save: (saved) => saves.push(saved),
    lacking: (spec) => lacking(spec, given),
    parts: {
      clock: time,
      timers: time,
      events: { emit: (event) => events.push(event) },
      makeDriver: (spec, { onForbidden, onDown }) => {
        forbid.set(spec.id, onForbidden);
        down.set(spec.id, onDown);
        const driver = new LaneDriver({
          laneId: spec.id,
          clock: time,
          timers: time,
          events: { emit() {} },
          attribution: attributionOf(),
          makeChannel: (index): Channel => ({
            connect() {},
            async unary() {
              calls.set(spec.id, (calls.get(spec.id) ?? 0) + 1);
              return { ok: true, message: undefined, route: routeOf() };
            },
            async stream() {
              throw new Error('not in this test');
            },
            state: 'READY',
            async close() {
              closed.push(`${spec.id} ${index}`);
            },
          }),
        });
        return {
          apply: (settings, running) => driver.apply(settings, running),
          stop: (goesOn = false) => {
            stops.push(`${spec.id} ${goesOn ? 'goes on' : 'ends'}`);
            return driver.stop();
          },
        };
      },
      makeMembership: (spec, onState): Membership | undefined => {
        if (spec.envoyStatus === '') return undefined;
        proxies.set(spec.id, onState);
        return { start() {}, stop() {}, hurry() {} };
      },
      makeReach: (spec, onState) => {
        if (options.outside !== true) return undefined;
        reached.set(spec.id, onState);
        return { start: () => onState({ kind: 'asking', what: 'the pods' }), stop() {} };
      },
      whyNot: async () => options.why,
    },
  });
  lanes.start(options.held);
  const states = (id: string) =>
    events.flatMap((event) => (event.laneId === id && event.kind?.case === 'laneState' ? [event.kind.value] : []));
  return { lanes, events, calls, closed, stops, proxies, reached, forbid, down, saves, states, move };
}

test('without a click: the four lanes run, each with the same traffic', async () => {
  const { lanes, calls, proxies, move } = setUp();
  proxies.get('envoy')?.('ok', '');
  await move(1_000);
  expect(lanes.ids).toEqual(['clusterip', 'headless', 'kubewatch', 'envoy']);
  for (const id of lanes.ids) expect(calls.get(id), id).toBe(100);
});

test('a lane that is put anew goes on, also in its counts; one that is removed ends', async () => {
  const { lanes, stops } = setUp();
  const [spec] = defaultLanes(names);
  lanes.put({ ...spec!, connections: 3 });
  lanes.remove('headless');
  expect(stops).toEqual(['clusterip goes on', 'headless ends']);
});

test('a lane that asks for what the agent was not started with is refused by its field; the others run on', () => {
  const { lanes } = setUp();
  const [spec] = defaultLanes(names);
  const put = (tls: { ownCa?: boolean; callCredentials?: boolean }) =>
    lanes.put(create(LaneSpecSchema, { ...spec!, id: 'secured', tls: create(TlsSchema, tls) }));
  expect(put({ ownCa: true, callCredentials: true })).toEqual({ ok: true });
  given.tokenFile = false;
  expect(put({ ownCa: true, callCredentials: true })).toEqual({
    ok: false,
    code: 'failed_precondition',
    message: 'lane.tls.callCredentials is true: allowed is false, as the agent was started without --call-token-file',
  });
  given.ca = false;
  expect(put({ ownCa: true })).toMatchObject({ ok: false, message: expect.stringContaining('lane.tls.ownCa') });
  expect(put({})).toEqual({ ok: true });
  Object.assign(given, { ca: true, tokenFile: true });
});

test('a proxy that never answered: unavailable, with what the cluster knows of it, no call sent; it starts by itself', async () => {
  const { calls, proxies, states, move } = setUp({ why: 'no Envoy could be had: pip is missing' });
  await move(500);
  proxies.get('envoy')?.('unreachable', 'connection refused');
  await move(5_000);
  expect(states('envoy').at(-1)).toMatchObject({
    state: 'unavailable',
    reason: 'no Envoy could be had: pip is missing',
  });
  expect(calls.get('envoy')).toBeUndefined();
  expect(calls.get('headless')).toBeGreaterThan(500);
  proxies.get('envoy')?.('ok', '');
  await move(1_000);
  expect(states('envoy').at(-1)).toMatchObject({ state: 'running' });
  expect(calls.get('envoy')).toBe(100);
});

test('a proxy that was there and went away keeps its traffic for ten seconds: those losses are real', async () => {
  const { calls, proxies, states, move } = setUp();
  proxies.get('envoy')?.('ok', '');
  await move(1_000);
  for (let i = 0; i < 9; i += 1) {
    proxies.get('envoy')?.('unreachable', 'connection refused');
    await move(1_000);
  }
  expect(states('envoy').at(-1)).toMatchObject({ state: 'running' });
  const before = calls.get('envoy') ?? 0;
  expect(before).toBeGreaterThanOrEqual(1_000);
  await move(2_000);
  proxies.get('envoy')?.('unreachable', 'connection refused');
  const then = calls.get('envoy');
  await move(2_000);
  expect(states('envoy').at(-1)).toMatchObject({
    state: 'unavailable',
    reason: expect.stringContaining('connection refused'),
  });
  expect(calls.get('envoy')).toBe(then);
});

test('a forbidden watch is a state of its lane alone, and ends by itself', async () => {
  const { forbid, states, proxies, move } = setUp();
  proxies.get('envoy')?.('ok', '');
  await move(10);
  forbid.get('kubewatch')?.('not allowed to list endpointslices');
  expect(states('kubewatch').at(-1)).toMatchObject({
    state: 'unavailable',
    reason: 'not allowed to list endpointslices',
  });
  expect(states('headless').at(-1)).toMatchObject({ state: 'running' });
  forbid.get('kubewatch')?.(undefined);
  expect(states('kubewatch').at(-1)).toMatchObject({ state: 'running' });
});

test('from outside: no call before it is known whether a lane is reached; the way around is told, and it starts by itself', async () => {
  const { calls, reached, states, proxies, move } = setUp({ outside: true, why: 'no pod runs behind it' });
  await move(1_000);
  expect(states('headless').at(-1)).toMatchObject({ state: 'unavailable', code: 'asking' });
  expect(calls.size).toBe(0);
  reached.get('clusterip')?.({ kind: 'open' });
  const detour = create(DetourSchema, { command: 'kubectl port-forward' });
  const state: ReachState = { kind: 'unreachable', reason: 'none of its 3 pods', since: 1_000_500, detour };
  for (const id of ['headless', 'envoy']) reached.get(id)?.(state);
  // A proxy out of reach answers nothing either: what stands between is the better reason.
  proxies.get('envoy')?.('unreachable', 'its name cannot be resolved');
  await move(11_000);
  for (const id of ['headless', 'envoy']) {
    expect(states(id).at(-1)).toMatchObject({
      state: 'unavailable',
      code: 'unreachable',
      reason: state.reason,
      detour,
    });
    expect(toMs(states(id).at(-1)?.since as Timestamp)).toBe(1_000_500);
    expect(calls.has(id)).toBe(false);
  }
  expect(calls.get('clusterip')).toBeGreaterThan(1_000);
  reached.get('headless')?.({ kind: 'open' });
  await move(1_000);
  expect(states('headless').at(-1)).toEqual({ state: 'running', reason: '', code: '' });
  expect(calls.get('headless')).toBe(100);
});

test('rate and concurrency exclude each other; a lane of its own keeps what others change elsewhere', async () => {
  const { lanes, saves } = setUp();
  expect(lanes.setTraffic(undefined, { concurrency: 8 })).toMatchObject({
    ok: true,
    traffic: { concurrency: 8, ratePerSecond: 0 },
  });
  expect(lanes.setTraffic(undefined, { ratePerSecond: 50 })).toMatchObject({
    traffic: { concurrency: 0, ratePerSecond: 50 },
  });
  expect(lanes.setTraffic('headless', { ratePerSecond: 10 })).toMatchObject({ traffic: { ratePerSecond: 10 } });
  lanes.setTraffic(undefined, { payloadBytes: 512 });
  const headless = saves.at(-1)?.lanes.find((lane) => lane.spec.id === 'headless');
  expect(headless?.traffic).toMatchObject({ ratePerSecond: 10, payloadBytes: 512 });
  expect(saves.at(-1)?.traffic).toMatchObject({ ratePerSecond: 50, payloadBytes: 512 });
});

test('a stream that its deadline always cuts is refused, whatever order the settings come in', () => {
  const { lanes } = setUp();
  const stream = { kind: 'bidi', messagesPerStream: 11, messageIntervalMs: 500 };
  expect(lanes.setTraffic(undefined, stream)).toMatchObject({
    ok: false,
    code: 'failed_precondition',
    message: expect.stringContaining('a stream takes 5000 ms, and deadlineMs is 5000'),
  });
  expect(lanes.setTraffic('headless', { ...stream, deadlineMs: 6_000 })).toMatchObject({ ok: true });
  expect(lanes.setTraffic('headless', { deadlineMs: 4_000 })).toMatchObject({ ok: false });
  expect(lanes.setTraffic(undefined, { messageIntervalMs: 600 })).toMatchObject({ ok: false });
  expect(lanes.setTraffic(undefined, { kind: 'unary' })).toMatchObject({ ok: true });
});

test('stop and start, one lane or all', async () => {
  const { lanes, states, calls, proxies, move } = setUp();
  proxies.get('envoy')?.('ok', '');
  lanes.setRunning('headless', false);
  await move(1_000);
  expect(states('headless').at(-1)).toMatchObject({ state: 'stopped' });
  expect(calls.get('headless')).toBeUndefined();
  expect(calls.get('clusterip')).toBe(100);
  lanes.setRunning(undefined, false);
  expect(lanes.running).toBe(false);
  lanes.setRunning(undefined, true);
  await move(1_000);
  expect(calls.get('headless')).toBe(100);
  expect(lanes.setRunning('nowhere', true)).toMatchObject({
    ok: false,
    code: 'not_found',
    message: expect.stringContaining('nowhere'),
  });
});

test('held lanes say why, send nothing, and begin when released', async () => {
  const { lanes, states, calls, proxies, move } = setUp({ held: 'waiting for pods' });
  proxies.get('envoy')?.('ok', '');
  await move(1_000);
  expect(states('headless').at(-1)).toMatchObject({ state: 'stopped', reason: 'waiting for pods' });
  expect(calls.size).toBe(0);
  lanes.release();
  await move(1_000);
  expect(states('headless').at(-1)).toMatchObject({ state: 'running', reason: '' });
  expect(calls.get('headless')).toBe(100);
});

test('put replaces in place and closes the old channels; remove closes; the number is bounded', async () => {
  const { lanes, closed, events, move } = setUp();
  await move(10);
  const [first] = defaultLanes(names);
  expect(lanes.put(create(LaneSpecSchema, { ...first, $typeName: undefined, label: 'Other' }))).toEqual({ ok: true });
  await move(10);
  expect(closed).toContain('clusterip 0');
  expect(lanes.remove('headless')).toEqual({ ok: true });
  expect(lanes.remove('headless')).toMatchObject({ ok: false, code: 'not_found' });
  expect(
    events.some(
      (event) => event.laneId === 'headless' && event.kind?.case === 'laneChanged' && event.kind.value.removed === true,
    ),
  ).toBe(true);
  for (let i = lanes.ids.length; i < mostLanes; i += 1)
    expect(lanes.put(create(LaneSpecSchema, { ...first, $typeName: undefined, id: `more-${i}` }))).toEqual({
      ok: true,
    });
  expect(lanes.put(create(LaneSpecSchema, { ...first, $typeName: undefined, id: 'too-many' }))).toMatchObject({
    ok: false,
    code: 'resource_exhausted',
  });
});

test('what runs is saved at the start already: a restarted agent goes on with it', () => {
  const { saves, lanes } = setUp();
  expect(saves.at(-1)?.lanes.map(({ spec, running }) => [spec.id, running])).toEqual(lanes.ids.map((id) => [id, true]));
});

test('a driver that is down is a state of its lane, with the reason; it ends by itself', () => {
  const { down, states } = setUp();
  down.get('headless')?.('the thread ended');
  expect(states('headless').at(-1)).toMatchObject({ state: 'unavailable', reason: 'the thread ended' });
  down.get('headless')?.(undefined);
  expect(states('headless').at(-1)).toMatchObject({ state: 'running', reason: '' });
});

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lbscope-lanes-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('what is saved is loaded; rubbish is a fresh start', () => {
  const saved: Saved = {
    traffic: defaultTraffic(42),
    lanes: defaultLanes(names).map((spec, i) => ({
      spec,
      running: i !== 1,
      traffic: i === 2 ? defaultTraffic(7) : undefined,
    })),
  };
  save(folder, saved);
  expect(load(folder)).toEqual(saved);
  writeFileSync(join(folder, 'lanes.json'), '{"version":1,"lanes":[{}');
  expect(load(folder)).toBeUndefined();
  writeFileSync(join(folder, 'lanes.json'), '{"version":99}');
  expect(load(folder)).toBeUndefined();
  expect(load(join(folder, 'nowhere'))).toBeUndefined();
});
