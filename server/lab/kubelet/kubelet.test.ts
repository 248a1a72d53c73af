import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDialMap } from '../addresses.ts';
import { createStore } from '../apiserver/store.ts';
import { type Clock, systemClock } from '../clock.ts';
import { type Delays, labDelays } from '../delays.ts';
import type { Json, KubeObject, Store } from '../store-port.ts';
import { restartDelayMs } from './backoff.ts';
import { containerEnv, expand } from './container-env.ts';
import { Kubelet } from './kubelet.ts';
import { createLogSource } from './log-source.ts';
import type { PodEvent } from './pod-worker.ts';
import { countProbe, type ProbeCount } from './prober.ts';
import { isAlive, ProcessRegister, processStart } from './register.ts';
import { imageName, isEnvoyImage, type Runtime } from './runtime.ts';

let dir: string;
let store: Store;
let register: ProcessRegister;
let kubelet: Kubelet;
let events: PodEvent[];
let delays: Delays;

/** Node programs in place of images: `sh:*` runs the args as a script of Node. */
const runtime: Runtime = {
  images: ['script'],
  async prepare({ container, args, env }) {
    if (!String(container.image).startsWith('script'))
      return { kind: 'unknown-image', message: 'the lab knows script' };
    return { kind: 'program', command: process.execPath, args: ['-e', args[0] ?? ''], env };
  },
};

/** Serves what a probe asks for, at the pod's own address; ends when its stdin does, as every program of the lab. */
const serve = (more = '') =>
  `let ok = true; const h = require('http').createServer((q, a) => { a.statusCode = ok ? 200 : 500; a.end(); });
   h.listen(${port}, process.env.POD_IP, () => console.log('listening', process.env.POD_NAME));
   process.stdin.resume().on('end', () => process.exit()); ${more}`;

let port = 0;
let nextIP = 1;

function create(name: string, container: Json, spec: Json = {}): KubeObject {
  return store.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'lbscope' },
    spec: {
      nodeName: 'node-1',
      terminationGracePeriodSeconds: 5,
      ...spec,
      containers: [
        {
          name: 'main',
          image: 'script:1',
          env: [
            { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          ],
          readinessProbe: { httpGet: { path: '/', port }, periodSeconds: 1, failureThreshold: 1 },
          ...container,
        },
      ],
    },
  });
}

const pod = (name: string): Json => store.get('Pod', 'lbscope', name);
const main = (name: string): Json => pod(name)?.status?.containerStatuses?.[0];
const isReady = (name: string) =>
  pod(name)?.status?.conditions?.find((condition: Json) => condition.type === 'Ready')?.status === 'True';
const until = (what: () => unknown) => expect.poll(what, { timeout: 8_000, interval: 10 });
const pidOf = (name: string) => kubelet.processes().find((one) => one.pod === name)?.pid as number;
const alive = (pid: number) => processStart(pid) !== undefined;

function startKubelet(): Kubelet {
  const made = new Kubelet({
    store,
    clock: systemClock,
    delays,
    runtime,
    register,
    range: { addresses: 'own', nextPodIP: () => `127.75.1.${nextIP++}`, keepPodIP: (ip) => ip.startsWith('127.75.') },
    dialMap: createDialMap('own'),
    podsDir: join(dir, 'pods'),
    env: process.env,
    hostIP: () => '127.75.0.11',
    event: (_, event) => events.push(event),
  });
  made.start();
  return made;
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'kubelet-'));
  store = createStore({ clock: systemClock, random: Math.random });
  const opened = await ProcessRegister.open(join(dir, 'processes.json'));
  if (opened.kind !== 'open') throw new Error('the register is taken');
  register = opened.register;
  events = [];
  delays = { ...labDelays, relistMs: 50, firstProbeMs: 20 };
  port = await new Promise((resolve) => {
    const probe = createServer().listen(0, '127.75.1.1', () => {
      const found = (probe.address() as { port: number }).port;
      probe.close(() => resolve(found));
    });
  });
  kubelet = startKubelet();
});
afterEach(async () => {
  await kubelet.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe('a pod', () => {
  test('runs as a process, becomes Ready, has logs, and is in the register', async () => {
    const made = create('one', { args: [serve()] });
    await until(() => isReady('one')).toBe(true);
    expect(pod('one').status).toMatchObject({
      phase: 'Running',
      hostIP: '127.75.0.11',
      podIP: expect.stringMatching(/^127\.75\.1\./),
    });
    expect(main('one')).toMatchObject({ ready: true, restartCount: 0, state: { running: {} } });
    expect(alive(pidOf('one'))).toBe(true);
    expect(JSON.parse(readFileSync(join(dir, 'processes.json'), 'utf8')).processes).toMatchObject([
      { pid: pidOf('one'), what: 'lbscope/one/main' },
    ]);
    const source = createLogSource((uid, container, previous) => kubelet.logs(uid, container, previous), systemClock);
    expect(source.read(made.metadata.uid, { tailLines: 1 })).toBe('listening one\n');
    expect(source.read(made.metadata.uid, { previous: true })).toBeUndefined();
    expect(events.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['Created', 'Started']));
  });

  test('crash: noticed at the relist, starts again in the same pod with the same address, then waits', async () => {
    create('crasher', { args: [serve('setTimeout(() => ok = true, 1)')] });
    await until(() => isReady('crasher')).toBe(true);
    const { podIP } = pod('crasher').status;
    process.kill(pidOf('crasher'), 'SIGKILL');
    await until(() => main('crasher').restartCount).toBe(1);
    await until(() => isReady('crasher')).toBe(true);
    expect(main('crasher').lastState.terminated).toMatchObject({ exitCode: 137, reason: 'Error' });
    expect(pod('crasher').status.podIP).toBe(podIP);
    expect(
      kubelet
        .logs(pod('crasher').metadata.uid, undefined, true)
        ?.read()
        .map(({ text }) => text),
    ).toEqual(['listening crasher']);

    process.kill(pidOf('crasher'), 'SIGKILL');
    await until(() => main('crasher').state.waiting?.reason).toBe('CrashLoopBackOff');
    expect(main('crasher').state.waiting.message).toContain('back-off 10s');
    expect(isReady('crasher')).toBe(false);
  });

  test('delete: preStop, SIGTERM, and only then the object goes; it stays serving meanwhile', async () => {
    const drain = `process.on('SIGTERM', () => { console.log('draining'); setTimeout(() => process.exit(0), 100); });`;
    create('leaver', { args: [serve(drain)], lifecycle: { preStop: { sleep: { seconds: 2 } } } });
    await until(() => isReady('leaver')).toBe(true);
    const pid = pidOf('leaver');
    const log = kubelet.logs(pod('leaver').metadata.uid, undefined);
    const begun = performance.now();
    store.delete('Pod', 'lbscope', 'leaver');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(pod('leaver').metadata.deletionTimestamp).toBeDefined();
    expect(isReady('leaver')).toBe(true);
    expect(alive(pid)).toBe(true);
    await until(() => pod('leaver')).toBeUndefined();
    expect(performance.now() - begun).toBeGreaterThan(2_000);
    expect(alive(pid)).toBe(false);
    expect(log?.read().at(-1)?.text).toBe('draining');
    expect(events.map(({ reason }) => reason)).toContain('Killing');
  });

  test('a program that ignores SIGTERM is ended when its grace is over', async () => {
    create('deaf', { args: [serve(`process.on('SIGTERM', () => {});`)] });
    await until(() => isReady('deaf')).toBe(true);
    const pid = pidOf('deaf');
    delays.minimumGraceMs = 50;
    delays.forceKillMs = 50;
    store.delete('Pod', 'lbscope', 'deaf', { gracePeriodSeconds: 1 });
    await until(() => pod('deaf')).toBeUndefined();
    expect(alive(pid)).toBe(false);
  });

  test('delete now: the object goes first, the process a moment later', async () => {
    delays.forceKillMs = 200;
    create('hasty', { args: [serve(`process.on('SIGTERM', () => {});`)] });
    await until(() => isReady('hasty')).toBe(true);
    const pid = pidOf('hasty');
    store.delete('Pod', 'lbscope', 'hasty', { gracePeriodSeconds: 0 });
    expect(pod('hasty')).toBeUndefined();
    expect(alive(pid)).toBe(true);
    await until(() => alive(pid)).toBe(false);
  });

  test('a shorter grace given later counts', async () => {
    delays.minimumGraceMs = 50;
    delays.forceKillMs = 50;
    create('slow', { args: [serve(`process.on('SIGTERM', () => {});`)] }, { terminationGracePeriodSeconds: 600 });
    await until(() => isReady('slow')).toBe(true);
    store.delete('Pod', 'lbscope', 'slow');
    await new Promise((resolve) => setTimeout(resolve, 100));
    store.delete('Pod', 'lbscope', 'slow', { gracePeriodSeconds: 1 });
    await until(() => pod('slow')).toBeUndefined();
  });

  test('unready and ready again by its probe, without a restart', async () => {
    create('moody', {
      args: [serve(`setTimeout(() => { ok = false; setTimeout(() => { ok = true; }, 1500); }, 500);`)],
    });
    await until(() => isReady('moody')).toBe(true);
    await until(() => isReady('moody')).toBe(false);
    await until(() => isReady('moody')).toBe(true);
    expect(main('moody').restartCount).toBe(0);
    expect(events.map(({ reason }) => reason)).toContain('Unhealthy');
  });

  test('a failing liveness probe starts the container again', async () => {
    create('sick', {
      args: [serve()],
      livenessProbe: {
        httpGet: { path: '/', port: 1 },
        periodSeconds: 1,
        failureThreshold: 1,
        terminationGracePeriodSeconds: 1,
      },
    });
    await until(() => main('sick')?.restartCount).toBe(1);
    expect(events.map(({ message }) => message)).toContain('Container main failed liveness probe, will be restarted');
  });

  test('unknown images and missing ConfigMaps say what is wrong, and start once it is right', async () => {
    create('stranger', { image: 'nginx:1' });
    await until(() => main('stranger')?.state.waiting?.reason).toBe('ErrImagePull');
    expect(main('stranger').state.waiting.message).toContain('the lab knows');
    await until(() => main('stranger').state.waiting.reason).toBe('ImagePullBackOff');
    delays.mountRetryMs = 50;
    delays.crashBackoffMs = 50;
    const readFile = `console.log(require('fs').readFileSync(process.env.FILE, 'utf8')); setInterval(() => {}, 1000); process.stdin.resume().on('end', () => process.exit());`;
    create(
      'mounted',
      {
        args: [readFile],
        env: [{ name: 'FILE', value: '/etc/app/settings' }],
        volumeMounts: [{ name: 'config', mountPath: '/etc/app' }],
        readinessProbe: undefined,
      },
      { volumes: [{ name: 'config', configMap: { name: 'app' } }] },
    );
    await until(() => events.map(({ reason }) => reason)).toContain('FailedMount');
    store.create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'app', namespace: 'lbscope' },
      data: { settings: 'hello' },
    });
    await until(() => isReady('mounted')).toBe(true);
    await until(() => kubelet.logs(pod('mounted').metadata.uid, 'main')?.read()[0]?.text).toBe('hello');
  });

  test('an emptyDir outlives the container, not the pod', async () => {
    const count = `const f = process.env.DIR + '/n'; const fs = require('fs'); let n = 0; try { n = Number(fs.readFileSync(f)); } catch {}
      fs.writeFileSync(f, String(n + 1)); console.log('start', n, f); process.stdin.resume().on('end', () => process.exit());`;
    create(
      'counter',
      {
        args: [count],
        env: [{ name: 'DIR', value: '/state' }],
        volumeMounts: [{ name: 's', mountPath: '/state' }],
        readinessProbe: undefined,
      },
      { volumes: [{ name: 's', emptyDir: {} }] },
    );
    const { uid } = pod('counter').metadata;
    await until(() => kubelet.logs(uid, 'main')?.read()[0]?.text).toMatch(/^start 0/);
    process.kill(pidOf('counter'), 'SIGKILL');
    await until(() => kubelet.logs(uid, 'main')?.read()[0]?.text).toMatch(/^start 1/);
    const file = kubelet.logs(uid, 'main')!.read()[0]!.text.split(' ')[2]!;
    store.delete('Pod', 'lbscope', 'counter', { gracePeriodSeconds: 1 });
    await until(() => pod('counter')).toBeUndefined();
    expect(() => readFileSync(file)).toThrow();
  });

  test('after a restart of the lab: same pod, same address, one restart more', async () => {
    create('survivor', { args: [serve()] });
    await until(() => isReady('survivor')).toBe(true);
    const before = pod('survivor').status;
    const pid = pidOf('survivor');
    await kubelet.stop();
    expect(alive(pid)).toBe(false);
    kubelet = startKubelet();
    await until(() => main('survivor').restartCount).toBe(1);
    await until(() => isReady('survivor')).toBe(true);
    expect(pod('survivor').status.podIP).toBe(before.podIP);
    expect(main('survivor').lastState.terminated).toMatchObject({ reason: 'Unknown', exitCode: 255 });
  });
});

describe('the register', () => {
  test('reaps by pid and start time, and spares a stranger with the same pid', async () => {
    create('left', { args: [serve()] });
    create('other', { args: [serve()] });
    await until(() => isReady('left') && isReady('other')).toBe(true);
    const [left, other] = [pidOf('left'), pidOf('other')];
    const file = join(dir, 'old.json');
    const { writeFileSync } = await import('node:fs');
    const entry = { pid: left, startedAt: processStart(left), what: 'left' };
    const stranger = { pid: other, startedAt: 'another time', what: 'stranger' };
    writeFileSync(file, JSON.stringify({ lab: { pid: 2 ** 22 + 1, startedAt: 'gone' }, processes: [entry, stranger] }));
    const opened = await ProcessRegister.open(file);
    expect(opened).toMatchObject({ kind: 'open', reaped: [{ what: 'left' }] });
    await until(() => isAlive(entry as { pid: number; startedAt: string })).toBe(false);
    expect(alive(other)).toBe(true);
  });
});

describe('a register that can’t be written', () => {
  test('ends nothing, keeps what is in it, and is written once it can be', async () => {
    const { existsSync, mkdirSync, readFileSync, rmdirSync } = await import('node:fs');
    const file = join(dir, 'full.json');
    // As a full disk does it: what is written aside can't be.
    mkdirSync(`${file}.new`);
    const waiting: (() => void)[] = [];
    const clock: Clock = {
      ...systemClock,
      after: (_, action) => {
        waiting.push(action);
        return () => {};
      },
    };
    const opened = await ProcessRegister.open(file, 0, clock);
    if (opened.kind !== 'open') throw new Error('the register is taken');
    opened.register.add(process.pid, 'this test');
    expect([existsSync(file), waiting.length]).toEqual([false, 1]);
    waiting.shift()?.();
    expect([existsSync(file), waiting.length]).toEqual([false, 1]);
    rmdirSync(`${file}.new`);
    waiting.shift()?.();
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ processes: [{ what: 'this test' }] });
    opened.register.close();
  });
});

describe('rules', () => {
  test('CrashLoopBackOff: 0, 10, 20, 40 ... 300 s', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7, 50].map((count) => restartDelayMs(count, labDelays) / 1000)).toEqual([
      0, 10, 20, 40, 80, 160, 300, 300, 300,
    ]);
  });

  test('thresholds count in a row', () => {
    let count: ProbeCount = { result: false, decided: false, run: 0, last: undefined };
    const seen: boolean[] = [];
    for (const letter of 'ssfsffsfffss') {
      count = countProbe(count, letter === 's' ? 'success' : 'failure', { success: 2, failure: 3 });
      seen.push(count.result);
    }
    expect(seen.map(Number).join('')).toBe('011111111001');
  });

  test('environment: references, fields and what is missing', () => {
    expect(expand('$(A)-$$(A)-$(B)', { A: '1' })).toBe('1-$(A)-$(B)');
    const sources = {
      pod: {
        metadata: { name: 'p', namespace: 'n', uid: 'u', labels: { app: 'x' } },
        spec: { nodeName: 'node-2' },
      } as unknown as KubeObject,
      podIP: '127.0.0.9',
      hostIP: '127.0.0.1',
      data: (_: string, name: string) => (name === 'there' ? { key: 'value' } : undefined),
    };
    const ref = (fieldPath: string) => ({ name: 'X', valueFrom: { fieldRef: { fieldPath } } });
    const of = (entry: Json) => containerEnv({ env: [entry] }, sources);
    expect(of(ref('metadata.uid'))).toEqual({ kind: 'env', env: { X: 'u' } });
    expect(of(ref("metadata.labels['app']"))).toEqual({ kind: 'env', env: { X: 'x' } });
    expect(of(ref('spec.nodeName'))).toEqual({ kind: 'env', env: { X: 'node-2' } });
    const key = (name: string, which: string) => ({ name: 'X', valueFrom: { configMapKeyRef: { name, key: which } } });
    expect(of(key('there', 'key'))).toEqual({ kind: 'env', env: { X: 'value' } });
    expect(of(key('there', 'none'))).toMatchObject({
      kind: 'fault',
      message: "couldn't find key none in ConfigMap there",
    });
    expect(of(key('absent', 'key'))).toMatchObject({ kind: 'fault', message: 'configmap "absent" not found' });
  });

  test('image names', () => {
    expect(imageName('docker.io/envoyproxy/envoy:v1.40.0@sha256:00')).toBe('envoyproxy/envoy');
    expect(imageName('registry.local:5000/team/lbscope:dev')).toBe('registry.local:5000/team/lbscope');
    expect(isEnvoyImage('envoyproxy/envoy:v1.40.0')).toBe(true);
    expect(isEnvoyImage('nginx:1')).toBe(false);
  });
});
