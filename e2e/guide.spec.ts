// The first visit: a few sentences on the running picture, once per browser, ended by any key, brought back from the help.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { Still } from './lib/still.ts';

let still: Still;
test.beforeAll(async () => {
  still = await Still.start('scaled');
});
test.afterAll(() => still.stop());

/** Captions that are shown, as boxes. */
function boxes(page: Page) {
  return page.locator('.guide-caption:not([data-out])').evaluateAll((items) =>
    items.map((item) => {
      const { left, top, right, bottom } = item.getBoundingClientRect();
      return { left, top, right, bottom };
    }),
  );
}

test('shows once, covers nothing of its own, and any key ends it', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto(still.url);
  const guide = page.getByTestId('guide');
  await expect(guide).toBeVisible();
  await expect(page.getByTestId('guide-close')).toBeFocused();
  await expect(guide.locator('.guide-caption:not([data-out])')).toHaveCount(5);
  const shown = await boxes(page);
  for (const [i, a] of shown.entries()) {
    expect(a.left >= 0 && a.top >= 0 && a.right <= 1280 && a.bottom <= 720).toBe(true);
    for (const b of shown.slice(i + 1))
      expect(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top).toBe(true);
  }
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  // Tab moves on; another key ends it.
  await page.keyboard.press('Tab');
  await expect(guide).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(guide).toBeHidden();

  await page.goto(still.url);
  await expect(page.getByTestId('live')).toHaveAttribute('data-state', 'live');
  await expect(page.getByTestId('truth')).toBeVisible();
  await expect(guide).toBeHidden();
  await page.keyboard.press('?');
  await page.getByTestId('guide-open').click();
  await expect(guide).toBeVisible();
  await page.mouse.click(640, 300);
  await expect(guide).toBeHidden();
});

test('a link to a view shows that view and nothing else; the Timeline and a phone have their own', async ({ page }) => {
  await page.goto(`${still.url}/?view=timeline`);
  await expect(page.getByTestId('cluster')).toHaveAttribute('data-state', /./);
  await expect(page.getByTestId('guide')).toBeHidden();
  await page.keyboard.press('?');
  await page.getByTestId('guide-open').click();
  await expect(page.locator('.guide-caption:not([data-out])')).toHaveCount(5);
  await page.keyboard.press('Escape');
  await page.setViewportSize({ width: 390, height: 844 });
  await page.evaluate(() => localStorage.clear());
  await page.goto(still.url);
  await expect(page.getByTestId('guide')).toBeVisible();
  const shown = await boxes(page);
  expect(shown.length).toBeGreaterThan(3);
  for (const box of shown) expect(box.bottom).toBeLessThanOrEqual(844);
  await page.getByTestId('guide-close').click();
  await expect(page.getByTestId('guide')).toBeHidden();
});
