import { lane } from './lib/app.ts';
import { shareTolerance } from './lib/statistics.ts';
import { expect, test } from './lib/test.ts';

test.beforeAll(async ({ app }) => {
  await app.call('ScaleDeployment', { replicas: 3 });
  await app.settled(3, 10);
  // Of a run of its own: what earlier specs broke is still spoken of for a while.
  await app.freshClients();
  await app.call('NewRun');
  await app.settled(3, 600);
});

test('without a click: ClusterIP is pinned to one pod of three, the other three paths are even', async ({
  app,
  timeline,
}) => {
  const snapshot = await app.settled(3, 300);
  expect(snapshot.running).toBe(true);

  const clusterip = lane(snapshot, 'clusterip');
  const answering = clusterip.pods.filter((pod) => pod.recentCalls > 0);
  expect(answering).toHaveLength(1);
  expect(answering[0]?.share).toBe(1);
  expect(clusterip.fairness.podsReady).toBe(3);
  expect(clusterip.fairness.jain).toBeCloseTo(1 / 3, 5);
  expect(clusterip.fairness.calls).toBeGreaterThanOrEqual(300);

  for (const id of ['headless', 'kubewatch', 'envoy']) {
    const { pods, fairness } = lane(snapshot, id);
    const ready = pods.filter((pod) => pod.ready);
    expect(ready).toHaveLength(3);
    expect(fairness.calls).toBeGreaterThanOrEqual(300);
    for (const pod of ready) {
      expect(Math.abs(pod.share - 1 / 3), `${id} ${pod.pod} of ${fairness.calls} calls`).toBeLessThan(
        shareTolerance(1 / 3, fairness.calls),
      );
    }
  }

  // The page says the same.
  await expect(timeline.podRows('clusterip', 'used')).toHaveCount(1);
  await expect(timeline.podRows('clusterip', 'idle')).toHaveCount(2);
  for (const id of ['headless', 'kubewatch', 'envoy']) await expect(timeline.podRows(id, 'used')).toHaveCount(3);
  await expect(timeline.verdict('clusterip')).toContainText(/pinned/i);
  await expect(timeline.verdict('kubewatch')).toContainText(/even/i);
  await expect(timeline.headline).not.toBeEmpty();
  await timeline.advances();
});

test('the sums hold: what was issued was answered, failed, or is in flight', async ({ app }) => {
  // Of a run of its own: pods that ended a minute ago leave the lists, and their calls with them.
  await app.call('NewRun', {});
  const snapshot = await app.until('each lane has calls', (s) => s.lanes.every((each) => each.answered > 100));
  for (const view of snapshot.lanes) {
    const failed = Object.values(view.errors ?? {}).reduce((sum, count) => sum + count, 0);
    const answered = view.pods.reduce((sum, pod) => sum + pod.calls, 0);
    expect(view.issued - view.answered - failed, view.id).toBeGreaterThanOrEqual(0);
    // Frames are cut while calls fly; at 100 calls/s not more than a frame's worth is under way.
    expect(view.issued - view.answered - failed, view.id).toBeLessThan(100);
    expect(answered, view.id).toBe(view.answered);
  }
});

test('traffic stops and starts, and the rate changes, without losing the counts', async ({ app, timeline }) => {
  const before = lane(await app.snapshot(), 'kubewatch').answered;
  await timeline.page.getByTestId('start-stop').click();
  await app.until('traffic stopped', (s) => !s.running);
  const stopped = await app.until('nothing in flight', (s) => lane(s, 'kubewatch').rate.achieved === 0);
  expect(lane(stopped, 'kubewatch').answered).toBeGreaterThanOrEqual(before);
  await timeline.page.getByTestId('start-stop').click();
  await app.call('SetTraffic', { ratePerSecond: 40 });
  const slower = await app.until('the new rate is asked', (s) => s.running && lane(s, 'kubewatch').rate.asked === 40);
  expect(slower.traffic.ratePerSecond).toBe(40);
  await app.until(
    'more calls are answered',
    (s) => lane(s, 'kubewatch').answered > lane(stopped, 'kubewatch').answered + 40,
  );
  await app.call('SetTraffic', { ratePerSecond: 100 });
});

test('closed loop: so many calls in flight per lane, as fast as they are answered', async ({ app }) => {
  await app.call('SetTraffic', { concurrency: 2, thinkTimeMs: 20 });
  const closed = await app.until(
    'the loop is closed',
    (s) => s.traffic.concurrency === 2 && s.traffic.ratePerSecond === 0,
  );
  await app.until('calls are answered', (s) => lane(s, 'headless').answered > lane(closed, 'headless').answered + 50);
  await app.call('SetTraffic', { ratePerSecond: 100, thinkTimeMs: 0 });
  expect((await app.snapshot()).traffic).toMatchObject({ ratePerSecond: 100, concurrency: 0 });
});

test('ten connections are ten draws: ClusterIP leaves its one pod', async ({ app }) => {
  await app.call('SetTraffic', { connections: 10 });
  // Ten draws of three pods hit one pod only with probability 3^-9; a second attempt settles even that.
  const spread = await app.until(
    'ClusterIP uses more than one pod',
    (s) => lane(s, 'clusterip').pods.filter((pod) => pod.recentCalls > 20).length > 1,
  );
  expect(spread.traffic.connections).toBe(10);
  await app.call('SetTraffic', { connections: 1 });
  await app.settled(3, 100);
});
