import { expect, test } from '@playwright/test';
import { App, type LaneView, lane, lost, type SnapshotView } from './lib/app.ts';
import { onlyFull } from './lib/full.ts';
import { shareTolerance } from './lib/statistics.ts';

/** What a preset's lane does with three pods, one connection and one call after another. */
type Characteristic = 'even' | 'pins' | 'by chance' | 'answers';

/** As docs/paths tells it; a preset that is not here fails the test. */
const characteristics: Record<string, Characteristic> = {
  clusterip: 'pins',
  headless: 'even',
  kubewatch: 'even',
  kuberesolver: 'even',
  'least-request': 'by chance',
  random: 'by chance',
  envoy: 'even',
  'envoy-retry': 'even',
  'envoy-eds': 'even',
  'envoy-workers': 'even',
  haproxy: 'even',
  nginx: 'even',
  'nginx-resolver': 'by chance',
  'envoy-strict-clusterip': 'pins',
  'envoy-logical-clusterip': 'pins',
  'http1-close': 'by chance',
  // One connection, or as many as calls run at once.
  'http1-keepalive': 'answers',
  'headless-grpc-go': 'even',
  'headless-grpc-js': 'even',
  'headless-grpc-java': 'even',
  'headless-poll': 'even',
  'headless-retry': 'even',
  'headless-pick-first': 'pins',
  'grpc-js': 'even',
  'grpc-js-pick-first': 'pins',
  'connect-node': 'pins',
  // Given the headless name with one connection, and the health method of the same pods.
  address: 'pins',
  'own-service': 'even',
};
const given: Record<string, object> = {
  address: { target: 'greeter-headless.lbscope.svc.cluster.local:50051' },
  'own-service': {
    target: 'greeter-headless.lbscope.svc.cluster.local:50051',
    method: { path: '/grpc.health.v1.Health/Check', answeredBy: 'address' },
  },
};

interface PresetView {
  readonly id: string;
  readonly laneIds?: readonly string[];
}

const presetsOf = (snapshot: SnapshotView): readonly PresetView[] =>
  (snapshot as SnapshotView & { presets: PresetView[] }).presets;

test.describe('every preset', () => {
  test.skip(...onlyFull);
  test.describe.configure({ timeout: 600_000 });

  test('can be switched on from the dashboard’s list and does what its page says', async () => {
    // A lab of its own: other specs count on the four lanes.
    const app = await App.start({ args: ['--pods', '3'] });
    try {
      await app.until('3 pods', (s) => s.pods.filter((pod) => pod.ready).length === 3);
      const all = presetsOf(await app.snapshot());
      expect(all.map(({ id }) => id).sort()).toEqual(Object.keys(characteristics).sort());
      await app.call('SetTraffic', { ratePerSecond: 40 });
      const skipped: string[] = [];
      for (const { id, laneIds } of all) {
        const there = laneIds?.[0];
        if (there === undefined) await app.call('AddPreset', { presetId: id, ...given[id] });
        const view = await characteristicOf(app, there ?? id);
        if (typeof view === 'string') skipped.push(`${id}: ${view}`);
        else holds(id, view);
        if (there === undefined) await app.call('RemoveLane', { laneId: id });
      }
      // Programs that this machine lacks are said, and only those may be missing.
      for (const one of skipped) test.info().annotations.push({ type: 'not here', description: one });
      expect(skipped.filter((one) => !/^(haproxy|nginx|nginx-resolver): /.test(one))).toEqual([]);
    } finally {
      await app.stop();
    }
  });
});

/** The lane once enough calls of one run were answered; or why it can't run here. */
async function characteristicOf(app: App, id: string): Promise<LaneView | string> {
  const answering = await app.until(
    `${id} answers, or says why not`,
    (s) => lane(s, id).answered > 0 || /was found on this machine/.test(lane(s, id).reason),
    45_000,
  );
  if (lane(answering, id).answered === 0) return lane(answering, id).reason;
  // What came before the last of its connections stood is none of it.
  await app.call('NewRun');
  const enough = await app.until(`${id}: 300 calls`, (s) => lane(s, id).answered >= 300, 45_000);
  return lane(enough, id);
}

function holds(id: string, view: LaneView): void {
  const counts = view.pods.map(({ calls }) => calls).filter((calls) => calls > 0);
  const sum = counts.reduce((a, b) => a + b, 0);
  const said = `${id}: ${counts.join(', ')}; ${JSON.stringify(view.errors)}; ${view.verdict}`;
  expect.soft(lost(view), said).toBe(0);
  switch (characteristics[id]) {
    case 'pins':
      expect.soft(counts, said).toHaveLength(1);
      break;
    case 'even':
      expect.soft(counts, said).toHaveLength(3);
      // A turn for each connection and worker, and calls in flight.
      expect.soft(Math.max(...counts) - Math.min(...counts), said).toBeLessThanOrEqual(12);
      break;
    case 'by chance':
      expect.soft(counts, said).toHaveLength(3);
      for (const count of counts)
        expect.soft(Math.abs(count / sum - 1 / 3), said).toBeLessThan(shareTolerance(1 / 3, sum));
      break;
    default:
      expect.soft(sum, said).toBeGreaterThan(0);
  }
}
