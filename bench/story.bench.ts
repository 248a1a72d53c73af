/**
 * The story of the README, measured: shares per lane before and after 3 to 5 pods, what each lane needed to use the new
 * pods, and the calls lost on delete, delete now and crash. Each disruption is repeated; medians are given with min and max.
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { App, lane, lost, type SnapshotView } from '../e2e/lib/app.ts';

const lanes = ['clusterip', 'headless', 'kubewatch', 'envoy'];
const repeats = Number(process.env.LBSCOPE_BENCH_REPEATS ?? 5);

const shares = (snapshot: SnapshotView, id: string): string =>
  lane(snapshot, id)
    .pods.filter((pod) => pod.ready)
    .map((pod) => `${(pod.share * 100).toFixed(1)} %`)
    .join(' ');

function summary(values: readonly number[], digits: number): string {
  if (values.length === 0) return 'none';
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] as number;
  return `${median.toFixed(digits)} (${sorted[0]?.toFixed(digits)} to ${sorted.at(-1)?.toFixed(digits)}, n ${sorted.length})`;
}

/** Three settled pods, and clients that connected now. */
async function fresh(app: App): Promise<SnapshotView> {
  await app.call('ScaleDeployment', { replicas: 3 });
  await app.settled(3, 10);
  await app.until('none terminating', (s) => !s.pods.some((pod) => pod.terminating && pod.phase !== 'Gone'));
  await app.freshClients();
  // A whole score window, so that shares are those of these clients alone.
  return app.settled(3, 1_100);
}

/** Calls lost per lane by something, and what the lanes looked like a little later. */
async function cost(app: App, act: () => Promise<void>): Promise<Record<string, number>> {
  const before = await fresh(app);
  await act();
  await sleep(1_000);
  await app.settled(3, 500);
  const after = await app.snapshot();
  return Object.fromEntries(lanes.map((id) => [id, lost(lane(after, id)) - lost(lane(before, id))]));
}

const app = await App.start();
const lines: string[] = [];
const print = (line = ''): void => {
  lines.push(line);
  console.log(line);
};

try {
  print('# Figures of the story');
  print();
  print('Written by `npm run bench -- story`. Four lanes, 100 calls/s each, one connection, unary, embedded cluster.');
  print(`Machine: ${availableParallelism()} cores (${cpus()[0]?.model.trim()}), Node ${process.versions.node}.`);
  print();

  await fresh(app);
  const three = await app.settled(3, 1_100);
  const reactions = new Map<string, number[]>(lanes.map((id) => [id, []]));
  const told = new Map<string, number[]>(lanes.map((id) => [id, []]));
  let five = three;
  for (let round = 0; round < repeats; round += 1) {
    const before = await fresh(app);
    const old = new Set(before.pods.map((pod) => pod.uid));
    await app.call('ScaleDeployment', { replicas: 5 });
    five = await app.settled(5, 1_100);
    for (const story of five.changes.flatMap((change) => change.stories)) {
      if (story.direction !== 'added' || old.has(story.podUid)) continue;
      if (story.state === 'answered' && story.reactionMs !== undefined)
        reactions.get(story.laneId)?.push(story.reactionMs);
      if (story.told && story.inPicker) {
        told.get(story.laneId)?.push(Date.parse(story.inPicker) - Date.parse(story.told));
      }
    }
  }
  print('| lane | shares, 3 pods | shares, 5 pods | slice to first call, ms | told to in the picker, ms |');
  print('| --- | --- | --- | --- | --- |');
  for (const id of lanes) {
    const reaction = reactions.get(id) ?? [];
    const never = reaction.length === 0 ? (id === 'clusterip' ? 'never' : 'not within 11 s') : summary(reaction, 1);
    print(`| ${id} | ${shares(three, id)} | ${shares(five, id)} | ${never} | ${summary(told.get(id) ?? [], 1)} |`);
  }
  print();
  print(
    `Waiting for its turn alone costs a new pod up to 50 ms at 100 calls/s over 5 pods. Shares are those of the last 10 s (1,000 calls).`,
  );
  print();

  const kinds: [string, () => Promise<void>][] = [
    ['delete', async () => void (await app.call('DeletePod', { pod: (await app.pinned()).uid }))],
    [
      'delete now',
      async () => void (await app.call('DeletePod', { pod: (await app.pinned()).uid, gracePeriodSeconds: 0 })),
    ],
    ['crash', async () => void (await app.call('SetPodBehavior', { pod: (await app.pinned()).uid, crash: true }))],
  ];
  print('Calls lost, of the pod that ClusterIP was pinned to:');
  print();
  print(`| | ${lanes.join(' | ')} |`);
  print(`| --- |${' --- |'.repeat(lanes.length)}`);
  for (const [name, act] of kinds) {
    const costs: Record<string, number>[] = [];
    for (let round = 0; round < repeats; round += 1) costs.push(await cost(app, act));
    print(
      `| ${name} | ${lanes
        .map((id) =>
          summary(
            costs.map((each) => each[id] ?? 0),
            0,
          ),
        )
        .join(' | ')} |`,
    );
  }
  writeFileSync(join(import.meta.dirname, '../docs/figures.md'), `${lines.join('\n')}\n`);
} finally {
  await app.stop();
}
