// Protobuf against JSON, measured by the real agent against a real pod when somebody asks.
import AxeBuilder from '@axe-core/playwright';
import { onlyFull } from './lib/full.ts';
import { expect, test } from './lib/test.ts';

test.skip(...onlyFull);

test('protobuf against JSON is in the menu, and measures messages and calls', async ({ stage }) => {
  const { page } = stage;
  await page.getByTestId('more').click();
  await page.getByTestId('more-encoding').click();
  const sheet = page.getByTestId('encoding-sheet');
  await sheet.getByTestId('encoding-measure').click();
  await expect(sheet.getByRole('status').first()).toContainText('Measuring');
  // Some seconds of work, on a machine that does other things too.
  await expect(sheet.getByTestId('encoding-calls')).toBeVisible({ timeout: 60_000 });
  await expect(sheet.getByTestId('encoding-messages').locator('tbody')).toHaveCount(3);
  await expect(sheet.getByTestId('encoding-messages')).toContainText(/size\s*[\d,]+ B\s*[\d,]+ B\s*[\d.]+×/);
  const ways = sheet.getByTestId('encoding-calls').getByRole('rowheader');
  await expect(ways).toHaveText([/^HTTP\/2/, /^HTTP\/1\.1/, /^HTTP\/2/, /^HTTP\/1\.1/]);
  await expect(sheet).toContainText('beside the lanes that run');
  const { violations } = await new AxeBuilder({ page }).include('[data-testid="encoding-sheet"]').analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
  await page.keyboard.press('Escape');
  await expect(sheet).toBeHidden();
});
