import { lane, lost, type SnapshotView } from './lib/app.ts';
import { expect, test } from './lib/test.ts';

const ids = ['clusterip', 'headless', 'kubewatch', 'envoy'];
const losses = (snapshot: SnapshotView) => new Map(ids.map((id) => [id, lost(lane(snapshot, id))]));
const difference = (before: SnapshotView, after: SnapshotView) => {
  const old = losses(before);
  return Object.fromEntries([...losses(after)].map(([id, count]) => [id, count - (old.get(id) ?? 0)]));
};

test.beforeEach(async ({ app }) => {
  await app.call('ScaleDeployment', { replicas: 3 });
  await app.settled(3, 10);
  await app.freshClients();
  await app.settled(3, 150);
});

test('delete: kube-watch loses no call, a new pod takes over', async ({ app, timeline }) => {
  const before = await app.snapshot();
  const pinned = await app.pinned();
  const victim = before.pods.find((pod) => pod.uid === pinned.uid);
  await timeline.podMenu(victim?.handle ?? '', /^delete(?! now)/i);
  await app.until(
    'the pod is gone and replaced',
    (s) =>
      s.pods.filter((pod) => pod.ready).length === 3 &&
      !s.pods.some((pod) => pod.uid === victim?.uid && pod.phase !== 'Gone'),
  );
  const after = await app.settled(3, 300);
  const cost = difference(before, after);
  test.info().annotations.push({ type: 'lost on delete', description: JSON.stringify(cost) });
  expect(cost.kubewatch).toBe(0);
  // Its connection ended with GOAWAY, so the next draw decides: it goes on with another pod.
  const taker = lane(after, 'clusterip').pods.filter((pod) => pod.recentCalls > 0 && pod.uid !== victim?.uid);
  expect(taker.length).toBeGreaterThan(0);
  expect(
    after.changes.some((change) => change.kind === 'delete' && change.removedUids?.includes(victim?.uid ?? '')),
  ).toBe(true);
});

test('delete now: the object goes first, and the replacement has another name and IP', async ({ app }) => {
  const before = await app.snapshot();
  const victim = before.pods.filter((pod) => pod.ready)[0];
  await app.call('DeletePod', { pod: victim?.name, gracePeriodSeconds: 0 });
  const after = await app.until(
    'a replacement is ready',
    (s) => s.pods.filter((pod) => pod.ready && pod.uid !== victim?.uid).length === 3,
  );
  const fresh = after.pods.filter((pod) => pod.ready && !before.pods.some((old) => old.uid === pod.uid));
  expect(fresh).toHaveLength(1);
  expect(fresh[0]?.name).not.toBe(victim?.name);
  expect(fresh[0]?.ip).not.toBe(victim?.ip);
  const settled = await app.settled(3, 200);
  test
    .info()
    .annotations.push({ type: 'lost on delete now', description: JSON.stringify(difference(before, settled)) });
});

test('crash: the same pod returns; the loss is bounded and charged to it', async ({ app, timeline }) => {
  const before = await app.snapshot();
  // One that every lane's client knows, so that each of them is hit.
  const known = lane(before, 'headless').pods.find((pod) => pod.standing === 'used');
  const victim = before.pods.find((pod) => pod.uid === known?.uid);
  await timeline.podMenu(victim?.handle ?? '', /^crash/i);
  const back = await app.until('the pod is back with one more restart', (s) => {
    const pod = s.pods.find((each) => each.uid === victim?.uid);
    return pod?.ready === true && pod.incarnation === (victim?.incarnation ?? 0) + 1;
  });
  expect(back.pods.find((pod) => pod.uid === victim?.uid)).toMatchObject({ name: victim?.name, ip: victim?.ip });
  const after = await app.settled(3, 300);
  const cost = difference(before, after);
  test.info().annotations.push({ type: 'lost on crash', description: JSON.stringify(cost) });
  const rate = before.traffic.ratePerSecond;
  // round_robin drops the broken connection at once: what is lost was in flight, which on a busy machine is more than the
  // usual one or two, but never a backoff's worth.
  expect(cost.headless).toBeLessThan(rate);
  expect(cost.kubewatch).toBeLessThan(rate);
  // ClusterIP draws again, once more after the backoff if the draw hits the dead pod: a few calls, or some seconds' worth.
  expect(cost.clusterip).toBeLessThan(rate * 4);
  // One host of three refuses until Envoy's next lookup drops it: a third of the calls of at most that refresh and the restart.
  expect(cost.envoy).toBeLessThan(rate * 4);
  // Nobody's address changed, so nobody's belief had to.
  expect(lane(after, 'headless').belief?.addresses).toContain(`${victim?.ip}:50051`);
  expect(lane(after, 'headless').pods.find((pod) => pod.uid === victim?.uid)?.standing).toBe('used');
  expect(after.changes.some((change) => change.kind === 'crash')).toBe(true);
});

test('unready: kube-watch leaves at once, headless and ClusterIP stay', async ({ app }) => {
  const before = await app.snapshot();
  const victim = await app.pinned();
  await app.call('SetPodBehavior', { pod: victim?.uid, ready: false });
  const out = await app.until(
    'the pod left the ready set',
    (s) => s.pods.find((pod) => pod.uid === victim?.uid)?.ready === false,
  );
  const later = await app.until('calls went on', (s) =>
    ids.every((id) => lane(s, id).answered - lane(out, id).answered > 150),
  );
  const calls = (snapshot: SnapshotView, id: string) =>
    lane(snapshot, id).pods.find((pod) => pod.uid === victim?.uid)?.calls ?? 0;
  expect(calls(later, 'clusterip') - calls(out, 'clusterip')).toBeGreaterThan(100);
  expect(calls(later, 'headless') - calls(out, 'headless')).toBeGreaterThan(30);
  expect(lane(later, 'kubewatch').pods.find((pod) => pod.uid === victim?.uid)?.standing).not.toBe('used');
  expect(lane(later, 'clusterip').toRemovedAnswered).toBeGreaterThan(100);
  expect(lane(later, 'headless').pods.find((pod) => pod.uid === victim?.uid)?.standing).toBe('ghost');
  await app.call('SetPodBehavior', { pod: victim?.uid, ready: true });
  const again = await app.settled(3, 50);
  expect(ids.reduce((sum, id) => sum + (difference(before, again)[id] ?? 0), 0)).toBe(0);
});
