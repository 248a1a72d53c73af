// What a browser fetches before the first picture, as it goes over the wire. A phone in a full room waits for it.
import { expect, test } from '@playwright/test';
import { Still } from './lib/still.ts';

/** KiB of scripts, compressed as they are sent. docs/dashboard.md names what it is now. */
const budget = 265;

let still: Still;
test.beforeAll(async () => {
  still = await Still.start('scaled');
});
test.afterAll(() => still.stop());

for (const view of ['stage', 'timeline'] as const) {
  test(`the scripts of the ${view} stay within ${budget} KiB`, async ({ page }) => {
    // As long as the agent has not answered, nothing is fetched ahead.
    await page.route('**/rpc/**', () => undefined);
    await page.goto(`${still.url}/?view=${view}`);
    await expect(view === 'stage' ? page.getByTestId('stage') : page.locator('.timeline')).toBeVisible();
    const scripts = await page.evaluate(() =>
      (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
        .filter(({ name }) => new URL(name).pathname.endsWith('.js'))
        .map(({ name, encodedBodySize, decodedBodySize }) => ({ name, encodedBodySize, decodedBodySize })),
    );
    expect(scripts.length).toBeGreaterThan(3);
    const sent = scripts.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0) / 1_024;
    const whole = scripts.reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0) / 1_024;
    const words = `${view}: ${sent.toFixed(1)} KiB of scripts sent, ${whole.toFixed(0)} KiB unpacked`;
    test.info().annotations.push({ type: 'first load', description: words });
    console.log(words);
    expect(sent, words).toBeGreaterThan(100);
    expect(sent, words).toBeLessThan(budget);
  });
}

test('what is not on the first picture is fetched once that one stands, so that opening waits for nothing', async ({
  page,
}) => {
  await page.goto(`${still.url}/?view=stage&frozen`);
  await expect(page.getByTestId('live')).toHaveAttribute('data-state', 'frozen', { timeout: 45_000 });
  const seen = () => page.evaluate(() => performance.getEntriesByType('resource').length);
  // Until no part is missing any more.
  await expect(async () => {
    const before = await seen();
    await page.waitForTimeout(1_000);
    expect(await seen()).toBe(before);
  }).toPass();
  const before = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .filter(({ name }) => name.endsWith('.js'))
      .map(({ name }) => name),
  );
  await page.keyboard.press('l');
  await expect(page.getByTestId('lanes-sheet')).toBeVisible();
  await page.keyboard.press('Escape');
  await page.keyboard.press('v');
  await expect(page.locator('.timeline')).toBeVisible();
  await page.getByTestId('more').focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('menuitem', { name: /find a command/i })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('more')).toBeFocused();
  const after = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .filter(({ name }) => name.endsWith('.js'))
      .map(({ name }) => name),
  );
  expect(after.filter((name) => !before.includes(name))).toEqual([]);
});
