/**
 * Takes the pictures of docs/dashboard.md: a part of `npm run pictures`. An invented run that stands still, so that they
 * are the same each time.
 */
import { join } from 'node:path';
import { chromium, type Page } from '@playwright/test';
import type { SceneName } from './fixtures/scenes.ts';
import { Still } from './lib/still.ts';

type Picture = {
  name: string;
  scene: SceneName;
  query: string;
  theme?: 'dark' | 'light';
  size?: { width: number; height: number };
  act?(page: Page): Promise<unknown>;
};

const phone = { width: 390, height: 844 };

const pictures: readonly Picture[] = [
  { name: 'stage', scene: 'scaled', query: 'view=stage&frozen' },
  { name: 'timeline', scene: 'deleted', query: 'view=timeline&frozen', theme: 'light' },
  {
    name: 'stations',
    scene: 'scaled',
    query: 'view=timeline&frozen',
    act: async (page) => {
      await page.getByTestId('event-flag').filter({ hasText: 'Scaled' }).click();
      await page.getByTestId('stations').waitFor();
      await page.mouse.move(0, 0);
    },
  },
  {
    name: 'lane',
    scene: 'deleted',
    query: 'view=timeline&frozen&lane=headless',
    act: (page) => page.locator('.recharts-surface').nth(2).waitFor(),
  },
  { name: 'presenting', scene: 'scaled', query: 'view=stage&frozen&present=1', theme: 'light' },
  { name: 'thirty', scene: 'thirty', query: 'view=stage&frozen' },
  { name: 'phone', scene: 'scaled', query: 'view=stage&frozen', theme: 'light', size: phone },
  {
    name: 'guide',
    scene: 'scaled',
    query: 'view=stage&frozen',
    act: async (page) => {
      await page.keyboard.press('?');
      await page.getByTestId('guide-open').click();
      await page.getByTestId('guide').waitFor();
    },
  },
  {
    name: 'lanes',
    scene: 'scaled',
    query: 'view=stage&frozen',
    theme: 'light',
    act: async (page) => {
      await page.keyboard.press('l');
      await page.getByTestId('lanes-sheet').waitFor();
    },
  },
];

const executablePath = process.env.LBSCOPE_CHROMIUM;
const browser = await chromium.launch({
  ...(executablePath ? { executablePath } : {}),
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  for (const scene of new Set(pictures.map((each) => each.scene))) {
    const still = await Still.start(scene);
    try {
      for (const picture of pictures.filter((each) => each.scene === scene)) {
        const { name, query, theme = 'dark', size = { width: 1280, height: 720 }, act } = picture;
        const page = await browser.newPage({
          viewport: size,
          colorScheme: theme,
          reducedMotion: 'reduce',
          timezoneId: 'UTC',
          locale: 'en-GB',
        });
        await page.goto(`${still.url}/?theme=${theme}&${query}`);
        await page.locator('[data-testid="live"][data-state="frozen"]').waitFor();
        await page.evaluate(() => document.fonts.ready.then(() => undefined));
        await act?.(page);
        // Texts are placed in the frames that follow.
        await page.waitForTimeout(700);
        await page.screenshot({ path: join(import.meta.dirname, `../docs/images/dashboard-${name}.png`) });
        await page.close();
      }
    } finally {
      await still.stop();
    }
  }
} finally {
  await browser.close();
}
