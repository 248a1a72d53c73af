// States of both views as pictures, compared with those in e2e/pictures within a tolerance; `npm run pictures` takes
// them anew. The clock stands still, the run is invented, fonts are the product's own, nothing moves.
import { expect, test } from '@playwright/test';
import type { SceneName } from './fixtures/scenes.ts';
import { isFull } from './lib/full.ts';
import { Still } from './lib/still.ts';

const sizes = { desk: { width: 1280, height: 720 }, phone: { width: 390, height: 844 } } as const;

type State = {
  name: string;
  scene: SceneName;
  view?: 'stage' | 'timeline';
  query?: string;
  size?: keyof typeof sizes;
  theme?: 'dark' | 'light';
  /** A flag to be unfolded. */
  unfold?: string;
};

const short: readonly State[] = [
  { name: 'scaled-dark', scene: 'scaled' },
  { name: 'scaled-phone', scene: 'scaled', size: 'phone' },
  { name: 'unfolded-light', scene: 'scaled', theme: 'light', unfold: 'Scaled' },
  { name: 'deleted-light', scene: 'deleted', theme: 'light' },
  { name: 'opened-dark', scene: 'deleted', query: 'lane=headless' },
  { name: 'unavailable-light', scene: 'unavailable', theme: 'light' },
  { name: 'stage-scaled-dark', scene: 'scaled', view: 'stage' },
  { name: 'stage-scaled-phone', scene: 'scaled', view: 'stage', size: 'phone', theme: 'light' },
  { name: 'stage-deleted-light', scene: 'deleted', view: 'stage', theme: 'light' },
];
/** Only in the full set, as each scene starts a server of its own. */
const full: readonly State[] = [
  { name: 'slow-dark', scene: 'slow' },
  { name: 'hour-dark', scene: 'hour', query: 'span=3600' },
  { name: 'stage-unavailable-dark', scene: 'unavailable', view: 'stage' },
  { name: 'stage-scaled-light', scene: 'scaled', view: 'stage', theme: 'light' },
  { name: 'stage-presenting-dark', scene: 'scaled', view: 'stage', query: 'present=1' },
  { name: 'stage-six-dark', scene: 'six', view: 'stage' },
  { name: 'stage-sixty-light', scene: 'sixty', view: 'stage', theme: 'light' },
  { name: 'stage-none-light', scene: 'none', view: 'stage', theme: 'light' },
  { name: 'stage-one-dark', scene: 'one', view: 'stage' },
  { name: 'stage-fast-dark', scene: 'fast', view: 'stage' },
  { name: 'stage-long-light', scene: 'long', view: 'stage', theme: 'light' },
  { name: 'fast-light', scene: 'fast', theme: 'light' },
  { name: 'long-dark', scene: 'long' },
  { name: 'none-dark', scene: 'none' },
];
const states = isFull ? [...short, ...full] : short;

for (const scene of new Set(states.map((state) => state.scene))) {
  test.describe(scene, () => {
    let still: Still;
    test.beforeAll(async () => {
      still = await Still.start(scene);
    });
    test.afterAll(() => still.stop());

    for (const state of states.filter((s) => s.scene === scene)) {
      const { name, view = 'timeline', query = '', size = 'desk', theme = 'dark', unfold } = state;
      test(name, async ({ browser }) => {
        const page = await browser.newPage({
          viewport: sizes[size],
          colorScheme: theme,
          reducedMotion: 'reduce',
          timezoneId: 'UTC',
          locale: 'en-GB',
        });
        await page.goto(`${still.url}/?view=${view}&frozen&theme=${theme}&${query}`);
        await expect(page.getByTestId('live')).toHaveAttribute('data-state', 'frozen');
        await page.evaluate(() => document.fonts.ready.then(() => undefined));
        if (query.includes('span')) await expect(page.getByTestId('foot-run')).toContainText('in sums of');
        if (query.includes('lane')) await expect(page.locator('.recharts-surface')).toHaveCount(3);
        if (unfold !== undefined) {
          await page.getByTestId('event-flag').filter({ hasText: unfold }).click();
          await expect(page.getByTestId('stations')).toBeVisible();
          await page.mouse.move(0, 0);
          await page.locator('body').focus();
        }
        // Rasterisers differ by a hair from one build of the browser to the next; a misplaced label does not.
        await expect(page).toHaveScreenshot(`${name}.png`, {
          maxDiffPixelRatio: 0.02,
          threshold: 0.25,
          // The controls have specs of their own.
          mask: [page.locator(`.${view} .header`)],
          maskColor: '#808080',
        });
        await page.close();
      });
    }
  });
}
