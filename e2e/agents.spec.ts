import { test as base, expect } from '@playwright/test';
import { App } from './lib/app.ts';
import { onlyFull } from './lib/full.ts';

/** What the snapshot says of several agents. */
interface Agents {
  runId: string;
  agents: { id: string; name: string; state: string; reason: string }[];
  pods: { uid: string; handle: string; ready: boolean }[];
  lanes: {
    id: string;
    issued: number;
    answered: number;
    verdict: string;
    pods: { uid: string; calls: number }[];
    errors: Record<string, number>;
    rate: { asked: number; achieved: number };
    agents: {
      agent: string;
      state: string;
      issued: number;
      belief: { addresses: string[] };
      connections: unknown[];
      pods: { uid: string; calls: number; share: number }[];
    }[];
  }[];
}

const test = base.extend<object, { app: App }>({
  app: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern to find what a fixture needs.
    async ({}, use) => {
      const app = await App.start({ args: ['--agents', '3', '--rate', '50'] });
      await use(app);
      await app.stop();
    },
    { scope: 'worker', timeout: 90_000 },
  ],
});

const now = (app: App) => app.call<Agents>('GetSnapshot');
const laneOf = (snapshot: Agents, id: string) => snapshot.lanes.find((lane) => lane.id === id)!;

async function until(app: App, what: string, holds: (snapshot: Agents) => boolean): Promise<Agents> {
  let last: Agents | undefined;
  await expect
    .poll(
      async () => {
        last = await now(app);
        return holds(last);
      },
      { message: what, timeout: 45_000, intervals: [200] },
    )
    .toBe(true);
  return last as Agents;
}

const allWork = ({ agents }: Agents) => agents.length === 2 && agents.every(({ state }) => state === 'working');

test('three agents are one run: rates and sums hold, and each has connections and a belief of its own', async ({
  app,
}) => {
  await until(app, 'all agents work', allWork);
  // From here on all calls are shared.
  await app.call('NewRun');
  const snapshot = await until(app, '300 calls on each lane', (s) =>
    s.lanes.every((lane) => lane.answered >= 300 && lane.agents.length === 3),
  );
  for (const lane of snapshot.lanes) {
    const each = lane.agents.map(({ issued }) => issued);
    expect(each.reduce((a, b) => a + b)).toBe(lane.issued);
    for (const { uid, calls } of lane.pods) {
      const shared = lane.agents.map(({ pods }) => pods.find((pod) => pod.uid === uid)?.calls ?? 0);
      expect(shared.reduce((a, b) => a + b)).toBe(calls);
    }
    // One of three in a row each, whatever the beat at which a run begins.
    expect(Math.max(...each) - Math.min(...each)).toBeLessThanOrEqual(0.1 * lane.issued);
    expect(lane.rate.asked).toBeCloseTo(50, 6);
    for (const { connections } of lane.agents) expect(connections.length).toBeGreaterThan(0);
  }
  // Each client of the ClusterIP is a draw of its own: which pod is chance, that it is one is not.
  for (const { pods } of laneOf(snapshot, 'clusterip').agents) {
    expect(pods.filter(({ calls }) => calls > 0)).toHaveLength(1);
  }
  for (const id of ['headless', 'kubewatch']) {
    for (const { belief, pods } of laneOf(snapshot, id).agents) {
      expect(belief.addresses).toHaveLength(3);
      expect(pods.filter(({ calls }) => calls > 0)).toHaveLength(3);
    }
  }
});

test('the lane says how many clients it has, and opened, whom each reached', async ({ app, page }) => {
  await until(app, 'all agents work', allWork);
  await page.goto(`${app.url}/?lane=clusterip`);
  const rows = page.getByTestId('clients').locator('tbody tr');
  await expect(rows).toHaveCount(3);
  await expect(page.getByTestId('clients')).toContainText('3 clients');
  const { lanes, pods } = await now(app);
  const own = lanes.find(({ id }) => id === 'clusterip')?.agents[0]?.pods.find(({ share }) => share > 0);
  const handle = pods.find(({ uid }) => uid === own?.uid)?.handle ?? '';
  await expect(rows.filter({ hasText: 'this agent' })).toContainText(`${handle}100 %`);
  await expect(rows.filter({ hasText: 'agent-3' })).toContainText('one address');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('lane-clusterip')).toContainText('3 clients');
});

test('a lost agent is seen, its part goes to the others, and it comes back', async ({ app }) => {
  test.skip(...onlyFull);
  await until(app, 'all agents work', allWork);
  const victim = app.processes().find(({ args }) => args.includes('--name agent-2'));
  const before = (await now(app)).runId;
  process.kill(victim?.pid ?? 0, 'SIGSTOP');
  try {
    const lost = await until(app, 'agent-2 is lost', ({ agents }) => agents.some(({ state }) => state === 'lost'));
    expect(lost.agents.find(({ state }) => state === 'lost')?.name).toBe('agent-2');
    // The whole rate is still asked for, and the two others make all of the calls.
    const two = await until(app, 'the others took its part', (s) => {
      const lane = laneOf(s, 'headless');
      return (
        Math.abs(lane.rate.asked - 50) < 1e-6 && lane.agents.filter(({ state }) => state === 'working').length === 2
      );
    });
    const grown = await until(
      app,
      '200 calls by two agents',
      (s) => laneOf(s, 'headless').answered >= laneOf(two, 'headless').answered + 200,
    );
    const [first, second] = [two, grown].map((s) => laneOf(s, 'headless').agents);
    const id = lost.agents.find(({ state }) => state === 'lost')?.id;
    for (const { agent, issued } of second ?? []) {
      const was = first?.find((each) => each.agent === agent)?.issued ?? 0;
      if (agent === id) expect(issued).toBe(was);
      else expect(issued - was).toBeGreaterThan(50);
    }
  } finally {
    process.kill(victim?.pid ?? 0, 'SIGCONT');
  }
  const back = await until(app, 'agent-2 works again', allWork);
  expect(back.runId).toBe(before);
});
