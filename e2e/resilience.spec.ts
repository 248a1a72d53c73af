import { lane } from './lib/app.ts';
import { expect, test } from './lib/test.ts';

test.beforeEach(async ({ app }) => {
  await app.call('ScaleDeployment', { replicas: 3 });
  await app.settled(3, 50);
});

test('agent: the page says that it is lost, then goes on by itself, with the same lanes and traffic', async ({
  app,
  timeline,
}) => {
  await app.call('SetTraffic', { ratePerSecond: 80 });
  await app.until('the rate is asked', (s) => s.traffic.ratePerSecond === 80);
  const before = await app.snapshot();
  // Held down long enough to be seen: a stopped process answers nobody.
  const agent = app.process('agent.mjs');
  process.kill(agent.pid, 'SIGSTOP');
  await expect(timeline.live).toHaveAttribute('data-state', 'lost', { timeout: 30_000 });
  process.kill(agent.pid, 'SIGKILL');
  await expect(timeline.live).toHaveAttribute('data-state', 'live', { timeout: 30_000 });
  const after = await app.settled(3, 100);
  expect(after.runId).not.toBe(before.runId);
  expect(after.traffic.ratePerSecond).toBe(80);
  expect(after.lanes.map((each) => each.id)).toEqual(before.lanes.map((each) => each.id));
  expect(app.process('agent.mjs').pid).not.toBe(agent.pid);
  expect(app.output).toContain('agent was ended by SIGKILL');
  await timeline.advances();
  await app.call('SetTraffic', { ratePerSecond: 100 });
});

test('lab: its pods end with it, it returns with the same objects, and the traffic heals', async ({
  app,
  timeline,
}) => {
  const before = await app.snapshot();
  const lab = app.process('lab.mjs');
  process.kill(lab.pid, 'SIGKILL');
  await app.until('the truth is lost', (s) => s.cluster?.state !== 'synced');
  const after = await app.until(
    'the same pods are back, restarted',
    (s) => {
      const ready = s.pods.filter((pod) => pod.ready);
      return (
        s.cluster?.state === 'synced' &&
        ready.length === 3 &&
        ready.every((pod) => before.pods.some((old) => old.uid === pod.uid && pod.incarnation > old.incarnation))
      );
    },
    45_000,
  );
  expect(
    after.pods
      .filter((pod) => pod.ready)
      .map((pod) => pod.ip)
      .sort(),
  ).toEqual(
    before.pods
      .filter((pod) => pod.ready)
      .map((pod) => pod.ip)
      .sort(),
  );
  await app.settled(3, 200);
  await timeline.advances();
});

test('Envoy: the lane loses calls while it is away and comes back by itself', async ({ app }) => {
  const before = await app.snapshot();
  const envoy = app.process(/envoy -c|envoy.*--config/);
  process.kill(envoy.pid, 'SIGKILL');
  await app.until(
    'calls fail on the Envoy lane',
    (s) =>
      Object.values(lane(s, 'envoy').errors ?? {}).reduce((a, b) => a + b, 0) >
      Object.values(lane(before, 'envoy').errors ?? {}).reduce((a, b) => a + b, 0),
  );
  const after = await app.settled(3, 200);
  expect(lane(after, 'envoy').state).toBe('running');
  for (const id of ['clusterip', 'headless', 'kubewatch'])
    expect(lane(after, id).errors ?? {}, id).toEqual(lane(before, id).errors ?? {});
});

test('a pod ended by signal 9 returns in the same pod', async ({ app }) => {
  const before = await app.snapshot();
  const pod = app.process('pod.mjs');
  process.kill(pod.pid, 'SIGKILL');
  const after = await app.until(
    'one pod restarted',
    (s) =>
      s.pods.filter((each) => each.ready).length === 3 &&
      s.pods.some((each) => (before.pods.find((old) => old.uid === each.uid)?.incarnation ?? 99) < each.incarnation),
  );
  expect(
    after.pods
      .filter((each) => each.ready)
      .map((each) => each.uid)
      .sort(),
  ).toEqual(
    before.pods
      .filter((each) => each.ready)
      .map((each) => each.uid)
      .sort(),
  );
});
