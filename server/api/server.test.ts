import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentService, type WatchResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { type LaneSpec, TrafficSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { createClock } from '../events/clock.ts';
import { createHub, type Hub } from '../events/hub.ts';
import { frameOf } from '../events/testing.ts';
import { inProcess, temporaryFolder } from '../recording/testing/in-process.ts';
import type { Agent } from './agent-port.ts';
import { LatencyMetric } from './latency-metric.ts';
import type { Scenarios } from './scenarios-port.ts';
import { type Api, type ApiOptions, startApi } from './server.ts';

/** A cluster of one pod and two lanes that only remembers what it was asked. */
class FakeAgent implements Agent {
  readonly asked: unknown[][] = [];
  lanes = ['clusterip', 'headless'];
  hub: Hub;
  constructor(hub: Hub) {
    this.hub = hub;
  }
  #lane(laneId: string | undefined) {
    return laneId === undefined || this.lanes.includes(laneId)
      ? ({ ok: true } as const)
      : ({ ok: false, code: 'not_found', message: `no lane ${laneId}; there are ${this.lanes}` } as const);
  }
  #pod(pod: string) {
    return pod === 'greeter-a'
      ? ({ ok: true, uid: 'uid-a' } as const)
      : ({ ok: false, code: 'not_found', message: `no pod ${pod}; there are greeter-a` } as const);
  }
  startTraffic(laneId?: string) {
    this.asked.push(['start', laneId]);
    return this.#lane(laneId);
  }
  stopTraffic(laneId?: string) {
    this.asked.push(['stop', laneId]);
    return this.#lane(laneId);
  }
  setTraffic(laneId: string | undefined, change: object) {
    this.asked.push(['traffic', laneId, change]);
    const lane = this.#lane(laneId);
    return lane.ok ? { ...lane, traffic: create(TrafficSchema, { connections: 1, ...change }) } : lane;
  }
  async newRun() {
    return { runId: this.hub.newRun('new run') };
  }
  putLane(spec: LaneSpec) {
    this.asked.push(['put', spec]);
    this.hub.emit({ laneId: spec.id, kind: { case: 'laneChanged', value: { lane: spec } } });
    return { ok: true } as const;
  }
  removeLane(laneId: string) {
    return this.#lane(laneId);
  }
  wanted() {
    return true;
  }
  async applyPreset() {
    return { ok: true } as const;
  }
  async addPreset(presetId: string, choices: object) {
    this.asked.push(['preset', presetId, choices]);
    return { ok: true, laneId: presetId, applied: true, objects: '', note: 'the lane is there' } as const;
  }
  async encodingBenchmark() {
    return { ok: true, codecs: [{ message: 'small' }], calls: [], note: 'no pod is ready' } as const;
  }
  presetObjects(presetId: string) {
    return `# ${presetId}\n`;
  }
  laneIds() {
    return this.lanes;
  }
  async scale(replicas: number) {
    this.asked.push(['scale', replicas]);
    if (replicas === 13) throw new Error('a secret that stays here');
    if (replicas === 7)
      return { ok: false, code: 'permission_denied', message: 'patch deployments/scale is forbidden' } as const;
    if (replicas === 8) return { ok: false, code: 'unavailable', message: 'the API does not answer' } as const;
    this.hub.emit({ kind: { case: 'scaleAsked', value: { from: 3, to: replicas } } });
    return { ok: true, from: 3, to: replicas } as const;
  }
  async deletePod(pod: string, grace: number | undefined) {
    this.asked.push(['delete', pod, grace]);
    return this.#pod(pod);
  }
  async restartRollout() {
    return { ok: true } as const;
  }
  async setMaxConnectionAge(ageMs: number, graceMs: number) {
    this.asked.push(['age', ageMs, graceMs]);
    return { ok: true as const, pods: 2, missed: ['c'] };
  }
  async setPodBehavior(pod: string, change: object) {
    this.asked.push(['behave', pod, change]);
    return this.#pod(pod);
  }
}

/** A lane for somebody's own Service, with descriptors of that size. */
const ownService = (bytes: number) => ({
  presetId: 'own-service',
  target: 'orders.shop:50051',
  method: { path: '/a.B/C', descriptors: Buffer.alloc(bytes).toString('base64') },
});

const clock = createClock();
const logged: string[] = [];
const log = {
  info: (_: object, message: string) => void logged.push(message),
  warn: (_: object, message: string) => void logged.push(message),
  error: (_: object, message: string) => void logged.push(message),
};
const folder = temporaryFolder();
const runs = inProcess({ folder: folder.path });
let hub: Hub;
let agent: FakeAgent;
let api: Api;
const open: Api[] = [];
const notFound = { ok: false, code: 'not_found', message: 'there is no such scenario' } as const;
const done = { ok: true } as const;
/** Records votes; the scenarios themselves are tested in server/scenarios. */
const votes: unknown[] = [];
const scenarios: Scenarios = {
  list: () => [],
  get: () => notFound,
  check: () => ({ faults: [], unavailable: '' }),
  start: () => Promise.resolve(notFound),
  pause: () => done,
  next: () => done,
  abort: () => done,
  vote: (...vote) => {
    votes.push(vote);
    return done;
  },
  reveal: () => done,
};

async function start(more: Partial<ApiOptions> = {}): Promise<Api> {
  const started = await startApi({ hub, agent, runs, scenarios, clock, host: '127.0.0.1', port: 0, log, ...more });
  open.push(started);
  return started;
}

beforeEach(async () => {
  logged.length = 0;
  hub = createHub({ clock, agentVersion: 'test' });
  hub.newRun('agent started');
  agent = new FakeAgent(hub);
  api = await start();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});
afterAll(() => folder.remove());

async function post(method: string, body: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(`${api.url}/lbscope.agent.v1.AgentService/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    json: text.startsWith('{') ? JSON.parse(text) : undefined,
  };
}

const client = (useBinaryFormat = true) =>
  createClient(AgentService, createConnectTransport({ baseUrl: api.url, httpVersion: '1.1', useBinaryFormat }));

describe('as curl reaches it', () => {
  it('reads the history of the live run between two instants, and refuses another run and what is no instant', async () => {
    const start = hub.run.runStartedAt;
    hub.frame(frameOf(start + 1_000, start + 1_200, 20));
    const all = await post('ReadHistory', {});
    expect(all.status).toBe(200);
    expect(all.json).toMatchObject({ runId: hub.runId, resolutionMs: 200, frames: [{}] });
    expect((await post('ReadHistory', { runId: 'another' })).json).toMatchObject({ code: 'not_found' });
    const bad = await post('ReadHistory', { from: 'yesterday', resolutionMs: 1 });
    expect(bad.json).toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('from is "yesterday": allowed is an instant'),
    });
    expect(JSON.stringify(bad.json)).toContain('resolutionMs is 1');
  });

  it('a snapshot names what is zero, false and empty too', async () => {
    const { status, json } = await post('GetSnapshot', {});
    expect(status).toBe(200);
    expect(json).toMatchObject({
      runId: hub.runId,
      sequence: 1,
      running: false,
      lanes: [],
      pods: [],
      agentVersion: 'test',
    });
    expect(json.at).toMatch(/^\d{4}-\d\d-\d\dT[\d:]+(\.\d{3,6})?Z$/);
  });

  it.each([
    ['ScaleDeployment', { replicas: 5 }, { from: 3, to: 5, sequence: 2 }],
    ['SetTraffic', { ratePerSecond: 5 }, { traffic: { ratePerSecond: 5, concurrency: 0 }, sequence: 1 }],
    ['StartTraffic', {}, { sequence: 1 }],
    ['StopTraffic', { laneId: 'headless' }, { sequence: 1 }],
    ['DeletePod', { pod: 'greeter-a', gracePeriodSeconds: 0 }, { uid: 'uid-a' }],
    ['SetPodBehavior', { pod: 'greeter-a', ready: false }, { uid: 'uid-a' }],
    ['SetMaxConnectionAge', { ageMs: 30_000 }, { pods: 2, missed: ['c'] }],
    ['RestartRollout', {}, { sequence: 1 }],
    ['RemoveLane', { laneId: 'headless' }, { sequence: 1 }],
  ])('%s %j', async (method, body, answer) => {
    expect(await post(method, body)).toMatchObject({ status: 200, json: answer });
  });

  it('only what was given is passed on: zero and false are given, absent is not', async () => {
    await post('SetPodBehavior', { pod: 'greeter-a', ready: false, errorRate: 0 });
    await post('DeletePod', { pod: 'greeter-a' });
    await post('DeletePod', { pod: 'greeter-a', gracePeriodSeconds: 0 });
    await post('SetTraffic', { thinkTimeMs: 0 });
    expect(agent.asked).toEqual([
      ['behave', 'greeter-a', { ready: false, errorRate: 0 }],
      ['delete', 'greeter-a', undefined],
      ['delete', 'greeter-a', 0],
      ['traffic', undefined, { thinkTimeMs: 0 }],
    ]);
  });

  it.each([
    ['ScaleDeployment', { replicas: 'five' }, 400, 'invalid_argument', /replicas is "five"/],
    ['ScaleDeployment', '{', 400, 'invalid_argument', /not JSON/],
    ['DeletePod', { pod: 'nobody' }, 404, 'not_found', /greeter-a/],
    ['StopTraffic', { laneId: 'nowhere' }, 404, 'not_found', /clusterip/],
    ['ScaleDeployment', { replicas: 7 }, 403, 'permission_denied', /patch deployments\/scale/],
    ['ScaleDeployment', { replicas: 8 }, 503, 'unavailable', /API/],
    ['Explode', {}, 501, 'unimplemented', /Explode.*GetSnapshot/],
    ['DeletePod', { pod: 'x'.repeat(70_000) }, 429, 'resource_exhausted', /65536/],
  ])('%s %j is refused with %s', async (method, body, status, code, message) => {
    const answer = await post(method, body);
    expect(answer.status).toBe(status);
    expect(answer.json.code).toBe(code);
    expect(answer.json.message).toMatch(message);
  });

  it('descriptors of a whole service fit into a request', async () => {
    const answer = await post('AddPreset', ownService(1_048_576));
    expect(answer.status).toBe(200);
    const [, presetId, choices] = agent.asked.at(-1) as [string, string, { method: { descriptors: Uint8Array } }];
    expect([presetId, choices.method.descriptors.length]).toEqual(['own-service', 1_048_576]);
    const larger = await post('AddPreset', ownService(1_120_000));
    expect([larger.status, larger.json.code]).toEqual([400, 'invalid_argument']);
    expect(larger.json.message).toMatch(/descriptors is .* at most 1048576 bytes/);
    expect((await post('AddPreset', ownService(1_200_000))).json.message).toMatch(/1536000/);
  });

  it('a fault inside says nothing outside, and is logged', async () => {
    const answer = await post('ScaleDeployment', { replicas: 13 });
    expect(answer).toMatchObject({ status: 500, json: { code: 'internal' } });
    expect(answer.text).not.toContain('secret');
    expect(logged).toEqual(['a method failed']);
  });

  it('a lane without a label is shown by its id', async () => {
    await post('PutLane', { lane: { id: 'mine', target: 'a:1', resolver: 'dns', policy: 'pick_first' } });
    expect(agent.asked[0]?.[1]).toMatchObject({ id: 'mine', label: 'mine' });
  });

  it('other verbs, types and paths are told what is taken', async () => {
    const url = `${api.url}/lbscope.agent.v1.AgentService/GetSnapshot`;
    const get = await fetch(url);
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
    const typed = await post('GetSnapshot', '{}', { 'content-type': 'text/plain' });
    expect([typed.status, typed.text]).toEqual([415, expect.stringContaining('application/json')]);
    expect((await fetch(`${api.url}/elsewhere`)).status).toBe(404);
  });

  it('health and metrics', async () => {
    const latency = new LatencyMetric();
    api = await start({ latency });
    expect(await (await fetch(`${api.url}/healthz`)).text()).toBe('ok\n');
    hub.emit({ laneId: 'headless', kind: { case: 'laneChanged', value: { lane: { id: 'headless' } } } });
    hub.emit({ kind: { case: 'podAdded', value: { pod: { uid: 'pod-1', name: 'greeter-a' } } } });
    hub.frame(frameOf(clock.now() - 200, clock.now(), 20));
    hub.frame(frameOf(clock.now() - 200, clock.now(), 22));
    const timed = frameOf(clock.now() - 200, clock.now(), 0);
    Object.assign(timed.lanes[0]?.pods[0] ?? {}, { latencySteps: [40, 0, 2], latencySumMs: 3.5 });
    latency.take(timed);
    expect(timed.lanes[0]?.pods[0]).toMatchObject({ latencySteps: [], latencySumMs: 0 });
    const text = await (await fetch(`${api.url}/metrics`)).text();
    expect(text).toContain('lbscope_calls_total{lane="headless",pod="greeter-a",outcome="answered"} 42');
    expect(text).toContain('lbscope_frames_total 2');
    const greeter = 'lane="headless",pod="greeter-a"';
    expect(text).toContain(`lbscope_latency_seconds_bucket{${greeter},le="0.000128"} 40`);
    expect(text).toContain(`lbscope_latency_seconds_bucket{${greeter},le="0.000256"} 40`);
    expect(text).toContain(`lbscope_latency_seconds_bucket{${greeter},le="0.000512"} 42`);
    expect(text).toContain(`lbscope_latency_seconds_bucket{${greeter},le="+Inf"} 42`);
    expect(text).toContain(`lbscope_latency_seconds_sum{${greeter}} 0.0035`);
    expect(text).toContain(`lbscope_latency_seconds_count{${greeter}} 42`);
    expect(text).toContain('lbscope_pod_service_seconds_count{lane="headless",pod="greeter-a"} 42');
    expect(text).toMatch(/lbscope_pod_service_seconds_sum{lane="headless",pod="greeter-a"} 0.04(2|1999)/);
    expect(text).not.toContain('lbscope_belief_age_seconds{');
    const state = { watcher: 'truth', resource: 'pods', state: 'lost', message: 'the connection broke' };
    hub.emit({ kind: { case: 'watchState', value: state } });
    hub.emit({
      at: clock.now() - 90_000,
      laneId: 'headless',
      kind: { case: 'resolved', value: { addresses: ['127.0.0.1:1'], source: 'dns', changed: true } },
    });
    const later = await (await fetch(`${api.url}/metrics`)).text();
    expect(later).toContain('lbscope_watch_restarts_total{watcher="truth",resource="pods"} 1');
    expect(later).toMatch(/lbscope_belief_age_seconds{lane="headless"} (9\d|1\d\d)/);
    hub.emit({ laneId: 'headless', kind: { case: 'laneChanged', value: { lane: { id: 'headless' }, removed: true } } });
    const removed = await (await fetch(`${api.url}/metrics`)).text();
    for (const line of removed.split('\n')) expect(line).not.toMatch(/^lbscope_.*lane="headless"/);
    expect(text).toContain('process_resident_memory_bytes');
  });
});

describe('who may', () => {
  it('another site is refused before its request is read', async () => {
    const answer = await post('StopTraffic', {}, { origin: 'https://example.com' });
    expect(answer).toMatchObject({ status: 403, json: { code: 'permission_denied' } });
    expect(agent.asked).toEqual([]);
  });

  it('with a token, looking is free and changing needs it', async () => {
    api = await start({ tokens: () => ({ control: 't0ken' }) });
    expect((await post('GetSnapshot', {})).status).toBe(200);
    expect(await post('StopTraffic', {})).toMatchObject({ status: 401, json: { code: 'unauthenticated' } });
    expect((await post('StopTraffic', {}, { authorization: 'Bearer t0ken' })).status).toBe(200);
    expect(agent.asked).toEqual([['stop', undefined]]);
    expect((await post('GetAccess', {})).json).toMatchObject({ role: 'view', tokenNeeded: true });
    expect((await post('GetAccess', {}, { authorization: 'Bearer t0ken' })).json).toMatchObject({
      role: 'control',
      tokenNeeded: false,
      mostRatePerSecond: 100_000,
    });
  });

  it('a voter votes and steers nothing; a viewer looks at scenarios and does not vote', async () => {
    api = await start({ tokens: () => ({ control: 'c0ntrol', vote: 'v0te' }) });
    const vote = { question: 0, voter: 'device-0001', choice: 2 };
    const voter = { authorization: 'Bearer v0te' };
    expect((await post('CastVote', vote)).status).toBe(401);
    expect((await post('CastVote', vote, voter)).status).toBe(200);
    expect(votes.splice(0)).toEqual([[0, 'device-0001', 2]]);
    for (const [method, body] of [
      ['RevealVotes', { question: 0 }],
      ['StartScenario', { id: 'x' }],
      ['NextStep', {}],
      ['AbortScenario', {}],
      ['PauseScenario', { paused: true }],
    ] as const) {
      expect([method, (await post(method, body, voter)).status]).toEqual([method, 401]);
    }
    expect((await post('ListScenarios', {})).status).toBe(200);
    expect((await post('CheckScenario', { text: 'title: x' })).status).toBe(200);
  });

  it('what lies above a ceiling of the deployment is refused by name, value and ceiling', async () => {
    api = await start({ ceilings: { ratePerSecond: 500, concurrency: 10, replicas: 6 } });
    for (const [method, body, message] of [
      ['SetTraffic', { ratePerSecond: 501 }, 'ratePerSecond is 501: allowed is at most 500'],
      ['SetTraffic', { concurrency: 11 }, 'concurrency is 11: allowed is at most 10'],
      ['ScaleDeployment', { replicas: 7 }, 'replicas is 7: allowed is at most 6'],
    ] as const) {
      const { status, json } = await post(method, body);
      expect({ status, json }).toMatchObject({
        status: 400,
        json: { code: 'invalid_argument', message: expect.stringContaining(message) },
      });
    }
    expect(agent.asked).toEqual([]);
    expect((await post('SetTraffic', { ratePerSecond: 500 })).status).toBe(200);
  });
});

describe('watch', () => {
  async function* items(request: { runId?: string; afterSequence?: number }, signal?: AbortSignal, binary = true) {
    yield* client(binary).watch(request, { signal: signal ?? new AbortController().signal });
  }
  const kindOf = ({ item }: WatchResponse) => item.case;

  it.each([true, false])('a snapshot, then what follows (binary: %s)', async (binary) => {
    const ending = new AbortController();
    const seen: (string | undefined)[] = [];
    for await (const response of items({}, ending.signal, binary)) {
      seen.push(kindOf(response));
      if (seen.length === 1) {
        hub.frame(frameOf(clock.now() - 200, clock.now(), 20));
        hub.emit({ kind: { case: 'rolloutAsked', value: {} } });
      }
      if (seen.length === 3) break;
    }
    expect(seen).toEqual(['snapshot', 'frame', 'event']);
    ending.abort();
  });

  it('resumes: a heartbeat at once, then only what was missed', async () => {
    for (let i = 0; i < 3; i++) hub.emit({ kind: { case: 'rolloutAsked', value: {} } });
    const seen: WatchResponse[] = [];
    for await (const response of items({ runId: hub.runId, afterSequence: 2 })) {
      seen.push(response);
      if (seen.length === 3) break;
    }
    expect(seen.map(kindOf)).toEqual(['heartbeat', 'event', 'event']);
    expect(seen.slice(1).map(({ item }) => (item.case === 'event' ? item.value.sequence : 0))).toEqual([3, 4]);
  });

  it('says that it starts anew for another run', async () => {
    const seen: WatchResponse[] = [];
    for await (const response of items({ runId: 'gone', afterSequence: 2 })) {
      seen.push(response);
      if (seen.length === 2) break;
    }
    expect(seen[1]?.item).toMatchObject({
      case: 'restarted',
      value: { reason: 'other run', snapshot: { sequence: 1 } },
    });
  });

  it('a viewer that leaves is forgotten', async () => {
    const ending = new AbortController();
    const done = (async () => {
      for await (const _ of items({}, ending.signal)) ending.abort();
    })();
    await expect(done).rejects.toThrow();
    await expect.poll(() => hub.viewers).toBe(0);
  });

  it('a heartbeat comes when nothing else does', async () => {
    const waiting: (() => void)[] = [];
    api = await start({
      timers: {
        setTimeout: (run) => {
          waiting.push(run);
          return { cancel: () => {} };
        },
      },
    });
    const stream = items({})[Symbol.asyncIterator]();
    expect(kindOf((await stream.next()).value as WatchResponse)).toBe('snapshot');
    const next = stream.next();
    await expect.poll(() => waiting.length).toBeGreaterThan(1);
    waiting.at(-1)?.();
    expect(kindOf((await next).value as WatchResponse)).toBe('heartbeat');
    await stream.return(undefined);
  });

  it('streams end cleanly when the agent does', async () => {
    const stream = items({})[Symbol.asyncIterator]();
    await stream.next();
    const end = stream.next();
    await api.close();
    expect((await end).done).toBe(true);
  });

  it("bad positions are refused in the stream's own way", async () => {
    const error = await (async () => {
      for await (const _ of items({ runId: 'a' }));
    })().catch((reason: unknown) => ConnectError.from(reason));
    expect(error).toMatchObject({ code: Code.InvalidArgument });
  });
});

describe('ports', () => {
  it('one that is taken is moved aside, and it says so', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    try {
      const moved = await start({ port });
      expect(moved.port).toBeGreaterThan(port);
      expect(logged.join()).toContain(`port ${port} is taken`);
    } finally {
      other.close();
    }
  });
});
