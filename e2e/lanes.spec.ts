// The lanes' sheet on the real lab: what is shown is this page's own affair, what runs is everyone's.
import { lane } from './lib/app.ts';
import { expect, test } from './lib/test.ts';

test('hide, order, remove and take back, add from the presets', async ({ app, stage }) => {
  const { page } = stage;
  const order = () =>
    page.locator('.note').evaluateAll((notes) => notes.map((note) => (note as HTMLElement).dataset.lane));
  const row = (id: string) => page.getByTestId(`lanes-row-${id}`);
  await page.keyboard.press('l');
  await expect(page.getByTestId('lanes-sheet')).toBeVisible();

  // Hidden, it runs on.
  await row('headless').getByRole('checkbox').uncheck();
  await expect(stage.lane('headless')).toHaveCount(0);
  await expect(page).toHaveURL(/lanes=clusterip,kubewatch,envoy|lanes=clusterip%2Ckubewatch%2Cenvoy/);
  const hidden = lane(await app.snapshot(), 'headless').answered;
  await app.until('the hidden lane goes on', (s) => lane(s, 'headless').answered > hidden);
  await row('envoy')
    .getByRole('button', { name: /further up/ })
    .click();
  await expect(page).toHaveURL(/lanes=clusterip(,|%2C)envoy(,|%2C)kubewatch/);
  await page.getByRole('button', { name: /show all/i }).click();
  await expect(stage.lane('headless')).toBeVisible();
  await expect.poll(async () => (await order()).length).toBe(4);
  await expect(page).not.toHaveURL(/lanes=/);

  try {
    // Removed, it is gone for everyone; the way back stands beside it.
    await page.getByTestId('remove-kubewatch').click();
    await app.until('the lane is gone', (s) => s.lanes.every(({ id }) => id !== 'kubewatch'));
    await expect(stage.lane('kubewatch')).toHaveCount(0);
    await page.getByTestId('lanes-sheet').getByTestId('undo').click();
    await app.until('the lane answers again', (s) =>
      s.lanes.some((each) => each.id === 'kubewatch' && each.answered > 0),
    );
    await expect(stage.lane('kubewatch')).toBeVisible();

    // One more, from the list.
    await page.getByTestId('add-random').click();
    await app.until('the new lane answers', (s) => s.lanes.some((each) => each.id === 'random' && each.answered > 0));
    await expect(row('random')).toBeVisible();
    await expect(page.getByTestId('add-random')).toHaveCount(0);
    await page.keyboard.press('Escape');
    await expect(stage.lane('random')).toBeVisible();
  } finally {
    // The next spec counts on the four.
    await app.call('RemoveLane', { laneId: 'random' }).catch(() => undefined);
  }
  await app.until('four lanes run', (s) => s.lanes.filter(({ state }) => state === 'running').length === 4);
});
