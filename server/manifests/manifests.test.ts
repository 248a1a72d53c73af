import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentService } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { preflight } from '../api/preflight.ts';
import { startTestCluster, type TestCluster } from '../lab/controllers/testing.ts';
import { build, folderOf, kubectl, kubectlVersion, kustomizations, type Manifest, waysIn } from './render.ts';
import { schemaRelease, validate } from './schema.ts';

const run = promisify(execFile);
console.log(
  kubectlVersion === undefined
    ? 'kubectl: none on PATH, the tests of the manifests are skipped'
    : `kubectl: ${kubectlVersion}; schemas: Kubernetes ${schemaRelease}`,
);

/** Kinds that only a controller brings along; nobody here has their schema. */
const customKinds: Readonly<Record<string, readonly string[]>> = {
  'overlays/gateway-api': ['Gateway', 'GRPCRoute'],
  'overlays/istio-gateway': ['Gateway', 'VirtualService', 'DestinationRule'],
  'overlays/traefik': ['IngressRoute'],
};

describe.skipIf(kubectlVersion === undefined)('manifests', () => {
  let cluster: TestCluster;
  const built = new Map<string, Manifest[]>();
  const home = mkdtempSync(join(tmpdir(), 'manifests-'));

  beforeAll(async () => {
    await Promise.all([...kustomizations, ...waysIn].map(async (each) => built.set(each, await build(each))));
    cluster = await startTestCluster();
  }, 120_000);
  afterAll(async () => {
    await cluster?.close();
    rmSync(home, { recursive: true, force: true });
  });
  const objectsOf = (name: string) => built.get(name) ?? [];

  test.for([...kustomizations, ...waysIn])("%s: every object fits Kubernetes' own types", (name) => {
    const custom: string[] = [];
    const faults: string[] = [];
    for (const object of objectsOf(name)) {
      const verdict = validate(object);
      if (verdict.kind === 'custom') custom.push(object.kind);
      else faults.push(...verdict.faults);
    }
    expect(faults).toEqual([]);
    expect(custom.sort()).toEqual([...(customKinds[name] ?? [])].sort());
  });

  test.for(kustomizations)('%s: kubectl applies it to the API of the lab', { timeout: 120_000 }, async (name) => {
    const custom = customKinds[name] ?? [];
    const served = objectsOf(name).filter(({ kind }) => !custom.includes(kind) && kind !== 'Ingress');
    const file = join(home, 'objects.json');
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: served }));
    const apply = () =>
      run(kubectl, ['--server', cluster.url, 'apply', '-f', file], {
        env: { ...process.env, HOME: home, KUBECONFIG: join(home, 'none') },
        timeout: 60_000,
      });
    const first = await apply();
    expect(first.stderr).toBe('');
    expect(first.stdout.trim().split('\n')).toHaveLength(served.length);
    if (name !== 'base') return;
    const again = (await apply()).stdout.trim().split('\n');
    // kubectl says "configured" of every budget: its selector is replaced whole, so the patch is never empty.
    const changed = again.filter((line) => !line.endsWith(' unchanged') && !line.startsWith('poddisruptionbudget'));
    expect(changed).toEqual([]);
  });

  test.for([...kustomizations, ...waysIn])('%s: one namespace, images pinned, Pod Security "restricted"', (name) => {
    for (const { kind, metadata, spec } of objectsOf(name)) {
      if (kind !== 'Namespace') expect(metadata.namespace, `${kind}/${metadata.name}`).toBe('lbscope');
      const pod = spec?.template?.spec;
      if (pod?.containers === undefined) continue;
      // No token where none is needed.
      expect(pod.automountServiceAccountToken, metadata.name).toBe(pod.serviceAccountName !== undefined);
      // The user by number, so that the kubelet can tell that it is not root.
      expect(pod.securityContext, metadata.name).toMatchObject({
        runAsNonRoot: true,
        runAsUser: expect.toSatisfy((user: number) => user > 0),
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const field of ['hostNetwork', 'hostPID', 'hostIPC', 'initContainers']) expect(pod[field]).toBeUndefined();
      for (const volume of pod.volumes ?? []) {
        const kinds = Object.keys(volume).filter((key) => key !== 'name');
        expect(['configMap', 'emptyDir', 'projected', 'secret']).toContain(kinds[0]);
      }
      for (const { image, securityContext, resources, readinessProbe } of pod.containers) {
        // A patch release, or the project's own image, which the deployer names.
        expect(image).toMatch(/:v?\d+\.\d+\.\d+$|^lbscope:dev$/);
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(resources).toMatchObject({ requests: { cpu: expect.any(String), memory: expect.any(String) } });
        expect(resources.limits.memory).toEqual(expect.any(String));
        expect(readinessProbe, metadata.name).toBeDefined();
      }
    }
  });

  // Their images say by which signal they drain (HAProxy SIGUSR1, nginx SIGQUIT): as long as a stream lasts, if nothing ends it.
  test.for([
    ['ways-in/haproxy', /^\s*hard-stop-after (\d+)s$/m],
    ['ways-in/nginx', /^\s*worker_shutdown_timeout (\d+)s;$/m],
    ['ways-in/nginx-resolver', /^\s*worker_shutdown_timeout (\d+)s;$/m],
  ] as const)('%s: its drain ends within the grace, whatever streams do', ([name, limit]) => {
    const objects = objectsOf(name);
    const config = objects.find(({ kind }) => kind === 'ConfigMap');
    const pod = objects.find(({ kind }) => kind === 'Deployment').spec.template.spec;
    const drain = Number(limit.exec(Object.values<string>(config.data).join('\n'))?.[1]);
    expect(pod.containers[0].lifecycle.preStop.sleep.seconds + drain).toBeLessThan(pod.terminationGracePeriodSeconds);
  });

  test.for(kustomizations.filter((name) => existsSync(join(folderOf(name), 'lane.json'))))(
    '%s: its lane is one that the API takes',
    (name) => {
      const method = AgentService.methods.find((each) => each.name === 'PutLane');
      if (method === undefined) throw new Error('no method PutLane');
      const lane = readFileSync(join(folderOf(name), 'lane.json'));
      expect(preflight(method, 'application/json', lane)).toBeUndefined();
      expect(preflight(method, 'application/json', Buffer.from(lane.toString().replace('"target"', '"goal"')))).toMatch(
        /goal is not a field/,
      );
    },
  );
});

describe('the check itself', () => {
  const pod = (container: object) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a' },
    spec: { containers: [{ name: 'a', ...container }] },
  });
  test('finds what a cluster would refuse', () => {
    expect(validate(pod({ image: 'b:1' }))).toEqual({ kind: 'checked', faults: [] });
    expect(validate(pod({ imagePullpolicy: 'Never' }))).toMatchObject({
      faults: ['Pod/a.spec.containers[0].imagePullpolicy is not a field of V1Container'],
    });
    expect(validate(pod({ ports: [{ containerPort: '80' }] }))).toMatchObject({
      faults: ['Pod/a.spec.containers[0].ports[0].containerPort is "80": allowed is a whole number'],
    });
    expect(validate(pod({ ports: [{ name: 'http' }] }))).toMatchObject({
      faults: ['Pod/a.spec.containers[0].ports[0].containerPort is missing (V1ContainerPort)'],
    });
    expect(validate({ apiVersion: 'traefik.io/v1alpha1', kind: 'IngressRoute' })).toEqual({ kind: 'custom' });
  });
});
