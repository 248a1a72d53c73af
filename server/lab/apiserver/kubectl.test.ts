import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deployment, startTestCluster, type TestCluster } from '../controllers/testing.ts';

/** LBSCOPE_KUBECTL names another one than PATH's, to try several versions. */
const program = process.env.LBSCOPE_KUBECTL ?? 'kubectl';
const version = ((): string | undefined => {
  try {
    const text = execFileSync(program, ['version', '--client', '-o', 'json'], { stdio: ['ignore', 'pipe', 'ignore'] });
    return JSON.parse(text.toString()).clientVersion.gitVersion;
  } catch {
    return undefined;
  }
})();
console.log(version === undefined ? 'kubectl: none on PATH, its tests are skipped' : `kubectl: ${version}`);

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe.skipIf(version === undefined)(`kubectl ${version ?? ''}`, () => {
  let cluster: TestCluster;
  const home = mkdtempSync(join(tmpdir(), 'kubectl-'));

  function run(args: string[], input?: string): Promise<Result> {
    return new Promise((resolve) => {
      const child = spawn(program, ['--server', cluster.url, '-n', 'shop', ...args], {
        env: { ...process.env, HOME: home, KUBECONFIG: join(home, 'none') },
        timeout: 15_000,
      });
      let out = '';
      let err = '';
      child.stdout.on('data', (chunk) => {
        out += chunk;
      });
      child.stderr.on('data', (chunk) => {
        err += chunk;
      });
      child.on('close', (code) => resolve({ code, out, err }));
      child.stdin.end(input ?? '');
    });
  }

  /** Must succeed. */
  async function k(...args: string[]): Promise<string> {
    const result = await run(args);
    expect(result, `kubectl ${args.join(' ')}\n${result.err}\n${result.out}`).toMatchObject({ code: 0 });
    return result.out;
  }

  const podNames = () => cluster.store.list('Pod', 'shop').map((pod) => pod.metadata.name);
  const replicasOf = (name: string) => cluster.store.get('Deployment', 'shop', name)?.spec.replicas;
  const image = () => cluster.store.get('Deployment', 'shop', 'greeter')?.spec.template.spec.containers[0].image;

  beforeAll(async () => {
    cluster = await startTestCluster({
      logs: { read: (_uid, options) => ['one\n', 'two\n', 'three\n'].slice(-(options.tailLines ?? 3)) },
    });
    await cluster.call('POST', '/apis/apps/v1/namespaces/shop/deployments', deployment('greeter', 3));
    await cluster.call('POST', '/api/v1/namespaces/shop/services', {
      metadata: { name: 'greeter' },
      spec: { selector: { app: 'greeter' }, ports: [{ port: 50051, targetPort: 'grpc' }] },
    });
  });
  afterAll(async () => {
    await cluster?.close();
    rmSync(home, { recursive: true, force: true });
  });

  test('get: table, wide, yaml, json, sorted, all, selectors', async () => {
    const table = await k('get', 'pods');
    expect(table).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE\n/);
    expect(table.match(/1\/1 +Running +0/g)).toHaveLength(3);
    expect(await k('get', 'po', '-o', 'wide')).toMatch(/IP +NODE[\s\S]*127\.200\.0\.\d+ +node-[12]/);
    expect(await k('get', 'deploy', 'greeter', '-o', 'yaml')).toContain('kind: Deployment');
    expect(JSON.parse(await k('get', 'pods', '-o', 'json')).items).toHaveLength(3);
    const sorted = (await k('get', 'pods', '--sort-by=.metadata.name', '--no-headers')).trim().split('\n');
    expect(sorted.map((line) => line.split(/\s+/)[0])).toEqual(podNames().sort());
    expect(await k('get', 'all')).toMatch(
      /pod\/greeter[\s\S]*service\/greeter[\s\S]*deployment.apps\/greeter[\s\S]*replicaset.apps\/greeter/,
    );
    expect(await k('get', 'pods', '-l', 'app!=greeter', '-o', 'name')).toBe('');
    expect(await k('get', 'endpointslices')).toMatch(/greeter-\w+ +IPv4 +50051/);
    expect(await k('get', 'nodes')).toMatch(/node-1 +Ready/);
    const missing = await run(['get', 'pod', 'nobody']);
    expect(missing.err).toContain('pods "nobody" not found');
  });

  test('get -w prints a change as it happens', async () => {
    const child = spawn(
      program,
      ['--server', cluster.url, '-n', 'shop', 'get', 'deploy', 'greeter', '-w', '--no-headers'],
      {
        env: { ...process.env, HOME: home, KUBECONFIG: join(home, 'none') },
      },
    );
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    try {
      await expect.poll(() => out, { timeout: 10_000 }).toMatch(/3\/3/);
      cluster.store.modify('Deployment', 'shop', 'greeter', (copy) => {
        copy.spec.replicas = 4;
        return copy;
      });
      await expect.poll(() => out, { timeout: 10_000 }).toMatch(/4\/4/);
    } finally {
      child.kill();
    }
  });

  test('scale, also with a precondition that fails', async () => {
    await k('scale', 'deployment/greeter', '--replicas=5');
    expect(replicasOf('greeter')).toBe(5);
    await k('scale', 'deployment/greeter', '--current-replicas=5', '--replicas=3');
    expect(replicasOf('greeter')).toBe(3);
    expect((await run(['scale', 'deploy/greeter', '--current-replicas=9', '--replicas=1'])).code).not.toBe(0);
    expect(replicasOf('greeter')).toBe(3);
    expect((await run(['scale', 'deploy/greeter', '--replicas=100000'])).err).toContain('spec.replicas');
    await k('rollout', 'status', 'deployment/greeter', '--timeout=10s');
  });

  test('delete pod waits until it is gone; --force removes it at once; the set replaces both', async () => {
    const [first = '', second = ''] = podNames();
    expect(await k('delete', 'pod', first)).toContain('deleted');
    await k('delete', 'pod', second, '--force', '--grace-period=0');
    expect(podNames()).not.toContain(first);
    expect(podNames()).not.toContain(second);
    await expect.poll(() => podNames().length).toBe(3);
  });

  test('wait and rollout status', async () => {
    await k('wait', '--for=condition=Available', 'deployment/greeter', '--timeout=10s');
    const [pod = ''] = podNames();
    await k('wait', '--for=condition=Ready', `pod/${pod}`, '--timeout=10s');
    const waiting = k('wait', '--for=delete', `pod/${pod}`, '--timeout=10s');
    await k('delete', 'pod', pod, '--wait=false');
    await waiting;
    expect(await k('rollout', 'status', 'deployment/greeter', '--timeout=10s')).toContain('successfully rolled out');
  });

  test('rollout restart, set image and env, history, undo, pause and resume', async () => {
    const before = podNames();
    await k('rollout', 'restart', 'deployment/greeter');
    await k('rollout', 'status', 'deployment/greeter', '--timeout=10s');
    await expect.poll(() => podNames().filter((name) => before.includes(name))).toEqual([]);
    await k('set', 'image', 'deployment/greeter', 'main=greeter:2');
    expect(image()).toBe('greeter:2');
    await k('set', 'env', 'deployment/greeter', 'COLOR=blue');
    await k('rollout', 'status', 'deployment/greeter', '--timeout=10s');
    const template = cluster.store.get('Deployment', 'shop', 'greeter')?.spec.template.spec.containers[0];
    expect(template.env).toEqual([{ name: 'COLOR', value: 'blue' }]);
    expect(template.ports).toMatchObject([{ containerPort: 50051 }]);
    expect(await k('rollout', 'history', 'deployment/greeter')).toMatch(/REVISION[\s\S]*4/);
    await k('rollout', 'undo', 'deployment/greeter', '--to-revision=1');
    expect(image()).toBe('greeter:1');
    await k('rollout', 'pause', 'deployment/greeter');
    expect(cluster.store.get('Deployment', 'shop', 'greeter')?.spec.paused).toBe(true);
    await k('rollout', 'resume', 'deployment/greeter');
    await k('rollout', 'status', 'deployment/greeter', '--timeout=10s');
  });

  test('describe shows events, ReplicaSets and endpoints', async () => {
    const [pod = ''] = podNames();
    expect(await k('describe', 'pod', pod)).toMatch(/Scheduled[\s\S]*Successfully assigned/);
    const described = await k('describe', 'deployment', 'greeter');
    expect(described).toMatch(/NewReplicaSet: +greeter-/);
    expect(described).toContain('ScalingReplicaSet');
    expect(await k('describe', 'service', 'greeter')).toMatch(/IP: +127\.200\.255\.1/);
    await k('describe', 'node', 'node-1');
  });

  test('apply creates, changes, and changes nothing; --server-side too', async () => {
    const file = join(home, 'map.json');
    const map = (data: object) =>
      writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'notes' }, data }));
    map({ a: '1', b: '2' });
    expect(await k('apply', '-f', file)).toContain('created');
    expect(await k('apply', '-f', file)).toContain('unchanged');
    map({ a: '3' });
    expect(await k('apply', '-f', file)).toContain('configured');
    expect(cluster.store.get('ConfigMap', 'shop', 'notes')?.data).toEqual({ a: '3' });
    expect(await k('apply', '--server-side', '--force-conflicts', '-f', file)).toContain('serverside-applied');
    expect(await k('diff', '-f', file)).toBe('');
    await k('delete', '-f', file);
  });

  test('logs', async () => {
    const [pod = ''] = podNames();
    expect(await k('logs', pod)).toBe('one\ntwo\nthree\n');
    expect(await k('logs', pod, '--tail=1')).toBe('three\n');
    expect(await k('logs', 'deployment/greeter', '-f')).toContain('two');
  });

  test('create with protobuf bodies: namespace, deployment, service; dry runs store nothing', async () => {
    await k('create', 'namespace', 'other');
    await k('create', 'deployment', 'plain', '--image=greeter:1', '--replicas=2', '--port=8080');
    expect(cluster.store.get('Deployment', 'shop', 'plain')?.spec).toMatchObject({
      replicas: 2,
      template: { spec: { containers: [{ image: 'greeter:1', ports: [{ containerPort: 8080 }] }] } },
    });
    await k('create', 'service', 'clusterip', 'plain', '--tcp=80:8080');
    expect(cluster.store.get('Service', 'shop', 'plain')?.spec.ports).toMatchObject([{ port: 80, targetPort: 8080 }]);
    await k('expose', 'deployment', 'plain', '--name=exposed', '--port=80');
    await k('create', 'configmap', 'made', '--from-literal=a=b');
    expect(cluster.store.get('ConfigMap', 'shop', 'made')?.data).toEqual({ a: 'b' });
    await k('create', 'deployment', 'never', '--image=x:1', '--dry-run=server');
    expect(cluster.store.get('Deployment', 'shop', 'never')).toBeUndefined();
    await k('delete', 'deployment', 'plain');
    await expect.poll(() => podNames().filter((name) => name.startsWith('plain'))).toEqual([]);
    await k('delete', 'namespace', 'other', '--timeout=10s');
  });

  test('auth can-i asks by protobuf and is answered', async () => {
    // Over plain HTTP kubectl never sends a token, so it always asks as the admin; denied identities: server.test.ts.
    expect(await k('auth', 'can-i', 'delete', 'pods')).toContain('yes');
    expect(await k('auth', 'can-i', '--list')).toContain('*.*');
  });

  test('drain --dry-run=server evicts nobody', async () => {
    const before = podNames();
    const drained = await run([
      'drain',
      'node-1',
      '--dry-run=server',
      '--force',
      '--ignore-daemonsets',
      '--timeout=10s',
    ]);
    expect(drained, drained.err).toMatchObject({ code: 0 });
    expect(drained.out).toContain('dry run');
    expect(podNames()).toEqual(before);
    expect(cluster.store.get('Node', undefined, 'node-1')?.spec.unschedulable).toBeUndefined();
  });
});
