import { lane } from './lib/app.ts';
import { expect, test } from './lib/test.ts';

interface Listed {
  runs: { runId: string; name: string; tags: string[]; state: string; lanes: { id: string; answered: number }[] }[];
}

test.describe.configure({ mode: 'serial' });

test('a run is kept without asking; opened, it shows what was shown live, and scrubbing leads back in time', async ({
  app,
  page,
}) => {
  await app.settled(3, 100);
  await app.call('NewRun');
  const { runId } = await app.settled(3, 50);
  await app.call('ScaleDeployment', { replicas: 4 });
  const scaled = await app.settled(4, 50);
  await app.call('NewRun');
  await app.call('ScaleDeployment', { replicas: 3 });

  await page.goto(`${app.url}/runs`);
  await expect(page.getByTestId(`run-${runId}`)).toHaveAttribute('data-state', 'ended');
  await page.getByTestId(`run-${runId}`).getByTestId('run-open').click();
  await expect(page.getByTestId('live')).toHaveAttribute('data-state', 'recorded');
  await expect(page.getByTestId('replicas-plus')).toBeDisabled();

  // The end of the run: at least what was seen live before it.
  const ended = await app.call<Awaited<ReturnType<typeof app.snapshot>>>('GetSnapshot', { runId });
  expect(lane(ended, 'kubewatch').answered).toBeGreaterThanOrEqual(lane(scaled, 'kubewatch').answered);
  expect(ended.pods.filter((pod) => pod.ready)).toHaveLength(4);

  // Its beginning: three pods, and nobody had asked for more.
  await page.getByTestId('scrub').focus();
  await page.keyboard.press('Home');
  await expect(page.getByTestId('cluster')).toContainText('3 ready');
  await page.keyboard.press('End');
  await expect(page.getByTestId('cluster')).toContainText('4 ready');
  const end = await page.getByTestId('transport').getAttribute('data-at');

  // Step by step back, to what was asked.
  for (let i = 0; i < 200; i += 1) {
    await page.getByTestId('replay-back').click();
    if ((await page.getByTestId('replay-event').textContent())?.includes('Scale asked: 3')) break;
  }
  await expect(page.getByTestId('replay-event')).toContainText('Scale asked: 3 → 4');
  const asked = await page.getByTestId('transport').getAttribute('data-at');
  expect(Date.parse(asked ?? '')).toBeLessThan(Date.parse(end ?? ''));

  // The address is of that moment, for whoever gets it.
  await expect.poll(() => new URL(page.url()).searchParams.get('at')).toBe(asked);
  await page.reload();
  await expect(page.getByTestId('transport')).toHaveAttribute('data-at', asked ?? '');
  await expect(page.getByTestId('cluster')).toContainText('3 ready');

  // At twenty times the speed it gets to the end by itself.
  await page.getByTestId('speed-20').click();
  await page.getByTestId('replay-play').click();
  await expect(page.getByTestId('transport')).toHaveAttribute('data-playing', 'false');
  await expect(page.getByTestId('cluster')).toContainText('4 ready');
});

test('named, found, deleted and taken back', async ({ app, page }) => {
  const { runs } = await app.call<Listed>('ListRuns');
  const run = runs.find((each) => each.state === 'ended');
  expect(run).toBeDefined();
  await page.goto(`${app.url}/runs`);
  const row = page.getByTestId(`run-${run?.runId}`);
  await row.getByTestId('run-edit').click();
  await row.getByTestId('run-name').fill('The rollout of Tuesday');
  await row.getByTestId('run-tags').fill('demo, slow');
  await row.getByTestId('run-keep').click();
  await expect(row).toContainText('The rollout of Tuesday');

  await page.getByTestId('runs-search').fill('tuesday slow');
  await expect(page.getByTestId('runs-summary')).toContainText('1 run;');
  await row.getByTestId('run-delete').click();
  await expect(row).toHaveCount(0);
  await page.getByTestId('run-undo').click();
  await expect(row).toContainText('The rollout of Tuesday');

  const found = await app.call<Listed>('ListRuns', { search: 'tuesday' });
  expect(found.runs).toMatchObject([{ runId: run?.runId, tags: ['demo', 'slow'] }]);
  // The live one may not be deleted, and says why.
  await expect(app.call('DeleteRun', { runId: (await app.snapshot()).runId })).rejects.toThrow('begin a new run first');
});
