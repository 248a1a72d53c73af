import { expect, test } from './lib/test.ts';

test('by keyboard alone: help, stop and start, freeze and go live, theme', async ({ app, timeline }) => {
  const { page } = timeline;
  await app.until('traffic runs', (s) => s.running);
  await page.keyboard.press('?');
  await expect(page.getByTestId('help')).toBeVisible();
  // Behind the sheet, keys do nothing.
  await page.keyboard.press('f');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('help')).toBeHidden();
  await expect(timeline.live).toHaveAttribute('data-state', 'live');

  await page.keyboard.press('Space');
  await app.until('traffic stopped', (s) => !s.running);
  await page.keyboard.press('Space');
  await app.until('traffic runs again', (s) => s.running);

  await page.keyboard.press('f');
  await expect(timeline.live).toHaveAttribute('data-state', 'frozen');
  const frozen = await timeline.sequence();
  await app.until('the run goes on', (s) => s.sequence > frozen + 10);
  expect(await timeline.sequence()).toBe(frozen);
  await page.keyboard.press('f');
  await expect(timeline.live).toHaveAttribute('data-state', 'live');
  await timeline.advances();

  const theme = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const before = await theme();
  await page.keyboard.press('t');
  await expect.poll(theme).not.toBe(before);
});

test('two viewers see the same run in the same colours', async ({ app, timeline, browser }) => {
  const other = await browser.newPage();
  await other.goto(`${app.url}/?view=timeline`);
  await expect(other.getByTestId('live')).toHaveAttribute('data-state', 'live');
  const rows = (page: typeof other) =>
    page
      .locator('[data-testid^="pod-row-kubewatch-"]')
      .evaluateAll((all) => all.map((row) => row.getAttribute('data-testid')));
  await expect.poll(() => rows(other)).toEqual(await rows(timeline.page));
  await other.close();
});
