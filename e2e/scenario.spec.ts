import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import type { App } from './lib/app.ts';
import { onlyFull } from './lib/full.ts';
import { expect, test } from './lib/test.ts';

interface Question {
  text: string;
  choices: string[];
  state: string;
  voters?: number;
  revealed?: boolean;
  votes?: number[];
  answered?: boolean;
  right?: number[];
  finding?: string;
}

interface Run {
  id: string;
  state: string;
  step?: number;
  outcome?: string;
  scenario: {
    id: string;
    title: string;
    steps: unknown[];
    questions?: Question[];
    expectations: { state: string; finding: string; sample?: number }[];
  };
}

const folder = new URL('../scenarios/', import.meta.url);
const first = 'one-connection-pins';
const inBoth = 'ten-connections-ten-draws';

async function runOf(app: App): Promise<Run> {
  const { scenario } = await app.call<{ scenario: Run }>('GetSnapshot');
  return scenario;
}

/** The sentence as the screen begins and ends it. */
function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`.replaceAll(
    '\u202f',
    '\u00a0',
  );
}

/** What the screen says of how it ended is what the API says. */
async function sameAsApi(page: Page, run: Run): Promise<void> {
  await expect(page.getByTestId('scenario-outcome')).toHaveAttribute('data-outcome', run.outcome ?? '');
  for (const [index, { state, finding, sample = 0 }] of run.scenario.expectations.entries()) {
    const shown = page.getByTestId(`expectation-${index}`);
    await expect(shown).toHaveAttribute('data-state', state);
    await expect(shown).toHaveAttribute('data-sample', String(sample));
    await expect(shown.locator('.expectation-finding')).toHaveText(sentence(finding));
  }
  for (const [index, question] of (run.scenario.questions ?? []).entries()) {
    await expect(page.getByTestId(`question-${index}-answer`)).toContainText(sentence(question.finding ?? ''));
    for (const choice of question.choices.keys()) {
      const shown = page.getByTestId(`choice-${index}-${choice}`);
      await expect(shown).toHaveAttribute('data-right', String(question.right?.includes(choice) ?? false));
      if (question.revealed) await expect(shown).toHaveAttribute('data-votes', String(question.votes?.[choice] ?? 0));
      else await expect(shown).not.toHaveAttribute('data-votes');
    }
  }
}

/** Goes on whenever the run waits for the presenter, by keyboard, until it is over. */
async function goThrough(app: App, page: Page): Promise<Run> {
  await expect
    .poll(
      async () => {
        const run = await runOf(app);
        if (run.state === 'waiting') await page.keyboard.press('Enter');
        return run.state;
      },
      { timeout: 150_000, intervals: [300] },
    )
    .toBe('ended');
  return runOf(app);
}

test('a room predicts, watches and sees what holds: presenter by keyboard, a viewer on a device of their own', async ({
  app,
  page,
  browser,
}) => {
  await app.settled(3, 20);
  const room = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const viewer = await room.newPage();
  await viewer.goto(`${app.url}/?view=stage`);
  await page.goto(`${app.url}/?view=stage`);
  await expect(page.getByTestId('live')).toHaveAttribute('data-state', 'live');
  await expect(viewer.getByTestId('live')).toHaveAttribute('data-state', 'live');

  await page.keyboard.press('g');
  await page.getByTestId(`scenario-${first}`).click();
  await expect(page.getByTestId('scenario-begin')).toBeVisible();
  await page.keyboard.press('Enter');

  // The question reaches the viewer by itself, and is voted on from there and here.
  await viewer.getByTestId('choice-0-0').click();
  await expect(viewer.getByTestId('choice-0-0')).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('3');
  await expect(page.getByTestId('question-0')).toHaveAttribute('data-voters', '2');
  // A changed mind is one vote, also after a reload.
  await viewer.reload();
  await viewer.getByTestId('choice-0-1').click();
  await expect(viewer.getByTestId('choice-0-1')).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByTestId('question-0')).toHaveAttribute('data-voters', '2');
  // How many voted is known, what they voted is not.
  expect((await runOf(app)).scenario.questions?.[0]).toMatchObject({ voters: 2, state: 'open' });
  await expect(viewer.getByTestId('choice-0-1')).not.toHaveAttribute('data-votes');
  await page.keyboard.press('r');
  await expect(viewer.getByTestId('choice-0-1')).toHaveAttribute('data-votes', '1');
  await expect(viewer.getByTestId('choice-0-2')).toHaveAttribute('data-votes', '1');
  await expect(viewer.getByTestId('choice-0-0')).toHaveAttribute('data-votes', '0');

  // The band over the picture is where the agent is, on both screens.
  const asking = await runOf(app);
  for (const each of [page, viewer]) {
    await expect(each.getByTestId('scenario-step')).toHaveText(
      `Step ${(asking.step ?? 0) + 1} of ${asking.scenario.steps.length}`,
    );
  }

  const ended = await goThrough(app, page);
  expect(ended.outcome).toBe('pass');
  expect(ended.scenario.questions?.[0]).toMatchObject({ answered: true, votes: [0, 1, 1] });
  await sameAsApi(page, ended);
  await sameAsApi(viewer, ended);
  await expect(viewer.getByTestId('question-0')).toContainText('1 of 2 was right');
  // On by keyboard: the next one to read.
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('scenario-drawer')).toHaveAttribute('data-place', 'read');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('scenario-drawer')).toHaveAttribute('data-place', 'list');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('scenario-drawer')).toHaveCount(0);
  await room.close();
});

test('Escape asks before it aborts, and what was changed is put back', async ({ app, page }) => {
  await page.goto(`${app.url}/?view=timeline&scenario=scale-up-who-notices`);
  const before = (await app.snapshot()).lanes.map(({ id }) => id);
  await page.getByTestId('scenario-begin').click();
  await expect(page.getByTestId('question-0')).toHaveAttribute('data-state', 'open');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('scenario-abort-yes')).toHaveCount(0);
  expect((await runOf(app)).state).toBe('waiting');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('scenario-abort-yes')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('scenario-outcome')).toHaveAttribute('data-outcome', 'aborted');
  await expect(page.getByTestId('expectation-0')).toHaveAttribute('data-state', 'inconclusive');
  expect((await app.snapshot()).lanes.map(({ id }) => id).sort()).toEqual(before.sort());
});

test('run by the command line, the room sees it, and page, API and command line say the same', async ({
  app,
  page,
}) => {
  await page.goto(`${app.url}/?view=stage`);
  await expect(page.getByTestId('live')).toHaveAttribute('data-state', 'live');
  const telling = commandLine(app, inBoth);
  await expect(page.getByTestId('scenario-step')).toContainText('of');
  const told = await telling;
  expect(told.status).toBe(0);
  const ended = await runOf(app);
  expect(ended).toMatchObject({ state: 'ended', outcome: 'pass' });
  expect(told.scenarios).toHaveLength(1);
  const [said] = told.scenarios;
  expect(said?.outcome).toBe(ended.outcome);
  const short = ({ state, finding, sample = 0 }: Run['scenario']['expectations'][number]) => ({
    state,
    finding,
    sample,
  });
  expect(said?.scenario.expectations.map(short)).toEqual(ended.scenario.expectations.map(short));
  expect(said?.scenario.questions?.map(({ right, finding }) => ({ right, finding }))).toEqual(
    ended.scenario.questions?.map(({ right, finding }) => ({ right, finding })),
  );
  await page.goto(`${app.url}/?view=stage&scenario=run`);
  await sameAsApi(page, ended);

  // And so does the recorded run, tomorrow.
  const { runId } = await app.snapshot();
  await app.call('NewRun');
  await page.goto(`${app.url}/runs/${runId}`);
  await page.getByTestId('scrub').focus();
  await page.keyboard.press('End');
  await page.getByTestId('replay-scenario').click();
  await sameAsApi(page, ended);
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('scenario-drawer')).toHaveCount(0);
});

test.describe('through the browser', () => {
  test.describe.configure({ timeout: 240_000 });
  // Two of them are gone through each time, above.
  test.skip(...onlyFull);
  for (const id of shipped()) {
    test(id, async ({ app, page }) => {
      await page.goto(`${app.url}/?view=stage&scenario=${id}`);
      await page.getByTestId('scenario-begin').click();
      await expect.poll(async () => (await runOf(app))?.scenario.id).toBe(id);
      const ended = await goThrough(app, page);
      await sameAsApi(page, ended);
      expect(ended.outcome, JSON.stringify(ended.scenario.expectations)).toBe('pass');
    });
  }
});

/** All but the first, which the room's test goes through. */
function shipped(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml') && name !== `${first}.yaml`)
    .map((name) => name.replace(/\.yaml$/, ''));
}

/** `npm run scenario`, against the agent that the page shows. */
function commandLine(
  app: App,
  id: string,
): Promise<{ status: number; scenarios: { outcome: string; scenario: Run['scenario'] }[] }> {
  const program = fileURLToPath(new URL('../dist/scenario.mjs', import.meta.url));
  const file = fileURLToPath(new URL(`${id}.yaml`, folder));
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, file, '--agent', `${app.url}/rpc`, '--json'], (error, stdout, stderr) => {
      try {
        resolve(JSON.parse(stdout));
      } catch {
        reject(new Error(`${error}\n${stderr}`));
      }
    });
  });
}
