/**
 * Takes README's picture: `npm run picture`. The product as it starts, scaled from 3 to 5 pods, half a minute later.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from '@playwright/test';
import { App } from './lib/app.ts';
import { TimelinePage } from './pages/timeline.ts';

const app = await App.start();
const executablePath = process.env.LBSCOPE_CHROMIUM;
const browser = await chromium.launch({
  ...(executablePath ? { executablePath } : {}),
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1920, height: 1080 }, colorScheme: 'dark' });
  const timeline = new TimelinePage(page, app.url);
  // Half a minute of calm, so that the line of the change has something before it.
  for (let i = 0; i < 3; i += 1) await app.settled(3, 1_000);
  await timeline.open('view=timeline&theme=dark');
  await app.call('ScaleDeployment', { replicas: 5 });
  await app.settled(5, 1_000);
  await sleep(25_000);
  await page.screenshot({ path: join(import.meta.dirname, '../docs/images/timeline.png') });
} finally {
  await browser.close();
  await app.stop();
}
