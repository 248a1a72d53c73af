// What a screen reader and a keyboard meet: axe over the states of an invented run, in both views and both themes.
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import type { SceneName } from './fixtures/scenes.ts';
import { isFull, onlyFull } from './lib/full.ts';
import { Still } from './lib/still.ts';

const scenes: readonly SceneName[] = ['deleted', 'unavailable', 'outside', 'none', 'slow'];
const sheets = {
  r: 'traffic-sheet',
  l: 'lanes-sheet',
  k: 'cluster-sheet',
  s: 'share-sheet',
  e: 'save-sheet',
  '?': 'help',
};

async function faults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.html}`));
}

async function open(page: Page, still: Still, query: string): Promise<void> {
  await page.goto(`${still.url}/?${query}`);
  await expect(page.getByTestId('live')).toHaveAttribute('data-state', /live|frozen/);
  await expect(page.getByTestId('headline')).not.toBeEmpty();
}

// Each scene in both views and both themes, across; in the full set the first in all four. A rule that one theme breaks, it breaks in each scene.
for (const [index, scene] of scenes.entries()) {
  test(`axe finds nothing: ${scene}`, async ({ page }) => {
    if (index > 0) test.skip(...onlyFull);
    const still = await Still.start(scene);
    try {
      for (const [row, theme] of ['dark', 'light'].entries()) {
        for (const [column, view] of ['stage', 'timeline'].entries()) {
          if ((index > 0 || !isFull) && (row + column + index) % 2 === 0) continue;
          await open(page, still, `view=${view}&theme=${theme}`);
          expect(await faults(page), `${view}, ${theme}`).toEqual([]);
        }
      }
    } finally {
      await still.stop();
    }
  });
}

test('axe finds nothing: every sheet, presenting, a phone', async ({ page }) => {
  const still = await Still.start('scaled');
  try {
    for (const [row, theme] of ['dark', 'light'].entries()) {
      await open(page, still, `view=stage&theme=${theme}`);
      for (const [at, [key, sheet]] of Object.entries(sheets).entries()) {
        // They are made of the same parts: half of them in each theme, and in the full set each in both.
        if (!isFull && (at % 2 === row || at > 3)) continue;
        await page.keyboard.press(key);
        await expect(page.getByTestId(sheet)).toBeVisible();
        expect(await faults(page), `${sheet}, ${theme}`).toEqual([]);
        await page.keyboard.press('Escape');
        await expect(page.getByTestId(sheet)).toBeHidden();
      }
    }
    await page.keyboard.press('Control+k');
    await expect(page.getByTestId('palette')).toBeVisible();
    expect(await faults(page), 'palette').toEqual([]);
    await open(page, still, 'present=1&view=stage&theme=dark');
    expect(await faults(page), 'presenting').toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    await open(page, still, 'view=stage');
    expect(await faults(page), 'phone').toEqual([]);
  } finally {
    await still.stop();
  }
});

test('who may only look reads words, and is told why and what would help', async ({ page }) => {
  const still = await Still.start('scaled', { role: 'vote' });
  try {
    await open(page, still, 'view=stage');
    await expect(page.getByTestId('access-line')).toContainText('You are watching');
    await expect(page.getByTestId('start-stop')).toBeHidden();
    await expect(page.getByTestId('replicas-plus')).toBeHidden();
    await expect(page.locator('.sentence')).toContainText(/sends 100 calls\/s, unary, over 1 connection, to 5 pods/);
    expect(await faults(page)).toEqual([]);
    for (const width of [1100, 1260, 1280, 1440, 1600, 1800]) {
      await page.setViewportSize({ width, height: 720 });
      const end = (selector: string, side: 'left' | 'right') =>
        page.locator(selector).evaluate((element, at) => element.getBoundingClientRect()[at], side);
      await expect
        .poll(async () => (await end('.signs', 'right')) <= (await end('.header .live', 'left')), `at ${width}`)
        .toBe(true);
    }
    await page.setViewportSize({ width: 1280, height: 720 });
    // Keys that act say so instead of being refused by the agent.
    await page.keyboard.press('+');
    await expect(page.getByTestId('notice')).toContainText('the presenter acts');
    await page.getByTestId('enter-token').click();
    await page.getByTestId('token-input').fill('http://10.0.0.5:3000/#token=abc');
    await page.getByRole('button', { name: 'Use it' }).click();
    await expect(page.getByTestId('live')).toHaveAttribute('data-state', /live/);
    expect(await page.evaluate(() => sessionStorage.getItem('lbscope-token'))).toBe('abc');
  } finally {
    await still.stop();
  }
});

test('a token of yesterday is a state with a way out', async ({ page }) => {
  const still = await Still.start('scaled', { role: 'none' });
  try {
    await page.goto(`${still.url}/?view=stage#token=old`);
    await expect(page.getByTestId('access-line')).toContainText('does not know this tab’s token');
    expect(new URL(page.url()).hash).toBe('');
    expect(await faults(page)).toEqual([]);
    await page.getByTestId('enter-token').click();
    await page.getByTestId('token-drop').click();
    await expect(page.getByTestId('access-line')).toBeVisible();
    expect(await page.evaluate(() => sessionStorage.getItem('lbscope-token'))).toBeNull();
  } finally {
    await still.stop();
  }
});
