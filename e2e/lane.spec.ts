import { expect, test } from './lib/test.ts';

test.beforeAll(async ({ app }) => {
  await app.call('ScaleDeployment', { replicas: 3 });
  await app.settled(3, 300);
});

test('a lane opens by key and by link: charts, connections, lookups; Escape closes', async ({ app, timeline }) => {
  const { page } = timeline;
  await page.getByTestId('open-headless').focus();
  await page.keyboard.press('o');
  const sheet = page.getByTestId('opened-lane');
  await expect(sheet).toBeVisible();
  await expect(page).toHaveURL(/lane=headless/);
  await expect(sheet.locator('.recharts-surface')).toHaveCount(3);
  await expect(sheet.getByTestId('charts')).toContainText('p99');

  const snapshot = await app.snapshot();
  const pods = snapshot.pods.filter((pod) => pod.ready).map((pod) => pod.handle);
  for (const handle of pods) await expect(sheet.getByTestId('connections').getByText(handle)).toBeVisible();
  await expect(sheet.getByTestId('connections').locator('tbody tr')).toHaveCount(pods.length);
  await expect(sheet.getByTestId('lookups')).toContainText('DNS answer');

  await page.keyboard.press('Escape');
  await expect(sheet).toBeHidden();
  await expect(page).not.toHaveURL(/lane=/);
  await timeline.open('view=timeline&lane=clusterip');
  await expect(page.getByTestId('opened-lane')).toContainText('ClusterIP');
  await page.getByTestId('opened-close').click();
  await expect(page.getByTestId('opened-lane')).toBeHidden();
});

test('why this pod: the sentence names the pod that the connection is pinned to, and the times add up', async ({
  app,
  timeline,
}) => {
  const pinned = await app.pinned();
  const handle = (await app.snapshot()).pods.find((pod) => pod.uid === pinned.uid)?.handle;
  await timeline.open('view=timeline&lane=clusterip');
  const why = timeline.page.getByTestId('why');
  await expect(why.getByTestId('why-sentence')).toContainText(`kube-proxy drew ${handle}`);
  await expect(why.locator('[data-step="connection"]')).toContainText('old');

  await timeline.open('view=timeline&lane=headless');
  await expect(why.getByTestId('why-sentence')).toContainText(/turn, [123] of 3: the client rotates over a DNS answer/);
  await expect(why.getByTestId('why-timing')).toHaveAttribute(
    'aria-label',
    /until it was sent .* path and pod .* in all/,
  );
  // One call for each pod: choosing another pod tells another call.
  const pods = why.locator('[data-testid^="why-pod-"]');
  await expect(pods).toHaveCount(3);
  const last = pods.last();
  const name = (await last.textContent()) ?? '';
  await last.click();
  await expect(why.getByTestId('why-sentence')).toContainText(`${name.trim()}’s turn`);
});
