import { expect, test } from '@playwright/test';
import { App, lane, listProcesses } from './lib/app.ts';

/** Processes of `before` that still live (same pid and same program). */
const left = (before: ReturnType<App['processes']>) =>
  listProcesses().filter((now) => before.some((old) => old.pid === now.pid && old.args === now.args));

test('without Envoy: its lane says so and why, the other three run; ctrl-C then leaves no process', async ({
  page,
}) => {
  const app = await App.start({ env: { ENVOY_BIN: '/nonexistent/envoy' } });
  const snapshot = await app.settled(3, 100, ['clusterip', 'headless', 'kubewatch']);
  expect(lane(snapshot, 'envoy')).toMatchObject({ state: 'unavailable', answered: 0 });
  expect(lane(snapshot, 'envoy').reason).not.toBe('');
  await page.goto(`${app.url}/?view=timeline`);
  await expect(page.getByTestId('lane-envoy')).toHaveAttribute('data-state', 'unavailable');
  await expect(page.getByTestId('lane-kubewatch')).toHaveAttribute('data-state', 'running');

  const before = app.processes();
  expect(before.length).toBeGreaterThan(5);
  app.signal('SIGINT');
  await app.gone();
  expect(left(before)).toEqual([]);
  expect(app.output).toContain('ended');
});

test('kill -9 of the supervisor leaves no process behind', async () => {
  const app = await App.start({ args: ['--rate', '20'] });
  await app.settled(3, 10);
  const before = app.processes();
  expect(before.some((each) => each.args.includes('pod.mjs'))).toBe(true);
  app.signal('SIGKILL');
  await app.gone();
  await expect.poll(() => left(before).map((each) => each.args), { timeout: 15_000 }).toEqual([]);
});

test('ports in use are moved aside, and it says so', async () => {
  const first = await App.start({ args: ['--rate', '20'] });
  const taken = new URL(first.url).port;
  const second = await App.start({ args: ['--rate', '20', '--port', taken] });
  expect(second.url).not.toBe(first.url);
  expect(second.output).toContain(`port ${taken} is taken`);
  await second.settled(3, 10);
  await second.stop();
  await first.stop();
});
