import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { parseAgentOptions } from '../agent-options.ts';
import { startTestCluster, type TestCluster } from '../lab/controllers/testing.ts';
import { readManifests } from '../lab/manifests.ts';
import type { Manifest } from './render.ts';
import { compare, type Request } from './rights.ts';

const root = resolve(import.meta.dirname, '../..');
const dir = mkdtempSync(join(tmpdir(), 'rights-'));
const read = readManifests(join(root, 'k8s/base'));
const base: Manifest[] = read.kind === 'objects' ? read.objects : [];
const role: Manifest = base.find(({ kind }) => kind === 'Role');
let cluster: TestCluster;
let agent: ChildProcess;
let worker: ChildProcess;
let url = '';

/** A real agent, or worker, from its sources; settles with its URL. */
function start(args: readonly string[]): { child: ChildProcess; ready: Promise<string> } {
  const child = spawn(process.execPath, [join(root, 'server/main.ts'), ...args, '--log-level', 'error'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, LBSCOPE_SUPERVISED: '1' },
  });
  const ready = new Promise<string>((done, fail) => {
    child.once('exit', (code) => fail(new Error(`the agent ended with ${code}`)));
    createInterface({ input: child.stdout as NonNullable<typeof child.stdout> }).on('line', (line) => {
      const message = line.startsWith('{"agent"') ? JSON.parse(line) : undefined;
      if (message?.agent === 'ready') done(message.url);
    });
  });
  return { child, ready };
}

async function call(method: string, body: object): Promise<{ status: number; body: Manifest }> {
  const answer = await fetch(`${url}/lbscope.agent.v1.AgentService/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

async function requests(who = 'agent'): Promise<(Request & { user: string; namespace: string; count: number })[]> {
  return (await cluster.call('GET', '/lab/v1/requests')).body.requests.filter(
    ({ user }: { user: string }) => user === who,
  );
}
const did = async (verb: string, resource: string, subresource = '') =>
  (await requests()).some((r) => r.verb === verb && r.resource === resource && r.subresource === subresource);
const soon = (what: () => unknown) => expect.poll(what, { timeout: 60_000, interval: 50 });

/** A real agent under a name of its own at an API server that writes down who asks for what; every action is taken once. */
beforeAll(async () => {
  cluster = await startTestCluster();
  for (const object of base) {
    const at = object.apiVersion.includes('/') ? `/apis/${object.apiVersion}` : `/api/${object.apiVersion}`;
    const place = object.kind === 'Namespace' ? '' : '/namespaces/lbscope';
    const plural = object.kind === 'NetworkPolicy' ? 'networkpolicies' : `${object.kind.toLowerCase()}s`;
    const made = await cluster.call('POST', `${at}${place}/${plural}`, object);
    expect(made.status, `${object.kind} ${JSON.stringify(made.body)}`).toBe(201);
  }
  const reach = ['--kube-server', cluster.url, '--dns', '127.0.0.1:9'];
  const second = start([...reach, '--kube-token', 'lab:worker', '--role', 'worker', '--agent-port', '13960']);
  worker = second.child;
  await second.ready;
  const first = start([
    ...[...reach, '--kube-token', 'lab:agent', '--agent-port', '13950', '--peers', '127.0.0.1:13960'],
    ...['--state-dir', join(dir, 'state'), '--rate', '1', '--recording', 'off'],
  ]);
  agent = first.child;
  url = await first.ready;
}, 60_000);
afterAll(async () => {
  agent?.kill('SIGKILL');
  worker?.kill('SIGKILL');
  await cluster?.close();
  rmSync(dir, { recursive: true, force: true });
});

test('the Role is what the agent asks of the API, and nothing more', async () => {
  await soon(() => did('watch', 'pods')).toBe(true);
  // A lane of the kind that lists and watches in another way, and each preset: in a cluster none of them applies anything.
  const { body: listed } = await call('ListPresets', {});
  for (const { id, needsTarget } of listed.presets) {
    await call('AddPreset', { presetId: id, ...(needsTarget ? { target: 'gateway.example:443' } : {}) });
    await call('RemoveLane', { laneId: id });
  }
  // The Envoy lane can't run here; why not is asked of the cluster.
  await soon(() => did('get', 'services')).toBe(true);

  expect(await call('ScaleDeployment', { replicas: 4 })).toMatchObject({ status: 200 });
  const podNames = () => cluster.store.list('Pod', 'lbscope').map(({ metadata }) => metadata.name);
  await soon(async () => {
    const { body } = await call('GetSnapshot', {});
    return body.pods.length;
  }).toBe(4);
  const pod = podNames().find((name) => name.startsWith('greeter-') && !name.startsWith('greeter-envoy'));
  expect(await call('DeletePod', { pod })).toMatchObject({ status: 200 });
  expect(await call('RestartRollout', {})).toMatchObject({ status: 200 });
  const text = [
    'title: Without a preStop sleep',
    'story: What a scenario may change of a Deployment.',
    'replicas: 3',
    'lanes: [headless]',
    'steps: [{ id: without, rollout: { preStop: none } }, { id: after, wait: 1s }]',
    'expect: [{ lane: headless, measure: lost, atMost: 1000000, from: without, to: after, leastSample: 1 }]',
  ].join('\n');
  const started = await call('StartScenario', { text });
  expect(started.status, JSON.stringify(started.body)).toBe(200);
  await soon(() => did('get', 'deployments')).toBe(true);
  await call('AbortScenario', {});
  // Its lanes and traffic are put back by then: no later, when the next test has begun.
  await soon(async () => (await call('GetSnapshot', {})).body.scenario.state).toBe('ended');

  const asked = await requests();
  expect(asked.filter(({ namespace }) => namespace !== 'lbscope')).toEqual([]);
  expect(compare(role, asked)).toEqual({ tooMany: [], tooFew: [] });
}, 120_000);

test('a worker’s Role is what a worker asks, and the overlay’s arguments are ones that agents take', async () => {
  const overlay = join(root, 'k8s/components/workers');
  const objects: Manifest[] = parseAllDocuments(readFileSync(join(overlay, 'workers.yaml'), 'utf8')).map((each) =>
    each.toJS(),
  );
  const workerRole = objects.find(({ kind }) => kind === 'Role');
  // The lane that watches; the test before took it away.
  expect(await call('AddPreset', { presetId: 'kubewatch' })).toMatchObject({ status: 200 });
  expect(await call('StartTraffic', {})).toMatchObject({ status: 200 });
  await soon(async () => (await requests('worker')).some(({ verb }) => verb === 'watch')).toBe(true);
  expect(compare(workerRole, await requests('worker'))).toEqual({ tooMany: [], tooFew: [] });

  const deployment = objects.find(({ kind }) => kind === 'Deployment');
  const [name, ...args] = deployment.spec.template.spec.containers[0].args as string[];
  expect(name).toBe('agent');
  const filled = args.map((each) => each.replace('$(POD_NAME)', 'lbscope-worker-5d9c7b6f4-x2x9z'));
  expect(parseAgentOptions(filled, {})).toMatchObject({ kind: 'options', options: { role: 'worker' } });
  const { patches } = parse(readFileSync(join(overlay, 'kustomization.yaml'), 'utf8'));
  const added = parse(patches[0].patch).map(({ value }: { value: string }) => value);
  const service = objects.find(({ kind }) => kind === 'Service');
  expect(parseAgentOptions(added, {})).toMatchObject({
    options: { peers: [`${service.metadata.name}:${service.spec.ports[0].port}`], 'peer-token-file': '/tokens/peers' },
  });
  expect(service.spec.clusterIP).toBe('None');
}, 120_000);

test('the comparison finds a right too many and one too few', () => {
  const rules = [
    { apiGroups: [''], resources: ['pods'], verbs: ['list', 'delete'] },
    { apiGroups: ['apps'], resources: ['deployments/scale'], resourceNames: ['greeter'], verbs: ['patch'] },
  ];
  const ask = (verb: string, group: string, resource: string, subresource: string, name: string): Request => ({
    verb,
    group,
    resource,
    subresource,
    name,
  });
  expect(
    compare({ rules }, [ask('list', '', 'pods', '', ''), ask('patch', 'apps', 'deployments', 'scale', 'other')]),
  ).toEqual({ tooMany: ['delete pods', 'patch deployments/scale greeter'], tooFew: ['patch deployments/scale other'] });
  expect(
    compare({ rules }, [
      ask('list', '', 'pods', '', ''),
      ask('delete', '', 'pods', '', 'a'),
      ask('patch', 'apps', 'deployments', 'scale', 'greeter'),
    ]),
  ).toEqual({ tooMany: [], tooFew: [] });
});
