import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readSettings } from '../pod/settings.ts';
import { selfSigned } from '../transport/testing/certificate.ts';
import { build, kubectlVersion, type Manifest } from './render.ts';

const root = resolve(import.meta.dirname, '../..');
const dir = mkdtempSync(join(tmpdir(), 'tls-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const envoy = ['1.40.0'].map((version) => join(root, '.cache/envoy', version, 'envoy')).find(existsSync);

test.skipIf(envoy === undefined)('overlay tls: Envoy itself takes its configuration', () => {
  const text = parse(readFileSync(join(root, 'k8s/components/tls/envoy-config.yaml'), 'utf8')).data['envoy.yaml'];
  const { key, cert } = selfSigned('greeter.lbscope.svc.cluster.local');
  writeFileSync(join(dir, 'tls.key'), key);
  writeFileSync(join(dir, 'tls.crt'), cert);
  writeFileSync(join(dir, 'ca.crt'), cert);
  const file = join(dir, 'envoy.yaml');
  writeFileSync(file, text.replaceAll('/etc/envoy-tls', dir));
  const validate = () =>
    execFileSync(envoy ?? '', ['--mode', 'validate', '-c', file], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  expect(validate()).toContain('OK');
  rmSync(join(dir, 'tls.crt'));
  expect(validate).toThrow();
});

test.skipIf(kubectlVersion === undefined)(
  'overlay tls: the greeters take their environment; probes have a port',
  async () => {
    const objects = await build('overlays/tls');
    const greeter = objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'greeter');
    const [container] = greeter.spec.template.spec.containers;
    const env = {
      NODE_ENV: 'production' as const,
      ...Object.fromEntries<string>(container.env.map((each: Manifest) => [each.name, each.value ?? 'from the pod'])),
    };
    const parsed = readSettings(env);
    expect(parsed).toMatchObject({
      ok: true,
      settings: { tls: { certFile: '/tls/tls.crt', keyFile: '/tls/tls.key' }, callTokensFile: '/call-tokens/tokens' },
    });
    const ports = container.ports.map(({ containerPort }: Manifest) => containerPort);
    for (const probe of [container.readinessProbe, container.livenessProbe]) {
      expect(probe.grpc.port).toBe(50_053);
      expect(ports).toContain(probe.grpc.port);
    }
    // No secret is in the repository.
    expect(objects.filter(({ kind }) => kind === 'Secret')).toEqual([]);
    expect(readSettings({ ...env, JSON_PORT: '8080' })).toMatchObject({
      faults: ['CALL_TOKENS_FILE and JSON_PORT are both given; JSON is served without credentials only'],
    });
  },
);

const deployment = (objects: Manifest[], name: string): Manifest =>
  objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === name)?.spec.template.spec;
const callArgs = (pod: Manifest): string[] =>
  pod.containers[0].args.filter((arg: string) => /^--(call|peers|peer)-?/.test(arg));

test.skipIf(kubectlVersion === undefined)(
  'overlay tls-workers: workers trust and show what the agent does, and hold no more of it',
  async () => {
    const both = await build('overlays/tls-workers');
    const [agent, worker] = ['lbscope-agent', 'lbscope-worker'].map((name) => deployment(both, name));
    expect(callArgs(agent)).toEqual([
      '--peers=lbscope-workers:3002',
      '--peer-token-file=/tokens/peers',
      '--call-ca=/call/ca.crt',
      '--call-token-file=/call/token',
      '--call-server-name=greeter.lbscope.svc.cluster.local',
    ]);
    expect(callArgs(worker)).toEqual([
      '--peer-token-file=/tokens/peers',
      '--call-ca=/call/ca.crt',
      '--call-token-file=/call/token',
    ]);
    for (const pod of [agent, worker]) {
      const volume = pod.volumes.find(({ name }: Manifest) => name === 'call');
      expect(
        volume.projected.sources.flatMap(({ secret }: Manifest) =>
          secret.items.map(({ key }: Manifest) => `${secret.name}/${key}`),
        ),
      ).toEqual(['greeter-tls/ca.crt', 'lbscope-call-token/token']);
      const mounts = pod.containers[0].volumeMounts.map(({ name, mountPath }: Manifest) => `${name} ${mountPath}`);
      expect(mounts).toContain('call /call');
    }
    // Together they are what each is alone: nothing of one is undone by the other.
    const [tls, workers] = [await build('overlays/tls'), await build('overlays/workers')];
    expect(deployment(both, 'greeter')).toEqual(deployment(tls, 'greeter'));
    expect(deployment(both, 'greeter-envoy')).toEqual(deployment(tls, 'greeter-envoy'));
    const names = (objects: Manifest[]) => objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort();
    expect(names(both)).toEqual(names(workers));
  },
);
