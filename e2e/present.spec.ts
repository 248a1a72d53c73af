// Presenting: what the last row of a room needs, and nothing to click on; the keys go on working.
import { expect, test } from '@playwright/test';
import { Still } from './lib/still.ts';

let still: Still;
test.beforeAll(async () => {
  still = await Still.start('scaled');
});
test.afterAll(() => still.stop());

const size = (page: import('@playwright/test').Page, selector: string) =>
  page
    .locator(selector)
    .first()
    .evaluate((element) => Number.parseFloat(getComputedStyle(element).fontSize));

test('one key presents, another shows what is needed, the same key ends it; the address remembers', async ({
  page,
}) => {
  await page.goto(`${still.url}/?view=timeline&frozen`);
  await expect(page.getByTestId('live')).toHaveAttribute('data-state', 'frozen', { timeout: 45_000 });
  const before = await page.getByTestId('headline').innerText();
  await page.keyboard.press('p');

  const stage = page.getByTestId('stage');
  await expect(stage).toHaveAttribute('data-presenting', 'true');
  await expect(page).toHaveURL(/present=1/);
  await expect(page.getByTestId('headline')).toHaveText(before);
  await expect(page.getByTestId('start-stop')).toHaveCount(0);
  await expect(page.getByTestId('replicas-plus')).toHaveCount(0);
  // Who has not noticed yet says so in figures that are read from far away.
  await expect(page.getByTestId('lane-headless')).toContainText(/noticed after/);
  expect(await size(page, '.note-noticed b')).toBeGreaterThanOrEqual(40);
  expect(await size(page, '.stage-headline')).toBeGreaterThanOrEqual(28);

  await page.keyboard.press('l');
  await expect(page.getByTestId('lanes-sheet')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('lanes-sheet')).toBeHidden();
  await page.getByTestId('more').click();
  await page.getByRole('menuitem', { name: /end presenting/i }).click();
  await expect(stage).toHaveAttribute('data-presenting', 'false');
  await expect(page).not.toHaveURL(/present=1/);
  await expect(page.getByTestId('start-stop')).toBeVisible();

  // A link to it opens it.
  await page.goto(`${still.url}/?present=1&frozen`);
  await expect(stage).toHaveAttribute('data-presenting', 'true');
  await page.keyboard.press('p');
  await expect(stage).toHaveAttribute('data-presenting', 'false');
});
