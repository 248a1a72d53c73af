import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Json } from '../store-port.ts';
import { baseObject, baseObjects } from './testing.ts';

const base = fileURLToPath(new URL('../../../k8s/base', import.meta.url));
const kubectl = (() => {
  try {
    return JSON.parse(
      execFileSync('kubectl', ['version', '--client', '-o', 'json'], { encoding: 'utf8', stdio: 'pipe' }),
    );
  } catch {
    return undefined;
  }
})();

test('every object says its namespace, as the lab reads them one by one', async () => {
  const objects = await baseObjects();
  expect(objects.map((object) => `${object.kind}/${object.metadata.name}`).sort()).toEqual([
    'ConfigMap/envoy-config',
    'Deployment/greeter',
    'Deployment/greeter-envoy',
    'Deployment/lbscope-agent',
    'Deployment/lbscope-dashboard',
    'Namespace/lbscope',
    'NetworkPolicy/greeter',
    'NetworkPolicy/greeter-envoy',
    'NetworkPolicy/lbscope-agent',
    'NetworkPolicy/lbscope-dashboard',
    'PodDisruptionBudget/greeter',
    'Role/lbscope-agent',
    'RoleBinding/lbscope-agent',
    'Service/greeter',
    'Service/greeter-envoy',
    'Service/greeter-headless',
    'Service/lbscope-agent',
    'Service/lbscope-dashboard',
    'ServiceAccount/lbscope-agent',
  ]);
  for (const object of objects) if (object.kind !== 'Namespace') expect(object.metadata.namespace).toBe('lbscope');
  const listed = (await readdir(base)).filter((file) => file !== 'kustomization.yaml').sort();
  const { resources } = parse(await readFile(`${base}/kustomization.yaml`, 'utf8'));
  expect([...resources].sort()).toEqual(listed);
});

test.for(['greeter', 'greeter-envoy', 'lbscope-agent', 'lbscope-dashboard'])(
  '%s passes Pod Security "restricted"',
  async (name) => {
    const { spec } = (await baseObject('Deployment', name)).spec.template;
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    // Only the agent asks the API anything.
    expect(spec.automountServiceAccountToken).toBe(name === 'lbscope-agent');
    for (const volume of spec.volumes ?? [])
      expect(['emptyDir', 'configMap', 'secret']).toContain(Object.keys(volume).find((key) => key !== 'name'));
    for (const { securityContext, resources } of spec.containers) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(resources.requests).toMatchObject({ cpu: expect.any(String), memory: expect.any(String) });
    }
  },
);

test('Services lead to ports that the pods have, and the control port is led to by none', async () => {
  const objects = await baseObjects();
  const deployments = objects.filter((object) => object.kind === 'Deployment');
  for (const service of objects.filter((object) => object.kind === 'Service')) {
    const name = service.spec.selector['app.kubernetes.io/name'];
    const { spec, metadata } = deployments.find((each: Json) => each.metadata.name === name).spec.template;
    expect(metadata.labels).toMatchObject(service.spec.selector);
    const ports = spec.containers.flatMap((container: Json) => container.ports);
    for (const { port, targetPort } of service.spec.ports)
      expect(ports.find((each: Json) => each.name === targetPort)?.containerPort).toBe(port);
    expect(service.spec.ports.map((each: Json) => each.targetPort)).not.toContain('control');
  }
});

test('the grace of a pod is longer than its preStop sleep and its drain', async () => {
  const { spec } = (await baseObject('Deployment', 'greeter')).spec.template;
  const [container] = spec.containers;
  const drainMs = Number(container.env.find((each: Json) => each.name === 'GREETER_DRAIN_LIMIT_MS').value);
  expect(container.lifecycle.preStop.sleep.seconds * 1_000 + drainMs).toBeLessThan(
    spec.terminationGracePeriodSeconds * 1_000,
  );
});

test.skipIf(kubectl === undefined)(
  `kustomize builds the same objects (kubectl ${kubectl?.clientVersion?.gitVersion ?? 'is missing: skipped'})`,
  async () => {
    const built = execFileSync('kubectl', ['kustomize', base], { encoding: 'utf8' });
    expect(built.match(/^kind: /gm)).toHaveLength((await baseObjects()).length);
  },
);
