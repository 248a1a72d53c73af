import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Greeter } from '../../gen/lbscope/greeter/v1/greeter_pb.js';
import { findPreset } from '../../model/presets.ts';
import { nodeTimers } from '../events/clock.ts';
import { type Api, createApi } from '../kube/http.ts';
import { Presets } from './presets.ts';

/** Every preset with objects, applied to the lab as the agent does it, and called through its Service. */
const dir = mkdtempSync(join(tmpdir(), 'ways-in-'));
const dist = join(dir, 'dist');
const root = resolve(import.meta.dirname, '../..');
const names = {
  namespace: 'lbscope',
  service: 'greeter',
  headlessService: 'greeter-headless',
  envoyService: 'greeter-envoy',
  port: 50_051,
};
let lab: ChildProcess;
let api: Api;
let presets: Presets;
const managers: Http2SessionManager[] = [];

// biome-ignore lint/suspicious/noExplicitAny: objects of the Kubernetes API.
const get = async (path: string): Promise<any> => {
  const answer = await api.request('GET', path, { timeoutMs: 5_000 });
  return answer.kind === 'ok' ? answer.body : undefined;
};
const namespaced = '/api/v1/namespaces/lbscope';

beforeAll(async () => {
  await build({
    absWorkingDir: root,
    entryPoints: { pod: 'server/pod/main.ts', keeper: 'server/process/keeper.ts', ads: 'server/ads/main.ts' },
    outdir: dist,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
  const ports = ['--api-port', '0', '--dns-port', '0', '--state-dir', join(dir, 'state'), '--pods', '3'];
  lab = spawn(process.execPath, [join(root, 'server/lab/main.ts'), ...ports], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, LBSCOPE_SUPERVISED: '1', LBSCOPE_DIST: dist },
  });
  const ready = await new Promise<{ api: string }>((done, fail) => {
    lab.once('exit', (code) => fail(new Error(`the lab ended with ${code}`)));
    createInterface({ input: lab.stdout! }).on('line', (line) => {
      if (line.startsWith('{')) done(JSON.parse(line));
    });
  });
  api = createApi({ server: ready.api, credentials: async () => ({ headers: {}, tls: {} }) });
  presets = new Presets({
    api,
    names,
    folder: join(root, 'k8s/ways-in'),
    mode: 'apply',
    putLane(spec) {
      presets.laneChanged(spec, false);
      return { ok: true };
    },
    timers: nodeTimers,
    onFault: (message) => {
      throw new Error(message);
    },
  });
  while ((await get('/apis/apps/v1/namespaces/lbscope/deployments/greeter'))?.status?.readyReplicas !== 3) {
    await new Promise((done) => setTimeout(done, 50));
  }
}, 60_000);

afterAll(async () => {
  for (const manager of managers) manager.abort();
  api?.close();
  const ended = new Promise((done) => lab.once('exit', done));
  lab.stdin?.end();
  await ended;
  rmSync(dir, { recursive: true, force: true });
});

/** Calls through the Service on one connection: pod to count, or why its pod does not run. */
async function callsThrough(service: string, calls: number): Promise<Map<string, number> | string> {
  let why: string | undefined;
  await expect
    .poll(
      async () => {
        const pods = await get(`${namespaced}/pods?labelSelector=app.kubernetes.io/name%3D${service}`);
        const status = pods?.items?.[0]?.status?.containerStatuses?.[0];
        why = status?.state?.waiting?.reason?.endsWith('Unavailable') ? status.state.waiting.message : undefined;
        return why !== undefined || status?.ready === true;
      },
      { timeout: 15_000 },
    )
    .toBe(true);
  if (why !== undefined) return why;
  const { spec } = await get(`${namespaced}/services/${service}`);
  const baseUrl = `http://${spec.clusterIP}:10000`;
  const manager = new Http2SessionManager(baseUrl);
  managers.push(manager);
  const greeter = createClient(Greeter, createGrpcTransport({ baseUrl, sessionManager: manager }));
  // kube-proxy, and the proxy's own first lookup, may need a moment.
  await expect
    .poll(
      () =>
        greeter.sayHello({}).then(
          () => true,
          () => false,
        ),
      { timeout: 10_000 },
    )
    .toBe(true);
  const counts = new Map<string, number>();
  for (let i = 0; i < calls; i++) {
    let upstream = '';
    const answer = await greeter.sayHello(
      {},
      { onHeader: (headers) => (upstream = headers.get('lbscope-upstream-host') ?? '') },
    );
    const ip = answer.pod?.ip ?? '';
    counts.set(ip, (counts.get(ip) ?? 0) + 1);
    if (!service.endsWith('clusterip')) expect(upstream).toBe(`${ip}:50051`);
  }
  return counts;
}

/** What each does with 90 calls on one connection over three pods, one call after another. */
const expected: [preset: string, spread: 'even' | 'one pod' | 'by chance'][] = [
  ['envoy-retry', 'even'],
  ['envoy-eds', 'even'],
  ['envoy-workers', 'even'],
  ['envoy-strict-clusterip', 'one pod'],
  ['envoy-logical-clusterip', 'one pod'],
  ['haproxy', 'even'],
  ['nginx', 'even'],
  ['nginx-resolver', 'by chance'],
];

describe.skipIf(process.platform !== 'linux')('ways in, in the lab', () => {
  test.for(expected)('%s: %s', { timeout: 60_000 }, async ([id, spread], { skip }) => {
    const preset = findPreset(id);
    const added = await presets.add(id, preset?.workers === undefined ? {} : { workers: 1 });
    expect(added).toMatchObject({ ok: true, applied: true });
    const counts = await callsThrough(`greeter-${id}`, 90);
    if (typeof counts === 'string') return skip(counts);
    const sorted = [...counts.values()].sort((a, b) => a - b);
    if (spread === 'even') {
      expect(counts.size).toBe(3);
      // Exact but for where the turn began.
      expect((sorted.at(-1) ?? 0) - (sorted[0] ?? 0)).toBeLessThanOrEqual(2);
    } else if (spread === 'one pod') expect(sorted).toEqual([90]);
    else expect(counts.size).toBe(3);
    if (preset?.workers !== undefined) {
      const deployment = await get(`/apis/apps/v1/namespaces/lbscope/deployments/greeter-${id}`);
      const { args } = deployment.spec.template.spec.containers[0];
      expect(args[args.indexOf('--concurrency') + 1]).toBe('1');
    }
    // The lane goes, and the objects with it.
    const lane = preset?.lane(names);
    presets.laneChanged({ ...lane, id, preset: id } as never, true);
    await expect.poll(() => get(`${namespaced}/configmaps/greeter-${id}-config`)).toBeUndefined();
    expect(await get(`/apis/apps/v1/namespaces/lbscope/deployments/greeter-${id}`)).toBeUndefined();
  });
});
