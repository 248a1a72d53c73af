import { test as base } from '@playwright/test';
import { StagePage } from '../pages/stage.ts';
import { TimelinePage } from '../pages/timeline.ts';
import { App } from './app.ts';

interface Fixtures {
  timeline: TimelinePage;
  stage: StagePage;
}

interface WorkerFixtures {
  app: App;
}

/** Playwright's `test` with one lbscope for all specs of the worker, and a view opened on it. */
export const test = base.extend<Fixtures, WorkerFixtures>({
  app: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern to find what a fixture needs.
    async ({}, use) => {
      const app = await App.start();
      // Without a click; the first calls wait for the first pods.
      await app.until(
        'traffic runs on every lane',
        (s) => s.running && s.lanes.every((lane) => lane.state === 'running'),
      );
      await use(app);
      await app.stop();
    },
    { scope: 'worker', timeout: 90_000 },
  ],
  timeline: async ({ app, page }, use) => {
    const timeline = new TimelinePage(page, app.url);
    await timeline.open();
    await use(timeline);
  },
  stage: async ({ app, page }, use) => {
    const stage = new StagePage(page, app.url);
    await stage.open();
    await use(stage);
  },
});

export { expect } from '@playwright/test';
