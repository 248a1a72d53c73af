import { type ChangeView, lane, type SnapshotView } from './lib/app.ts';
import { shareTolerance } from './lib/statistics.ts';
import { expect, test } from './lib/test.ts';

const newest = (snapshot: SnapshotView, kind: string): ChangeView | undefined =>
  snapshot.changes.filter((change) => change.kind === kind).at(-1);

test('3 to 5: kube-watch and Envoy use the new pods, headless DNS and ClusterIP do not', async ({ app, timeline }) => {
  await app.call('ScaleDeployment', { replicas: 3 });
  await app.settled(3, 10);
  // Clients that connected now: headless has just asked DNS and has no reason to ask again.
  await app.freshClients();
  await app.settled(3, 200);
  const old = (await app.snapshot()).pods.filter((pod) => pod.ready).map((pod) => pod.uid);

  await timeline.replicas('plus');
  await timeline.replicas('plus');
  const grown = await app.until('5 pods ready', (s) => s.pods.filter((pod) => pod.ready).length === 5);
  const fresh = grown.pods.filter((pod) => pod.ready && !old.includes(pod.uid)).map((pod) => pod.uid);
  expect(fresh).toHaveLength(2);

  // Envoy's own DNS refresh comes 5 s after the last; then it connects.
  await app.until('Envoy calls both new pods', (s) =>
    fresh.every((uid) => (lane(s, 'envoy').pods.find((pod) => pod.uid === uid)?.calls ?? 0) > 0),
  );
  await app.until('kube-watch calls both new pods', (s) =>
    fresh.every((uid) => (lane(s, 'kubewatch').pods.find((pod) => pod.uid === uid)?.calls ?? 0) > 0),
  );
  // A whole score window after the change, so that shares are those of five pods.
  const later = await app.settled(5, 1_100);

  for (const id of ['kubewatch', 'envoy']) {
    const view = lane(later, id);
    const ready = view.pods.filter((pod) => pod.ready);
    expect(ready).toHaveLength(5);
    for (const pod of ready)
      expect(Math.abs(pod.share - 1 / 5), `${id} ${pod.pod}`).toBeLessThan(shareTolerance(1 / 5, view.fairness.calls));
  }
  for (const uid of fresh) {
    expect(lane(later, 'headless').pods.find((pod) => pod.uid === uid)).toMatchObject({
      calls: 0,
      standing: 'missing',
    });
    expect(lane(later, 'clusterip').pods.find((pod) => pod.uid === uid)).toMatchObject({ calls: 0, standing: 'idle' });
  }
  expect(lane(later, 'headless').belief?.missing).toHaveLength(2);

  // The brackets: measured, in the order the stations happened.
  const change = newest(later, 'scale');
  expect(change?.title).toMatch(/3.*5|4.*5/);
  const stories = later.changes
    .filter((each) => each.kind === 'scale')
    .flatMap((each) => each.stories)
    .filter((story) => story.direction === 'added' && fresh.includes(story.podUid));
  const of = (id: string) => stories.filter((story) => story.laneId === id);
  for (const story of [...of('kubewatch'), ...of('envoy')]) {
    expect(story.state).toBe('answered');
    expect(story.reactionMs).toBeDefined();
  }
  expect(of('kubewatch')).toHaveLength(2);
  expect(of('headless').map((story) => story.state)).toEqual(['open', 'open']);
  expect(of('clusterip').map((story) => story.state)).toEqual(['never', 'never']);
  const worst = (id: string) => Math.max(...of(id).map((story) => story.reactionMs ?? Number.POSITIVE_INFINITY));
  test.info().annotations.push({
    type: 'reaction',
    description: `kube-watch ${worst('kubewatch').toFixed(1)} ms, Envoy ${worst('envoy').toFixed(0)} ms`,
  });

  await expect(timeline.podRows('headless', 'missing')).toHaveCount(2);
  await expect(timeline.podRows('kubewatch', 'used')).toHaveCount(5);
  await expect(timeline.bracket('headless')).toContainText(/counting|\+/);
  await expect(timeline.bracket('clusterip')).toContainText(/never/i);
  await expect(timeline.verdict('headless')).toContainText(/idle|lookup/i);
});

test('5 to 3: scaling down with the preStop sleep costs kube-watch nothing', async ({ app }) => {
  await app.call('ScaleDeployment', { replicas: 5 });
  const before = await app.settled(5, 200);
  await app.call('ScaleDeployment', { replicas: 3 });
  await app.until(
    '3 pods left',
    (s) =>
      s.pods.filter((pod) => pod.phase !== 'Gone' && !pod.terminating).length === 3 &&
      s.pods.filter((pod) => pod.terminating && pod.phase !== 'Gone').length === 0,
  );
  const after = await app.settled(3, 200);
  const errors = (snapshot: SnapshotView) =>
    Object.values(lane(snapshot, 'kubewatch').errors ?? {}).reduce((sum, count) => sum + count, 0);
  expect(errors(after) - errors(before)).toBe(0);
});
