// What is saved is what is shown: each kind is really downloaded, opened, and compared with the page.
import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';
import { Still } from './lib/still.ts';

let still: Still;
test.beforeAll(async () => {
  still = await Still.start('deleted');
});
test.afterAll(() => still.stop());

async function saved(page: Page, kind: string): Promise<{ name: string; bytes: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId(`save-${kind}`).click()]);
  return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
}

async function open(page: Page, query: string): Promise<void> {
  await page.goto(`${still.url}/?frozen&${query}`);
  await expect(page.getByTestId('live')).toHaveAttribute('data-state', 'frozen', { timeout: 45_000 });
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  await page.keyboard.press('e');
  await expect(page.getByTestId('save-sheet')).toBeVisible();
}

test('numbers: CSV and JSON hold the lanes, pods and counts of the moment on screen', async ({ page }) => {
  await open(page, 'view=stage');
  const sequence = Number(await page.getByTestId('live').getAttribute('data-sequence'));
  const json = await saved(page, 'json');
  expect(json.name).toMatch(/^lbscope-.+2026-03-04T10-00-00\.\dZ-snapshot\.json$/);
  const snapshot = JSON.parse(json.bytes.toString('utf8'));
  expect(Number(snapshot.sequence)).toBe(sequence);
  expect(snapshot.lanes.map(({ id }: { id: string }) => id)).toEqual(['clusterip', 'headless', 'kubewatch', 'envoy']);

  const csv = (await saved(page, 'csv')).bytes.toString('utf8');
  const [head = '', ...rows] = csv.trimEnd().split('\r\n');
  const columns = head.split(',');
  const pods = snapshot.lanes.flatMap((lane: { id: string; pods: { pod: string; calls: string }[] }) =>
    lane.pods.map((pod) => [lane.id, pod.pod, Number(pod.calls)]),
  );
  const of = (row: string, name: string) => row.split(',')[columns.indexOf(name)] ?? '';
  expect(rows.map((row) => [of(row, 'lane'), of(row, 'pod'), Number(of(row, 'calls'))])).toEqual(pods);
  expect(pods.length).toBeGreaterThan(12);

  // What the picture says of a lost call is in the file too.
  const lost = rows.filter((row) => Number(of(row, 'lost')) > 0).map((row) => of(row, 'lane'));
  expect(lost.length).toBeGreaterThan(0);
  for (const id of lost) await expect(page.getByTestId(`book-${id}`)).toContainText(/lost|errors?|\d/);

  const frames = (await saved(page, 'frames')).bytes.toString('utf8').trimEnd().split('\r\n');
  // Five frames a second for 90 s, four lanes.
  expect(frames.length).toBeGreaterThan(4 * 5 * 80);
});

test('pictures: SVG with its texts, PNG twice as fine with the pods’ own colours', async ({ page }) => {
  await open(page, 'view=timeline&theme=dark');
  const svg = (await saved(page, 'svg')).bytes.toString('utf8');
  const read = await page.evaluate((source) => {
    const parsed = new DOMParser().parseFromString(source, 'image/svg+xml');
    return {
      fault: parsed.querySelector('parsererror')?.textContent ?? '',
      text: parsed.documentElement.textContent ?? '',
      pictures: [...parsed.querySelectorAll('image')].filter((image) =>
        (image.getAttribute('href') ?? image.getAttribute('xlink:href') ?? '').startsWith('data:image/'),
      ).length,
    };
  }, svg);
  expect(read.fault).toBe('');
  const words = (text: string) => text.replaceAll(/\s+/g, '');
  expect(words(read.text)).toContain(words(await page.getByTestId('headline').innerText()));
  for (const label of ['ClusterIP', 'Headless DNS', 'kube-watch', 'Envoy']) {
    expect(words(read.text)).toContain(words(label));
  }
  // The cluster's track and four lanes are canvases.
  expect(read.pictures).toBeGreaterThanOrEqual(5);

  const png = (await saved(page, 'png')).bytes;
  const seen = await page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const pen = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
    pen.drawImage(bitmap, 0, 0);
    const { data } = pen.getImageData(0, 0, bitmap.width, bitmap.height);
    const first = getComputedStyle(document.documentElement).getPropertyValue('--pod-1').trim();
    const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(first.slice(at, at + 2), 16));
    let ofPod = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at] === r && data[at + 1] === g && data[at + 2] === b) ofPod += 1;
    }
    return { width: bitmap.width, height: bitmap.height, ofPod };
  }, png.toString('base64'));
  const view = await page.evaluate(() => [window.innerWidth, document.querySelector('.timeline')?.clientHeight ?? 0]);
  expect([seen.width, seen.height]).toEqual(view.map((each) => each * 2));
  // ClusterIP's one pod, as a band and in the cluster.
  expect(seen.ofPod).toBeGreaterThan(5_000);
});
