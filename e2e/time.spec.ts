import type { Page } from '@playwright/test';
import { lane } from './lib/app.ts';
import { onlyFull } from './lib/full.ts';
import { Still } from './lib/still.ts';
import { expect, test } from './lib/test.ts';

/** Some seconds only, so that a run which has just begun has a past to look into. */
async function closer(page: Page): Promise<void> {
  for (let i = 0; i < 5; i += 1) await page.keyboard.press(']');
  await expect(page.getByTestId('span-other')).toHaveText(/^8\.6/);
}

test.beforeAll(async ({ app }) => {
  await app.call('ScaleDeployment', { replicas: 3 });
  await app.settled(3, 100);
  // A run that begins in the middle of life: what its clients believe was told before it.
  await app.call('NewRun');
  await app.settled(3, 300);
  await app.call('ScaleDeployment', { replicas: 4 });
  await app.settled(4, 300);
});

test('zoom and pan by key and wheel; the URL remembers, and brings the same stretch back', async ({ timeline }) => {
  const { page } = timeline;
  await page.keyboard.press('[');
  await expect(page.getByTestId('span-other')).toBeVisible();
  await expect(page).toHaveURL(/span=144/);
  await page.keyboard.press('1');
  await expect(page.getByTestId('span-90s')).toHaveAttribute('aria-checked', 'true');

  // Into the past: the right edge is no longer now, and says which time it is.
  await closer(page);
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByTestId('to-now')).toBeVisible();
  await expect(page).toHaveURL(/from=\d{4}-.*&to=\d{4}-/);
  const link = page.url();
  const edge = await page.locator('.now-tag').textContent();
  expect(edge).toMatch(/^\d\d:\d\d:\d\d$/);

  // Live data goes on meanwhile.
  await timeline.advances();
  expect(await page.locator('.now-tag').textContent()).toBe(edge);

  await page.goto(link);
  await expect(timeline.live).toHaveAttribute('data-state', 'live');
  await expect(page.locator('.now-tag')).toHaveText(edge ?? '');

  await page.keyboard.press('End');
  await expect(page.locator('.now-tag')).toHaveText('now');
  await expect(page).not.toHaveURL(/from=/);

  const band = await page.getByTestId('lane-headless').locator('canvas').boundingBox();
  await page.mouse.move((band?.x ?? 0) + (band?.width ?? 0) / 2, (band?.y ?? 0) + 40);
  await page.keyboard.down('Control');
  await page.mouse.wheel(0, -300);
  await page.keyboard.up('Control');
  await expect(page.getByTestId('to-now')).toBeVisible();
  await page.getByTestId('to-now').click();
  await expect(page.locator('.now-tag')).toHaveText('now');
});

test('dragging the axis looks back', async ({ timeline }) => {
  const { page } = timeline;
  await closer(page);
  const band = await page.getByTestId('lane-headless').locator('canvas').boundingBox();
  const [x, y] = [(band?.x ?? 0) + 200, (band?.y ?? 0) + 50];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 150, y, { steps: 5 });
  await page.mouse.up();
  await expect(page.getByTestId('to-now')).toBeVisible();
});

test('a frozen moment has a link, and whoever opens it later sees that moment', async ({ app, timeline }) => {
  const { page } = timeline;
  await page.keyboard.press('f');
  await expect(page).toHaveURL(/at=.*run=/);
  const link = page.url();
  // The last frame before that moment may not have been here yet when it was frozen: what is stated is the same.
  const verdicts = async () =>
    (await page.locator('[data-testid$="-verdict"]').allTextContents()).map((text) => text.replace(/[\d.]+/g, '#'));
  const clock = page.locator('.live-clock');
  const [then, said] = [await clock.textContent(), await verdicts()];

  await app.call('ScaleDeployment', { replicas: 2 });
  await app.settled(2, 300);
  await page.goto(link);
  await expect(timeline.live).toHaveAttribute('data-state', 'frozen');
  await expect(clock).toHaveText(then ?? '');
  await expect.poll(verdicts).toEqual(said);
  await expect(timeline.podRows('kubewatch', 'used')).toHaveCount(4);
  await page.getByTestId('freeze').click();
  await expect(timeline.live).toHaveAttribute('data-state', 'live');
  await expect(page).not.toHaveURL(/at=/);
});

test('an event unfolds into stations and lights up what it caused; Escape folds', async ({ app, timeline }) => {
  const { page } = timeline;
  const { replicas } = (await app.snapshot()).deployment ?? { replicas: 2 };
  await app.call('ScaleDeployment', { replicas: replicas + 1 });
  const snapshot = await app.until('kube-watch called the new pod', (s) => {
    const change = s.changes.at(-1);
    return (
      change?.title === `Scaled ${replicas} → ${replicas + 1}` &&
      change.stories.some((story) => story.laneId === 'kubewatch' && story.state === 'answered')
    );
  });
  // Not just the last one: the page may show the change before this one for a moment longer than the agent tells of it.
  const flag = page
    .getByTestId('event-flag')
    .filter({ hasText: new RegExp(`${replicas}\\s→\\s${replicas + 1}`) })
    .last();
  await expect(flag).toBeVisible();
  // The flag is new, so at the right edge; that it is looked for there moves nothing.
  await flag.evaluate((element) => element.scrollIntoView({ inline: 'end' }));
  expect(await page.locator('.flags').evaluate((element) => element.scrollLeft)).toBe(0);
  await flag.hover();
  const fresh = snapshot.changes.at(-1)?.addedUids?.[0];
  const handle = snapshot.pods.find((pod) => pod.uid === fresh)?.handle;
  await expect(page.getByTestId(`pod-row-kubewatch-${handle}`)).toHaveAttribute('data-dim', 'false');
  const old = snapshot.pods.find((pod) => pod.ready && pod.uid !== fresh)?.handle;
  await expect(page.getByTestId(`pod-row-kubewatch-${old}`)).toHaveAttribute('data-dim', 'true');

  await flag.focus();
  await page.keyboard.press('Enter');
  const stations = page.getByTestId('stations');
  await expect(stations).toBeVisible();
  const row = page.getByTestId('stations-kubewatch');
  await expect(row.locator('[data-station="firstCall"]')).toHaveAttribute('data-state', 'last');
  await expect(row.locator('[data-longest="true"]')).toHaveCount(1);
  // What was measured is what the agent tells.
  const story = snapshot.changes.at(-1)?.stories.find((each) => each.laneId === 'kubewatch' && each.podUid === fresh);
  expect(story?.reactionMs).toBeDefined();
  await expect(row.locator('.station-result')).toHaveText(/\d+(\.\d)?\s(ms|s)/);
  await page.keyboard.press('Escape');
  await expect(stations).toBeHidden();
});

test('all measures: definitions on demand, and a copy as Markdown', async ({ app, timeline, context }) => {
  const { page } = timeline;
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByTestId('measures-open').click();
  const sheet = page.getByTestId('measures');
  await expect(sheet.getByText('Jain’s fairness')).toBeVisible();
  await sheet.getByRole('button', { name: /Jain/ }).click();
  await expect(sheet.getByText(/over the answered calls/)).toBeVisible();
  await page.getByTestId('copy-markdown').click();
  await expect(sheet.getByRole('status')).toHaveText(/Copied/);
  const text = await page.evaluate(() => navigator.clipboard.readText());
  const { lanes } = await app.snapshot();
  for (const { id } of lanes) expect(lane(await app.snapshot(), id).verdict).not.toBe('');
  expect(text).toMatch(/^## /);
  expect(text).toMatch(/\| Jain’s fairness \| .*n \d+/);
  expect(text.split('\n').filter((line) => line.startsWith('- **'))).toHaveLength(lanes.length);
});

test('calls lost while the picture runs: their tags come without a fault of the page', async ({ page }) => {
  test.skip(...onlyFull);
  const moving = await Still.start('thirty', { moving: true });
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  try {
    await page.goto(`${moving.url}/?view=timeline`);
    await expect(page.getByTestId('live')).toHaveAttribute('data-state', 'live', { timeout: 45_000 });
    for (const replicas of [28, 26, 24]) {
      await fetch(`${moving.url}/rpc/lbscope.agent.v1.AgentService/ScaleDeployment`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ replicas }),
      });
      await page.waitForTimeout(2_500);
    }
    await expect(page.locator('.tear').first()).toBeAttached();
    expect(faults).toEqual([]);
  } finally {
    await moving.stop();
  }
});
