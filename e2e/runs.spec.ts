import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
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
  // On the bar an arrow is a second, with Shift ten; and letters are still the view's, once.
  const at = async () => Date.parse((await page.getByTestId('transport').getAttribute('data-at')) ?? '');
  const begin = async () => Number(await page.getByTestId('scrub').getAttribute('min'));
  await page.keyboard.press('ArrowLeft');
  const off = async (ms: number) => Math.abs((await at()) - ms);
  await expect.poll(() => off(Date.parse(end ?? '') - 1_000)).toBeLessThan(2);
  await page.keyboard.press('Shift+ArrowLeft');
  const tenBefore = Math.max(await begin(), Date.parse(end ?? '') - 11_000);
  await expect.poll(() => off(tenBefore)).toBeLessThan(2);
  // Never beyond the run; its end is not on the bar's own grid of 100 ms.
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Shift+ArrowRight');
  await expect.poll(at).toBeGreaterThanOrEqual(Date.parse(end ?? ''));
  expect(await at()).toBeLessThan(Date.parse(end ?? '') + 100);
  const theme = () => page.locator('html').getAttribute('data-theme');
  const before = await theme();
  await page.keyboard.press('t');
  await expect.poll(theme).not.toBe(before);
  await page.keyboard.press('t');
  await expect.poll(theme).toBe(before);

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

  // The same moment explained: the other view, which follows the transport too.
  await page.getByTestId('view-switch').click();
  await expect(page.getByTestId('truth')).toContainText('4 pods Ready');
  await expect(page.getByTestId('live')).toHaveAttribute('data-state', 'recorded');
  expect(new URL(page.url()).searchParams.get('view')).toBe('stage');
  await page.getByTestId('scrub').focus();
  await page.keyboard.press('Home');
  await expect(page.getByTestId('truth')).not.toContainText('4 pods Ready');
  await page.getByTestId('view-switch').click();
  await expect(page.getByTestId('cluster')).toBeVisible();
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

test('exported, it opens without a network; imported again, it is the same run', async ({ app, page, context }) => {
  const { runs } = await app.call<Listed>('ListRuns', { search: 'tuesday' });
  const original = runs[0];
  await page.goto(`${app.url}/runs?q=tuesday`);
  const row = page.getByTestId(`run-${original?.runId}`);
  const exported = async (format: string) => {
    await row.getByTestId('run-export').click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId(`export-${format}`).click()]);
    return download.path();
  };

  const pagePath = await exported('html');
  const alone = await context.newPage();
  await context.setOffline(true);
  await alone.setContent(readFileSync(pagePath, 'utf8'));
  await expect(alone.getByRole('heading', { name: 'The rollout of Tuesday' })).toBeVisible();
  await expect(alone.getByRole('img')).toHaveCount(4);
  await context.setOffline(false);
  await alone.close();

  await page.getByTestId('run-import-file').setInputFiles({
    name: 'run.jsonl.gz',
    mimeType: 'application/gzip',
    buffer: readFileSync(await exported('jsonl_gz')),
  });
  await expect(page.getByTestId('runs-summary')).toContainText('2 runs;');
  const both = await app.call<Listed>('ListRuns', { search: 'tuesday' });
  const [one, two] = both.runs;
  expect(one?.lanes).toEqual(two?.lanes);

  // The two side by side: nothing differs.
  for (const run of both.runs) await page.getByTestId(`run-${run.runId}`).getByRole('checkbox').check();
  await page.getByTestId('compare').click();
  await expect(page.getByTestId('compare-kubewatch-losses')).toContainText('0.00 in 1000');
  await expect(page.getByTestId('compare-summary')).not.toContainText('different');

  // What is no run is refused with its line.
  await page.goto(`${app.url}/runs`);
  await page.getByTestId('run-import-file').setInputFiles({
    name: 'bad.jsonl',
    mimeType: 'application/jsonl',
    buffer: Buffer.from('{"head":{"version":99}}\n'),
  });
  await expect(page.getByTestId('notice')).toContainText('line 1: version is 99: allowed is 1');
});

test('what cannot be written is said on the screen, and written once it can be', async ({ app, page }) => {
  await page.goto(`${app.url}/?view=stage`);
  await expect(page.getByTestId('live')).toHaveAttribute('data-state', 'live');
  await expect(page.getByTestId('recording-fault')).toHaveCount(0);
  const { runId } = await app.snapshot();
  const other = new DatabaseSync(join(app.stateDir, 'recordings', `${runId}.run`));
  other.exec('BEGIN IMMEDIATE');
  try {
    await expect(page.getByTestId('recording-fault')).toHaveText('Not recorded');
    await page.getByTestId('recording-fault').click();
    await expect(page.getByTestId('notice')).toContainText('another program holds the file');
    // Traffic does not wait for it.
    await expect(page.getByTestId('live')).toHaveAttribute('data-state', 'live');
  } finally {
    other.exec('ROLLBACK');
    other.close();
  }
  await expect(page.getByTestId('recording-fault')).toHaveCount(0);
  await app.call('NewRun');
  const { run } = await app.call<{ run: { gaps?: unknown[] } }>('GetRun', { runId });
  expect(run.gaps ?? []).toEqual([]);
});

test('the agent ends without a word: the run so far is there, and says how it ended', async ({ app }) => {
  // At most the last second is missing.
  const { runId } = await app.settled(3, 400);
  process.kill(app.process('agent.mjs').pid, 'SIGKILL');
  const after = await app.until('a new run', (s) => s.runId !== runId);
  expect(after.runId).not.toBe(runId);
  const { runs } = await app.call<Listed>('ListRuns');
  expect(runs.find((each) => each.runId === runId)).toMatchObject({ state: 'cut' });
  const last = await app.call<Awaited<ReturnType<typeof app.snapshot>>>('GetSnapshot', { runId });
  expect(lane(last, 'headless').answered).toBeGreaterThan(100);
});
