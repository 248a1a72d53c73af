import { lane } from './lib/app.ts';
import { onlyFull } from './lib/full.ts';
import { expect, test } from './lib/test.ts';

test.beforeEach(async ({ app }) => {
  await app.call('ScaleDeployment', { replicas: 3 });
  await app.settled(3, 10);
  await app.freshClients();
  // Of a run of its own: what earlier specs broke is still spoken of for a while.
  await app.call('NewRun');
  await app.settled(3, 150);
});

test('the picture says what is: one thick stream, three even fans, and rails not taken', async ({ app, stage }) => {
  await expect(stage.corners('clusterip', 'used')).toHaveCount(1);
  await expect(stage.corners('clusterip', 'used')).toContainText('100');
  await expect(stage.corners('clusterip', 'idle')).toHaveCount(2);
  for (const id of ['headless', 'kubewatch', 'envoy']) await expect(stage.corners(id, 'used')).toHaveCount(3);
  const pinned = await app.pinned();
  const handle = (await app.snapshot()).pods.find((pod) => pod.uid === pinned.uid)?.handle ?? '';
  await expect(stage.page.getByTestId(`corner-clusterip-${handle}`)).toHaveAttribute('data-state', 'used');
  // The same in words, for those who do not see it.
  await expect(stage.picture).toHaveAttribute('aria-label', new RegExp(`ClusterIP: ${handle} answers all`));
  await expect(stage.picture).toHaveAttribute('aria-label', /Headless DNS: 3 pods answer/);
  await expect(stage.lane('clusterip')).toContainText(/pinned/i);
});

test('scaled out: new pods are missing where nobody looks again, and used where the change is pushed', async ({
  app,
  stage,
}) => {
  await app.call('ScaleDeployment', { replicas: 5 });
  await expect(stage.corners('kubewatch', 'used')).toHaveCount(5);
  await expect(stage.corners('headless', 'missing')).toHaveCount(2);
  await expect(stage.corners('clusterip', 'idle')).toHaveCount(4);
  await expect(stage.bracket('kubewatch')).toContainText('first call after');
  await expect(stage.bracket('headless')).toContainText('counting');
  await expect(stage.bracket('clusterip')).toContainText('never');
  await expect(stage.row('kubewatch').locator('.chain')).toHaveAttribute('data-end', 'arrived');
  await expect(stage.row('headless').locator('.chain')).toHaveAttribute('data-end', 'waiting');
  await expect(stage.picture).toHaveAttribute('aria-label', /Headless DNS: [^.]*does not know/);
  // A lane's stage picture and its band are shown to belong together.
  await stage.lane('headless').hover();
  await expect(stage.root).toHaveAttribute('data-lit', 'headless');
  await expect(stage.row('envoy')).toHaveCSS('opacity', '0.3');
  await expect(stage.row('headless')).toHaveCSS('opacity', '1');
});

test('a pod’s figure opens its menu; a pod that is deleted keeps its place with the bill', async ({ app, stage }) => {
  const before = await app.snapshot();
  const victim = before.pods.find((pod) => pod.ready)?.handle ?? '';
  await stage.podMenu(victim, /^delete now/i);
  await expect(stage.figure(victim)).toHaveAttribute('data-state', 'gone');
  for (const id of ['clusterip', 'kubewatch']) {
    await expect(stage.page.getByTestId(`corner-${id}-${victim}`)).not.toHaveAttribute('data-state', 'used');
  }
  await app.settled(3, 100);
  const uid = before.pods.find((pod) => pod.handle === victim)?.uid;
  const after = await app.snapshot();
  expect(lane(after, 'kubewatch').pods.find((pod) => pod.uid === uid)?.standing).not.toBe('used');
  await expect(stage.figure(victim)).toContainText(/gone/);
});

test('one key switches the view, and the URL remembers', async ({ stage }) => {
  const { page } = stage;
  await page.keyboard.press('v');
  await expect(page).toHaveURL(/view=timeline/);
  await expect(page.getByTestId('cluster')).toBeVisible();
  await page.keyboard.press('v');
  await expect(page).toHaveURL(/view=stage/);
  await expect(stage.root).toBeVisible();
  await page.getByTestId('view-switch').click();
  await expect(page).toHaveURL(/view=timeline/);
  // Without a word in the URL: the Stage, as there are four lanes and three pods.
  await stage.open('');
  await expect(page).toHaveURL(/view=stage/);
});

test('dragging the ledger looks back, and the way back stands there', async ({ app, stage }) => {
  test.skip(...onlyFull);
  const { page } = stage;
  await app.settled(3, 200);
  const begun = Number(await stage.live.getAttribute('data-sequence'));
  const band = await stage.row('headless').locator('.book-band').boundingBox();
  const [x, y] = [(band?.x ?? 0) + 60, (band?.y ?? 0) + 6];
  await page.mouse.move(x, y);
  await page.mouse.down();
  // A second and a half at most, of a run that may be young.
  await page.mouse.move(x + ((band?.width ?? 0) * 1.5) / 90, y, { steps: 3 });
  await page.mouse.up();
  await expect(stage.live).toHaveAttribute('data-state', 'frozen');
  await expect(page).toHaveURL(/at=.*run=/);
  // An older picture, that stands still.
  const then = Number(await stage.live.getAttribute('data-sequence'));
  const now = (await app.snapshot()).sequence;
  expect(then).toBeLessThan(Number(now));
  await expect.poll(async () => Number((await app.snapshot()).sequence)).toBeGreaterThan(Number(now) + 20);
  expect(Number(await stage.live.getAttribute('data-sequence'))).toBe(then);
  await page.getByTestId('to-now').click();
  await expect(stage.live).toHaveAttribute('data-state', 'live');
  await expect(page).not.toHaveURL(/at=/);
  await expect.poll(async () => Number(await stage.live.getAttribute('data-sequence'))).toBeGreaterThan(begun);
});

test('by keyboard: a pod’s menu opens and its lane lights up', async ({ app, stage }) => {
  const handle = (await app.snapshot()).pods.find((pod) => pod.ready)?.handle ?? '';
  await stage.page.getByTestId(`pod-menu-${handle}`).focus();
  await stage.page.keyboard.press('Enter');
  await expect(stage.page.getByRole('menuitem', { name: /^crash/i })).toBeVisible();
  await stage.page.keyboard.press('Escape');
  await expect(stage.page.getByTestId(`pod-menu-${handle}`)).toBeFocused();
});
