// An agent by kubeconfig, on a machine that reaches the cluster's API and not its network.
import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { test as base, expect } from '@playwright/test';
import { App, anyPort, lane } from './lib/app.ts';
import { onlyFull } from './lib/full.ts';

interface Fixtures {
  /** The cluster; its own dashboard is not looked at. */
  cluster: App;
  dnsPort: number;
  outside: App;
}

const test = base.extend<object, Fixtures>({
  cluster: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern to find what a fixture needs.
    async ({}, use) => {
      const app = await App.start({ args: ['--rate', '10'] });
      await app.settled(3, 1);
      await use(app);
      await app.stop();
    },
    { scope: 'worker', timeout: 90_000 },
  ],
  dnsPort: [
    // biome-ignore lint/correctness/noEmptyPattern: as above
    async ({}, use) => use(await anyPort()),
    { scope: 'worker' },
  ],
  outside: [
    async ({ cluster, dnsPort }, use) => {
      const app = await App.start({
        args: ['--kubeconfig', join(cluster.stateDir, 'lab', 'kubeconfig'), '--rate', '20'],
        // Nobody listens there: this machine's DNS knows nothing of the cluster.
        env: { LBSCOPE_DNS: `127.0.0.1:${dnsPort}` },
      });
      await use(app);
      await app.stop();
    },
    { scope: 'worker', timeout: 90_000 },
  ],
});

/** As kubectl apply would: a Service whose only endpoint is that address. */
async function endpoint(api: string, name: string, address: string, port: number): Promise<void> {
  const post = async (path: string, body: unknown) => {
    const response = await fetch(`${api}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status, await response.text()).toBe(201);
  };
  await post('/api/v1/namespaces/lbscope/services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { clusterIP: 'None', ports: [{ port }] },
  });
  await post('/apis/discovery.k8s.io/v1/namespaces/lbscope/endpointslices', {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ port, protocol: 'TCP' }],
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
  });
}

test.skip(...onlyFull);

test('paths out of reach say what was tried and how they can be seen all the same; each starts by itself', async ({
  cluster,
  dnsPort,
  outside,
  page,
  context,
}) => {
  const port = await anyPort();
  await endpoint(cluster.labUrl, 'elsewhere', '127.0.0.1', port);
  await outside.call('PutLane', {
    lane: {
      id: 'elsewhere',
      label: 'Pods elsewhere',
      target: `elsewhere.lbscope:${port}`,
      resolver: 'kubernetes',
      policy: 'round_robin',
    },
  });
  const named = ['clusterip', 'headless', 'envoy'];
  const out = await outside.until('what is out of reach says so', (s) =>
    [...named, 'elsewhere'].every((id) => lane(s, id).stateCode === 'unreachable'),
  );
  expect(lane(out, 'clusterip').reason).toBe(
    "looking up greeter.lbscope.svc.cluster.local from the agent's machine fails: no name server answers",
  );
  expect(lane(out, 'elsewhere').reason).toBe(
    `connecting to its pod from the agent's machine fails (127.0.0.1:${port}: connection refused)`,
  );
  for (const id of [...named, 'elsewhere']) {
    expect(lane(out, id).issued, id).toBe(0);
    expect(Date.parse(lane(out, id).unreachableSince ?? ''), id).toBeGreaterThan(0);
  }
  // Pods can be reached here, so the path that needs no name runs.
  await outside.until('kube-watch runs', (s) => lane(s, 'kubewatch').answered > 0);

  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`${outside.url}/?view=timeline`);
  const shown = page.getByTestId('lane-envoy');
  await expect(shown).toContainText('Out of reach from here');
  await shown.getByTestId('copy-detour').click();
  await expect(shown).toContainText('Copied');
  expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(
    /^kubectl --kubeconfig \S+ -n lbscope port-forward service\/greeter-envoy 10000:10000 9902:9902$/,
  );
  await shown.getByTestId('add-detour').click();
  await outside.until('the lane through the command is there', (s) =>
    s.lanes.some(({ id }) => id === 'forwarded-greeter-envoy'),
  );
  await expect(shown.getByTestId('add-detour')).toHaveCount(0);
  await page.goto(`${outside.url}/?lane=elsewhere`);
  await expect(page.getByTestId('out-of-reach')).toContainText('no balancing can be seen');
  await expect(page.getByTestId('out-of-reach')).toContainText('apply -k k8s/base');

  // The network comes: a pod that listens, and a name server that knows.
  const pod: Server = createServer((socket) => socket.on('error', () => {}).end());
  await new Promise<void>((done) => pod.listen(port, '127.0.0.1', done));
  const dns = await relay(dnsPort, cluster.dnsPort);
  try {
    const back = await outside.until(
      'every path that was out of reach runs',
      (s) => [...named, 'elsewhere'].every((id) => lane(s, id).state === 'running'),
      60_000,
    );
    expect(lane(back, 'elsewhere').detour).toBeUndefined();
    const before = new Map(back.lanes.map(({ id, answered }) => [id, answered]));
    await outside.until('calls are answered on them', (s) =>
      named.every((id) => lane(s, id).answered > (before.get(id) ?? 0)),
    );
  } finally {
    dns.close();
    pod.close();
  }
});

/** What asks this port is asked of the cluster's DNS. */
async function relay(from: number, to: number): Promise<Socket> {
  const socket = createSocket('udp4');
  const asking = new Map<number, { port: number; address: string }>();
  socket.on('message', (message, sender) => {
    // By the message's id: questions and answers share one socket.
    const id = message.readUInt16BE(0);
    const asker = asking.get(id);
    if (sender.port === to && asker !== undefined) {
      asking.delete(id);
      socket.send(message, asker.port, asker.address);
    } else if (sender.port !== to) {
      asking.set(id, sender);
      socket.send(message, to, '127.0.0.1');
    }
  });
  await new Promise<void>((done) => socket.bind(from, '127.0.0.1', done));
  return socket;
}
