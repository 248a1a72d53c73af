import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LaneSpecSchema, PodSchema, type Traffic, TrafficSchema } from '../../../gen/lbscope/events/v1/events_pb.js';
import { presets } from '../../../model/presets.ts';
import type { Agent, Done } from '../../api/agent-port.ts';
import { FakeTime } from '../../balancing/testing/fake-time.ts';
import { createHub, type Hub } from '../../events/hub.ts';
import { frameOf } from '../../events/testing.ts';
import { readScenario } from '../format/read.ts';
import { presetsOf } from '../presets.ts';
import type { LabPort, RunnerParts } from './ports.ts';
import { restoreFile } from './restore-file.ts';
import { Runner } from './runner.ts';

const names = {
  namespace: 'lbscope',
  service: 'greeter',
  headlessService: 'greeter-headless',
  envoyService: 'greeter-envoy',
  port: 50_051,
};
const head = `title: A test
story: It is told.
replicas: 3
lanes: [kubewatch]
`;
const expectAll = `expect:
  - { lane: kubewatch, measure: lost, equals: 0, leastSample: 10 }
`;
function planOf(steps: string, more = head, expected = expectAll) {
  const read = readScenario(`${more}steps:\n${steps}${expected}`, 'test', presetsOf(names));
  if (read.kind === 'faults') throw new Error(read.faults.map(({ message }) => message).join('\n'));
  return read.plan;
}

/** An agent over a fold of its own: what it is asked for shows in the hub as a cluster would show it, at once. */
class FakeCluster implements Agent {
  readonly asked: string[] = [];
  readonly hub: Hub;
  /** Refuses what begins with this. */
  refuses = '';
  /** Cannot be reached for what begins with this. */
  away = '';
  /** What is asked for takes a while to show. */
  slow = false;
  constructor(hub: Hub) {
    this.hub = hub;
  }
  #do(what: string): Done {
    this.asked.push(what);
    if (this.away !== '' && what.startsWith(this.away))
      return { ok: false, code: 'unavailable', message: 'no answer within 5 s' };
    return this.refuses !== '' && what.startsWith(this.refuses)
      ? { ok: false, code: 'permission_denied', message: `may not ${what}` }
      : { ok: true };
  }
  startTraffic(lane: string | undefined) {
    for (const id of this.laneIds()) {
      if (lane !== undefined && lane !== id) continue;
      this.hub.emit({ laneId: id, kind: { case: 'laneState', value: { state: 'running' } } });
    }
    return this.#do(`start ${lane ?? 'all'}`);
  }
  stopTraffic(lane: string | undefined) {
    return this.#do(`stop ${lane ?? 'all'}`);
  }
  setTraffic(lane: string | undefined, change: Partial<Traffic>) {
    const done = this.#do(`traffic ${lane ?? 'all'} ${change.ratePerSecond ?? `c${change.concurrency}`}`);
    return done.ok ? { ...done, traffic: create(TrafficSchema, { ...change, $typeName: undefined }) } : done;
  }
  async newRun() {
    return { runId: this.hub.newRun('new run') };
  }
  putLane(spec: { id: string }) {
    this.hub.emit({
      laneId: spec.id,
      kind: { case: 'laneChanged', value: { lane: create(LaneSpecSchema, spec), removed: false } },
    });
    return this.#do(`put ${spec.id}`);
  }
  removeLane(id: string) {
    const spec = this.hub.run.lanes.get(id)?.spec;
    if (spec) this.hub.emit({ laneId: id, kind: { case: 'laneChanged', value: { lane: spec, removed: true } } });
    return this.#do(`remove ${id}`);
  }
  async addPreset(id: string) {
    const done = this.#do(`preset ${id}`);
    return done.ok ? { ...done, laneId: id, applied: true, objects: '', note: '' } : done;
  }
  async applyPreset(id: string) {
    return this.#do(`objects ${id}`);
  }
  presetObjects = () => undefined;
  encodingBenchmark = async () => ({ ok: true, codecs: [], calls: [], note: '' }) as const;
  laneIds = () => [...this.hub.run.lanes.keys()];
  /** Lanes that shall not run, whatever their state is. */
  readonly unwanted = new Set<string>();
  wanted = (id: string) => !this.unwanted.has(id);
  async scale(replicas: number) {
    const from = this.hub.run.deployment?.replicas ?? 0;
    const done = this.#do(`scale ${replicas}`);
    if (!done.ok) return done;
    if (!this.slow) pods(this.hub, replicas);
    return { ...done, from, to: replicas };
  }
  async deletePod(pod: string, grace: number | undefined) {
    const done = this.#do(`delete ${pod} ${grace ?? 'own'}`);
    return done.ok ? { ...done, uid: pod } : done;
  }
  async restartRollout() {
    return this.#do('rollout');
  }
  async setMaxConnectionAge(ageMs: number, graceMs: number) {
    const done = this.#do(`age ${ageMs} ${graceMs}`);
    return done.ok ? { ...done, pods: 3, missed: [] } : done;
  }
  async setPodBehavior(pod: string, change: object) {
    this.hub.emit({ podUid: pod, kind: { case: 'behaviorAsked', value: { pod, ...change } } });
    const done = this.#do(`behave ${pod} ${JSON.stringify(change)}`);
    return done.ok ? { ...done, uid: pod } : done;
  }
}

/** So many ready pods, as the truth watch would tell. */
function pods(hub: Hub, n: number): void {
  const all = Array.from({ length: n }, (_, i) => `uid-${i}`);
  for (const uid of all) {
    if (hub.run.pods.has(uid)) continue;
    hub.emit({
      podUid: uid,
      kind: { case: 'podAdded', value: { pod: create(PodSchema, { uid, name: uid, ip: `10.0.0.${uid.slice(4)}` }) } },
    });
  }
  hub.emit({
    kind: {
      case: 'sliceChanged',
      value: {
        all: all.map((uid) => ({ address: `10.0.0.${uid.slice(4)}:1`, podUid: uid, ready: true, serving: true })),
      },
    },
  });
  const { maxConnectionAgeMs, maxConnectionAgeGraceMs } = hub.run.deployment ?? {};
  const ages = maxConnectionAgeMs === undefined ? {} : { maxConnectionAgeMs, maxConnectionAgeGraceMs };
  hub.emit({
    kind: {
      case: 'deploymentChanged',
      value: { deployment: { name: 'greeter', replicas: n, readyReplicas: n, updatedReplicas: n, ...ages } },
    },
  });
}

let folder: string;
let time: FakeTime;
let hub: Hub;
let cluster: FakeCluster;
let runner: Runner;
let parts: RunnerParts;
let kinds: string[];
/** Where the frame under way began. */
let last: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lbscope-runner-'));
  time = new FakeTime();
  last = time.now();
  hub = createHub({ clock: time, agentVersion: 'test' });
  hub.newRun('agent started');
  cluster = new FakeCluster(hub);
  pods(hub, 2);
  for (const id of ['clusterip', 'headless']) cluster.putLane(create(LaneSpecSchema, { id }));
  cluster.startTraffic(undefined);
  cluster.asked.length = 0;
  hub.emit({
    kind: {
      case: 'trafficChanged',
      value: { traffic: { ratePerSecond: 70, connections: 4, kind: 'unary' }, running: true },
    },
  });
  parts = {
    agent: cluster,
    hub,
    clock: time,
    timers: time,
    edge: async () => {
      const at = time.now();
      // Every lane answers 20 calls a frame on the first pod; the edge ends the frame.
      if (at > last) for (const id of cluster.laneIds()) hub.frame(frameOf(last, at, 20, id, 'uid-0'));
      last = Math.max(last, at);
      return last;
    },
    deployment: {
      preStop: async () => ({ ok: true, seconds: 1 }),
      setPreStop: async (seconds) => {
        cluster.asked.push(`preStop ${seconds}`);
        hub.emit({
          kind: {
            case: 'deploymentChanged',
            value: {
              deployment: {
                replicas: 3,
                readyReplicas: 3,
                updatedReplicas: 3,
                generation: (hub.run.deployment?.generation ?? 0) + 1,
              },
            },
          },
        });
        return { ok: true };
      },
    },
    lab: undefined,
    store: restoreFile(folder, () => {}),
    newId: () => 'run-1',
  };
  runner = new Runner(parts);
  kinds = [];
  hub.subscribe((update) => {
    if (update.case === 'event') kinds.push(update.value.kind.case ?? '');
  });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Lets the run go on until nothing but an end or a wait of the room is left. */
async function advance(ms: number): Promise<void> {
  const until = time.now() + ms;
  while (time.now() < until) {
    await time.advance(50);
    if (last < time.now() - 150) await parts.edge();
  }
}
const state = () => hub.run.scenario;
const start = (steps: string, more: { guided?: boolean; head?: string; expect?: string } = {}) =>
  runner.start({ plan: planOf(steps, more.head, more.expect), guided: more.guided ?? false, by: 'ada' });

describe('a run', () => {
  it('goes through its steps in order and puts everything back', async () => {
    expect(await start('  - scale: 4\n  - wait: 1s\n')).toEqual({ ok: true, scenarioRunId: 'run-1' });
    await advance(20_000);
    expect(state()).toMatchObject({ state: 'ended', outcome: 'pass', startedBy: 'ada' });
    expect(state()?.scenario?.steps.map((step) => [step.kind, step.state])).toEqual([
      ['prepare', 'done'],
      ['scale', 'done'],
      ['wait', 'done'],
    ]);
    expect(cluster.asked).toEqual([
      'stop all',
      'scale 3',
      'traffic all 100',
      'remove clusterip',
      'remove headless',
      'put kubewatch',
      'start all',
      'scale 4',
      // as it was
      'traffic all 70',
      'remove kubewatch',
      'put clusterip',
      'put headless',
      'start clusterip',
      'start headless',
      'scale 2',
    ]);
    expect(parts.store.load()).toBeUndefined();
    expect(runner.busy).toBeUndefined();
  });

  it('speaks in events, and a late viewer sees the same', async () => {
    await start('  - say: Hello\n  - wait: 200ms\n');
    await advance(20_000);
    const own = kinds.filter((kind) => /^(scenario|step|said|expectation)/.test(kind));
    expect(own).toEqual([
      'scenarioStarted',
      'stepStarted',
      'stepEnded',
      'stepStarted',
      'said',
      'stepEnded',
      'stepStarted',
      'stepEnded',
      'expectationJudged',
      'scenarioStateChanged',
      'scenarioEnded',
    ]);
    expect(hub.snapshot().scenario).toEqual(hub.run.scenario);
  });

  it('refuses a second one with who and what runs', async () => {
    await start('  - wait: 5s\n');
    expect(await start('  - wait: 5s\n')).toMatchObject({
      ok: false,
      message: expect.stringContaining('"A test" runs, started by ada: one scenario at a time'),
    });
    runner.abort();
    await advance(20_000);
    expect(await start('  - wait: 5s\n')).toMatchObject({ ok: true });
    runner.abort();
    await advance(20_000);
  });

  it('is aborted from within a wait, restores, and what was not reached is inconclusive', async () => {
    await start('  - scale: 4\n  - wait: 10min\n');
    await advance(5_000);
    expect(state()?.step).toBe(2);
    runner.abort();
    await advance(20_000);
    expect(state()).toMatchObject({ state: 'ended', outcome: 'aborted' });
    expect(state()?.scenario?.expectations[0]).toMatchObject({ state: 'inconclusive' });
    expect(cluster.asked.at(-1)).toBe('scale 2');
  });

  it('pauses between steps and goes on; next cuts a wait short', async () => {
    await start('  - wait: 2s\n  - say: Done\n  - wait: 10min\n  - say: The end\n');
    await advance(2_500);
    runner.pause(true);
    expect(state()?.state).toBe('paused');
    const step = state()?.step;
    await advance(60_000);
    expect([state()?.state, state()?.step]).toEqual(['paused', step]);
    runner.pause(false);
    await advance(3_000);
    expect(state()?.step).toBe(3);
    runner.next();
    await advance(20_000);
    expect(state()).toMatchObject({ state: 'ended' });
    expect(state()?.scenario?.steps[3]).toMatchObject({ state: 'skipped', note: 'cut short' });
  });

  it('paused while it waits for the presenter: their next leads into the pause, and the one after out of it', async () => {
    await start('  - say: Hello.\n  - wait: 1s\n', { guided: true });
    await advance(10_000);
    expect(state()).toMatchObject({ state: 'waiting' });
    runner.pause(true);
    runner.next();
    await advance(5_000);
    expect(state()).toMatchObject({ state: 'paused', step: 1 });
    runner.next();
    await advance(30_000);
    expect(state()).toMatchObject({ state: 'ended', outcome: 'pass' });
  });

  it('fails where an expectation does, and is inconclusive where it cannot be told', async () => {
    await start('  - wait: 1s\n', {
      expect: 'expect:\n  - { lane: kubewatch, measure: lost, atLeast: 1, leastSample: 10 }\n',
    });
    await advance(20_000);
    expect(state()).toMatchObject({ outcome: 'fail' });
    await start('  - wait: 1s\n', {
      expect: 'expect:\n  - { lane: kubewatch, measure: lost, equals: 0, leastSample: 100000 }\n',
    });
    await advance(20_000);
    expect(state()).toMatchObject({ outcome: 'inconclusive' });
  });

  it('a condition that does not come true in time is inconclusive and says what was missing', async () => {
    await start('  - wait: { podsReady: 9, atMost: 2s }\n');
    await advance(20_000);
    expect(state()).toMatchObject({
      outcome: 'inconclusive',
      reason: expect.stringContaining('not within 2.0 s: 3 pods are ready'),
    });
  });

  it('what the cluster refuses could not run, and is said', async () => {
    cluster.refuses = 'delete';
    await start('  - deletePod: { pod: oldest }\n');
    await advance(20_000);
    expect(state()).toMatchObject({
      outcome: 'could_not_run',
      reason: expect.stringContaining('may not delete uid-0'),
    });
  });

  it('does not begin when what it will change cannot be written down', async () => {
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'a file where a folder should be');
    expect(await start('  - wait: 1s\n')).toMatchObject({
      ok: false,
      message: expect.stringContaining('could not be written down'),
    });
    expect(cluster.asked).toEqual([]);
  });

  it('needs the embedded cluster for its faults, and asks it for nothing otherwise', async () => {
    expect(await start('  - dns: nxdomain\n')).toMatchObject({
      ok: false,
      message: expect.stringContaining('needs the embedded cluster'),
    });
    const told: string[] = [];
    const lab: LabPort = {
      async setDns(answers) {
        told.push(answers);
        return { ok: true };
      },
      async forbidLaneWatch(forbidden) {
        told.push(`forbidden ${forbidden}`);
        return { ok: true };
      },
      apiGone: async () => ({ ok: true }),
    };
    runner = new Runner({ ...parts, lab });
    await start('  - dns: nxdomain\n  - laneWatch: forbidden\n  - wait: 500ms\n');
    await advance(20_000);
    expect(told).toEqual(['nxdomain', 'forbidden true', 'normal', 'forbidden false']);
  });
});

describe('restoring', () => {
  it('a pod that was made slow, a preStop that was taken away', async () => {
    await start(
      '  - setBehavior: { pod: oldest, delayMs: 50, as: slow }\n  - maxConnectionAge: { age: 5s, grace: 1s }\n  - rollout: { preStop: none }\n  - wait: 1s\n',
    );
    await advance(30_000);
    expect(cluster.asked.filter((what) => /behave|preStop|age/.test(what))).toEqual([
      'behave uid-0 {"delayMs":50}',
      'age 5000 1000',
      'preStop none',
      'behave uid-0 {"ready":true,"delayMs":0,"errorRate":0}',
      'age -1 -1',
      'preStop 1',
    ]);
  });

  it('an age of connections that the pods were started with', async () => {
    const deployment = {
      ...{ name: 'greeter', replicas: 2, readyReplicas: 2, updatedReplicas: 2 },
      ...{ maxConnectionAgeMs: 30_000, maxConnectionAgeGraceMs: 10_000 },
    };
    hub.emit({ kind: { case: 'deploymentChanged', value: { deployment } } });
    await start('  - maxConnectionAge: { age: 5s, grace: 1s }\n  - wait: 1s\n');
    await advance(30_000);
    expect(cluster.asked.filter((what) => what.startsWith('age'))).toEqual(['age 5000 1000', 'age 30000 10000']);
  });

  it('after a crash of the agent: by the next one, from what was written down before anything changed', async () => {
    await start('  - scale: 5\n  - wait: 10min\n');
    await advance(5_000);
    expect(hub.run.deployment?.replicas).toBe(5);
    // The next agent knows nothing but its cluster and that file.
    const next = createHub({ clock: time, agentVersion: 'test' });
    next.newRun('resumed');
    const agent = new FakeCluster(next);
    pods(next, 5);
    agent.putLane(create(LaneSpecSchema, { id: 'kubewatch' }));
    agent.asked.length = 0;
    const heir = new Runner({ ...parts, hub: next, agent });
    const recovered = heir.recover(true);
    expect(heir.busy).toMatch(/being restored/);
    await time.advance(500);
    await time.advance(20_000);
    await recovered;
    expect(agent.asked).toEqual([
      'traffic all 70',
      'remove kubewatch',
      'put clusterip',
      'put headless',
      'start clusterip',
      'start headless',
      'scale 2',
    ]);
    expect(next.run.scenario).toMatchObject({
      state: 'ended',
      outcome: 'aborted',
      restored: ['2 lanes and their traffic', '2 replicas'],
    });
    expect(heir.busy).toBeUndefined();
    expect(parts.store.load()).toBeUndefined();
  });

  it('what could not be restored is said and stays written down', async () => {
    await start('  - scale: 5\n  - wait: 10min\n');
    await advance(5_000);
    cluster.refuses = 'scale';
    runner.abort();
    await advance(30_000);
    expect(state()?.restored.at(-1)).toMatch(/^not restored: 2 replicas \(may not scale 2\)/);
    expect(parts.store.load()).toMatchObject({ replicas: 2, lanes: undefined });
    // The next run takes it over: it ends with how things were before both.
    cluster.refuses = '';
    await start('  - wait: 500ms\n');
    await advance(30_000);
    expect(cluster.asked.at(-1)).toBe('scale 2');
    expect(parts.store.load()).toBeUndefined();
  });

  it('lanes come back with the objects of their preset', async () => {
    const spec = presetsOf(names).find('envoy-retry');
    expect(presets.some(({ id, objects }) => id === 'envoy-retry' && objects !== undefined)).toBe(true);
    cluster.putLane(spec as never);
    cluster.asked.length = 0;
    await start('  - wait: 500ms\n');
    await advance(20_000);
    expect(cluster.asked.filter((what) => what.startsWith('objects'))).toEqual(['objects envoy-retry']);
  });

  it('lanes run again that were to run, whatever their state was', async () => {
    const told = (laneId: string, state: string) => hub.emit({ laneId, kind: { case: 'laneState', value: { state } } });
    told('clusterip', 'stopped');
    told('headless', 'unavailable');
    cluster.unwanted.add('headless');
    await start('  - wait: 500ms\n');
    await advance(20_000);
    expect(cluster.asked.filter((what) => /^(start|stop) [ch]/.test(what))).toEqual([
      'start clusterip',
      'stop headless',
    ]);
  });

  it('objects of a preset come back when the cluster does, and no lane waits for them', async () => {
    for (const id of ['envoy-retry', 'random']) cluster.putLane(presetsOf(names).find(id) as never);
    await start('  - wait: 10min\n');
    await advance(5_000);
    cluster.asked.length = 0;
    cluster.away = 'objects';
    runner.abort();
    await advance(4_000);
    expect(cluster.laneIds()).toEqual(['clusterip', 'headless', 'envoy-retry', 'random']);
    expect(state()).toMatchObject({ state: 'restoring' });
    // An agent that dies now leaves them to the next one.
    expect(parts.store.load()).toMatchObject({ lanes: undefined, objects: ['envoy-retry'] });
    cluster.away = '';
    await advance(4_000);
    expect(state()).toMatchObject({ state: 'ended' });
    expect(state()?.restored).toContain('the objects of the preset envoy-retry');
    expect(parts.store.load()).toBeUndefined();
  });

  it('an agent that ended while it restored: lanes that were put back stay as they are', async () => {
    await start('  - scale: 5\n  - wait: 10min\n');
    await advance(5_000);
    cluster.refuses = 'scale';
    runner.abort();
    await advance(30_000);
    cluster.refuses = '';
    cluster.asked.length = 0;
    const heir = new Runner(parts);
    const recovered = heir.recover(true);
    await advance(20_000);
    await recovered;
    expect(cluster.asked).toEqual(['scale 2']);
    expect(cluster.laneIds()).toEqual(['clusterip', 'headless']);
  });

  it('replicas that are as they were are no longer the scenario’s, whatever else could not be restored', async () => {
    await start('  - setBehavior: { pod: oldest, delayMs: 50 }\n  - wait: 10min\n', {
      head: head.replace('replicas: 3', 'replicas: 2'),
    });
    await advance(5_000);
    cluster.refuses = 'behave';
    runner.abort();
    await advance(30_000);
    expect(parts.store.load()).toMatchObject({ replicas: undefined, behaviors: [{ podUid: 'uid-0' }] });
  });

  it('replicas that were asked for and that the cluster has not shown yet', async () => {
    await start('  - scale: 5\n  - wait: 10min\n', { head: head.replace('replicas: 3', 'replicas: 2') });
    cluster.slow = true;
    await advance(3_000);
    expect(cluster.asked.at(-1)).toBe('scale 5');
    expect(hub.run.deployment?.replicas).toBe(2);
    runner.abort();
    await advance(30_000);
    expect(cluster.asked.at(-1)).toBe('scale 2');
  });

  it('a disk that fills up in the middle ends neither the restoring nor the agent', async () => {
    const { store } = parts;
    let full = false;
    const check = () => {
      if (full) throw new Error('ENOSPC: no space left on device');
    };
    parts = {
      ...parts,
      store: {
        ...store,
        save(plan) {
          check();
          store.save(plan);
        },
      },
    };
    runner = new Runner(parts);
    await start('  - scale: 5\n  - wait: 8s\n');
    await advance(3_000);
    full = true;
    await advance(30_000);
    expect(state()).toMatchObject({ state: 'ended', outcome: 'pass' });
    expect(state()?.restored).toContain('2 replicas');
    expect(state()?.restored.filter((sentence) => sentence.includes('ENOSPC'))).toHaveLength(1);
    expect(runner.busy).toBeUndefined();
    expect(hub.run.deployment?.replicas).toBe(2);
  });
});

describe('votes', () => {
  const ask =
    '  - ask: { question: How many?, choices: [{ text: none, equals: 0 }, { text: some, above: 0 }], decides: { measure: lost, lane: kubewatch, during: calls } }\n  - id: calls\n    wait: 1s\n';
  const question = () => state()?.scenario?.questions[0];

  it('one a voter, hidden until revealed; the answer comes from the run', async () => {
    await start(ask, { guided: true });
    await advance(15_000);
    expect(state()).toMatchObject({ state: 'waiting' });
    expect(runner.vote(0, 'device-a', 1)).toEqual({ ok: true });
    runner.vote(0, 'device-b', 1);
    runner.vote(0, 'device-a', 0);
    expect(question()).toMatchObject({ state: 'open', voters: 2, revealed: false, votes: [] });
    expect(
      JSON.stringify(hub.run.events, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
    ).not.toContain('device-a');
    expect(runner.vote(0, 'device-a', 2)).toMatchObject({ ok: false, code: 'not_found' });
    expect(runner.vote(1, 'device-a', 0)).toMatchObject({ ok: false, code: 'failed_precondition' });
    runner.next();
    await advance(500);
    expect(question()).toMatchObject({ state: 'closed', revealed: false, votes: [] });
    expect(runner.vote(0, 'device-c', 0)).toMatchObject({ ok: false, message: 'question 0 is closed' });
    await advance(20_000);
    expect(question()).toMatchObject({ answered: true, right: [0], revealed: false });
    expect(runner.reveal(0)).toEqual({ ok: true });
    expect(question()).toMatchObject({ revealed: true, votes: [1, 1], voters: 2 });
  });

  it('nobody votes where nothing runs', () => {
    expect(runner.vote(0, 'device-a', 0)).toMatchObject({ ok: false, code: 'failed_precondition' });
    expect(runner.reveal(0)).toMatchObject({ ok: false });
    expect(runner.pause(true)).toMatchObject({ ok: false });
    expect(runner.next()).toMatchObject({ ok: false });
    expect(runner.abort()).toMatchObject({ ok: false });
  });
});
