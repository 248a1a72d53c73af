// Whatever room the picture has: nothing is cut off, nothing runs out of the page, and what the room must see is in sight.
import { expect, type Page, test } from '@playwright/test';
import { onlyFull } from './lib/full.ts';
import { Still } from './lib/still.ts';

let still: Still;
test.beforeAll(async () => {
  still = await Still.start('deleted');
});
test.afterAll(() => still.stop());
test.use({ contextOptions: { reducedMotion: 'reduce' } });

async function open(page: Page, query: string): Promise<void> {
  await page.goto(`${still.url}/?${query}&frozen`);
  await expect(page.getByTestId('live')).toHaveAttribute('data-state', 'frozen', { timeout: 45_000 });
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
}

/** Texts whose letters do not all fit their place, and are not meant to end in dots. */
function cutOff(page: Page, selector: string): Promise<string[]> {
  return page.locator(selector).evaluateAll((elements) =>
    elements
      .filter((element) => (element as HTMLElement).offsetParent !== null)
      .filter((element) => element.scrollWidth > element.clientWidth + 1)
      .map((element) => `${element.className}: ${element.textContent}`),
  );
}

test('no size lets a view run out of the page', async ({ page }) => {
  test.skip(...onlyFull);
  for (const view of ['stage', 'timeline']) {
    await open(page, `view=${view}`);
    for (const width of [360, 390, 700, 768, 820, 900, 1024, 1100, 1260, 1280, 1440, 1600, 1800, 1920]) {
      await page.setViewportSize({ width, height: 760 });
      await expect
        .poll(() => page.evaluate(() => document.documentElement.scrollWidth), `${view} at ${width}`)
        .toBeLessThanOrEqual(width);
      if (width < 820) continue;
      // Nothing of the header lies over something else of it.
      const boxes = await page
        .locator('.header .brand, .header .sentence, .header .commands > *, .header .live')
        .evaluateAll((all) => all.map((each) => each.getBoundingClientRect()).filter((box) => box.width > 0));
      for (const [i, one] of boxes.entries())
        for (const two of boxes.slice(i + 1)) {
          const apart =
            one.right <= two.left || two.right <= one.left || one.bottom <= two.top || two.bottom <= one.top;
          expect(apart, `${view} at ${width}`).toBe(true);
        }
    }
  }
});

test('beside a drawer the Stage stays upright, with all lanes and their bands in sight', async ({ page }) => {
  await open(page, 'view=stage');
  await page.keyboard.press('g');
  await expect(page.locator('.scenario-drawer')).toBeVisible();
  await expect(page.getByTestId('stage')).toHaveAttribute('data-turned', 'false');
  for (const id of ['clusterip', 'headless', 'kubewatch', 'envoy']) {
    await expect(page.getByTestId(`lane-${id}-verdict`)).toBeInViewport({ ratio: 1 });
    await expect(page.getByTestId(`book-${id}`)).toBeInViewport({ ratio: 0.95 });
  }
  // Numbers stay within their wings, and words within their places.
  const cores = await page
    .locator('.figure-place')
    .evaluateAll((all) => all.map((each) => each.getBoundingClientRect()));
  const shares = await page
    .locator('.corner-share')
    .evaluateAll((all) => all.map((each) => each.getBoundingClientRect()));
  for (const a of shares)
    for (const b of cores)
      expect(a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top || b.bottom <= a.top).toBe(true);
  expect(await cutOff(page, '.note p:not(.note-side), .figure-handle, .book-name')).toEqual([]);
});

test('presenting on the Timeline: headline, brackets and shares large, no controls; v shows the other view so', async ({
  page,
}) => {
  await open(page, 'view=timeline&present=1');
  const size = (selector: string) =>
    page
      .locator(selector)
      .first()
      .evaluate((element) => Number.parseFloat(getComputedStyle(element).fontSize));
  expect(await size('.bracket-label')).toBeGreaterThanOrEqual(32);
  expect(await size('.headline')).toBeGreaterThanOrEqual(31);
  expect(await size('.row-share')).toBeGreaterThanOrEqual(18);
  await expect(page.getByTestId('start-stop')).toHaveCount(0);
  for (const hidden of ['.score', '.path', '.chips', '.foot']) await expect(page.locator(hidden).first()).toBeHidden();
  await expect(page.locator('.cluster-count')).toHaveText('5 pods Ready');
  for (const id of ['clusterip', 'headless', 'kubewatch', 'envoy'])
    await expect(page.getByTestId(`lane-${id}`)).toBeInViewport({ ratio: 0.98 });
  expect(await cutOff(page, '.lane-verdict, .belief-first, .headline')).toEqual([]);
  await page.keyboard.press('v');
  await expect(page.getByTestId('stage')).toHaveAttribute('data-presenting', 'true');
  await page.keyboard.press('v');
  await expect(page.locator('.timeline')).toHaveAttribute('data-presenting', 'true');
  await page.keyboard.press('p');
  await expect(page.getByTestId('start-stop')).toBeVisible();
});

test('a phone presents too, and every pod has its name whole', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const view of ['stage', 'timeline']) {
    await open(page, `view=${view}&present=1`);
    const headline = await page.getByTestId('headline').boundingBox();
    expect(headline?.height).toBeLessThan(70);
  }
  await open(page, 'view=stage');
  // The pod that is gone keeps room for its name and for what it cost.
  const figure = await page.getByTestId('figure-x2k4p').locator('.figure-place').boundingBox();
  const handle = await page.getByTestId('figure-x2k4p').locator('.figure-handle').boundingBox();
  expect(handle?.x).toBeGreaterThanOrEqual((figure?.x ?? 0) - 1);
  expect((handle?.x ?? 0) + (handle?.width ?? 0)).toBeLessThanOrEqual((figure?.x ?? 0) + (figure?.width ?? 0) + 1);
  expect(await cutOff(page, '.book-name')).toEqual([]);
});

test('eight pods on a phone: no two numbers touch', async ({ page }) => {
  test.skip(...onlyFull);
  const eight = await Still.start('eight');
  try {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${eight.url}/?view=stage&frozen`);
    await expect(page.getByTestId('live')).toHaveAttribute('data-state', 'frozen', { timeout: 45_000 });
    await expect(page.locator('.corner-share').first()).toBeVisible();
    const boxes = await page
      .locator('.corner-share, .corner-zero')
      .evaluateAll((all) => all.map((each) => each.getBoundingClientRect()));
    expect(boxes.length).toBeGreaterThan(24);
    for (const [i, a] of boxes.entries())
      for (const b of boxes.slice(i + 1))
        expect(
          a.right <= b.left + 0.5 || b.right <= a.left + 0.5 || a.bottom <= b.top + 3 || b.bottom <= a.top + 3,
        ).toBe(true);
  } finally {
    await eight.stop();
  }
});

test('results of unfolded stations, and brackets of an opened lane, are whole', async ({ page }) => {
  await open(page, 'view=timeline');
  await page.getByTestId('event-flag').filter({ hasText: 'deleted' }).click();
  await expect(page.getByTestId('stations')).toBeVisible();
  expect(await cutOff(page, '.station-table .station-result')).toEqual([]);
  const edge = (await page.locator('.station-table').first().boundingBox())?.x ?? 0;
  const wide = (await page.locator('.station-table').first().boundingBox())?.width ?? 0;
  for (const box of await page.locator('.station-result').all()) {
    const text = await box.evaluate((element) => {
      const range = document.createRange();
      range.selectNodeContents(element);
      return range.getBoundingClientRect().right;
    });
    expect(text).toBeLessThanOrEqual(edge + wide + 1);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page, 'view=timeline&lane=headless');
  const label = page.getByTestId('bracket-opened-headless').locator('.bracket-label');
  await expect(label).toBeVisible();
  await expect
    .poll(async () => {
      const box = await label.boundingBox();
      return (box?.x ?? 0) + (box?.width ?? 999);
    })
    .toBeLessThanOrEqual(375);
});

test('the help says what the picture on the screen says', async ({ page }) => {
  await open(page, 'view=stage');
  await page.keyboard.press('?');
  await expect(page.getByTestId('help-orientation')).toContainText('wheel');
  await page.keyboard.press('Escape');
  await page.keyboard.press('v');
  await page.keyboard.press('?');
  await expect(page.getByTestId('help-orientation')).toContainText('bracket');
});
