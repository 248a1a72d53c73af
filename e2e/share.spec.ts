// Tokens, as `--share` hands them out, on the loopback: an agent that knows two of them and a dashboard in front of it,
// beside the ones of the worker and on the same lab. Who has none looks, who has the room's votes, who has the
// presenter's acts; each is told so by the page, and held to it by the agent.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Page } from '@playwright/test';
import type { App } from './lib/app.ts';
import { onlyFull } from './lib/full.ts';
import { expect, test } from './lib/test.ts';

const root = resolve(import.meta.dirname, '..');
const vote = 'the-token-of-the-room';
const control = 'the-token-of-the-presenter';
const scenario = 'one-connection-pins';

async function anyPort(): Promise<number> {
  return new Promise((done, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}

interface Shared {
  url: string;
  call(token: string, method: string, body?: object): Promise<{ status: number; message: string }>;
  stop(): Promise<void>;
}

/** A second agent on the lab of `app`, started as the supervisor starts its own, with tokens. */
async function share(app: App): Promise<Shared> {
  const folder = mkdtempSync(join(tmpdir(), 'lbscope-share-'));
  const [agentPort, port] = await Promise.all([anyPort(), anyPort()]);
  writeFileSync(join(folder, 'vote'), vote, { mode: 0o600 });
  writeFileSync(join(folder, 'control'), control, { mode: 0o600 });
  const [, ...args] = app.process('agent.mjs').args.split(/\s+(?=--)/);
  const own: Record<string, string> = {
    '--agent-port': String(agentPort),
    '--state-dir': join(folder, 'state'),
    '--data-dir': join(folder, 'runs'),
    '--dashboard-port': String(port),
  };
  const given = args.flatMap((each) => {
    const [name = '', ...value] = each.split(' ');
    return [name, ...(own[name] === undefined ? value : [own[name]])];
  });
  const tokens = ['--control-token-file', join(folder, 'control'), '--vote-token-file', join(folder, 'vote')];
  const start = (program: string, rest: string[], env: Record<string, string>): ChildProcess =>
    spawn(process.execPath, [program, ...rest], {
      cwd: root,
      stdio: ['pipe', 'ignore', 'inherit'],
      env: { ...process.env, ...env },
    });
  const children = [
    start(join(root, 'dist', 'agent.mjs'), [...given, ...tokens], {}),
    start(join(root, '.next', 'standalone', 'server.js'), [], {
      PORT: String(port),
      HOSTNAME: '127.0.0.1',
      NODE_ENV: 'production',
      LBSCOPE_AGENT_URL: `http://127.0.0.1:${agentPort}`,
    }),
  ];
  const url = `http://localhost:${port}`;
  const call: Shared['call'] = async (token, method, body = {}) => {
    const answer = await fetch(`${url}/rpc/lbscope.agent.v1.AgentService/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    const said = (await answer.json()) as { message?: string };
    return { status: answer.status, message: said.message ?? '' };
  };
  await expect
    .poll(
      () =>
        call(control, 'GetSnapshot').then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 45_000 },
    )
    .toBe(200);
  return {
    url,
    call,
    async stop() {
      await Promise.all(
        children.map(
          (child) =>
            new Promise<void>((done) => {
              if (child.exitCode !== null || child.signalCode !== null) return done();
              const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
              child.once('exit', () => {
                clearTimeout(late);
                done();
              });
              child.kill('SIGTERM');
            }),
        ),
      );
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function enter(page: Page, url: string, token: string): Promise<void> {
  await page.goto(`${url}/?view=stage${token === '' ? '' : `#token=${token}`}`);
  await expect(page.getByTestId('live')).toHaveAttribute('data-state', 'live', { timeout: 45_000 });
  expect(new URL(page.url()).hash).toBe('');
}

test.skip(...onlyFull);
// Three browsers, a second agent and a second dashboard.
test.describe.configure({ timeout: 180_000 });

test('who has no token looks, who has the room’s votes, who has the presenter’s acts', async ({ app, browser }) => {
  const shared = await share(app);
  const contexts = await Promise.all([browser.newContext(), browser.newContext(), browser.newContext()]);
  const [looker, viewer, presenter] = (await Promise.all(contexts.map((each) => each.newPage()))) as [Page, Page, Page];
  try {
    await Promise.all([
      enter(looker, shared.url, ''),
      enter(viewer, shared.url, vote),
      enter(presenter, shared.url, control),
    ]);

    // What is not theirs is not offered, and a key that would do it says why.
    for (const each of [looker, viewer]) {
      await expect(each.getByTestId('access-line')).toContainText('You are watching');
      await expect(each.getByTestId('start-stop')).toHaveCount(0);
      await expect(each.getByTestId('replicas-plus')).toHaveCount(0);
      await each.keyboard.press('+');
      await expect(each.getByTestId('notice')).toContainText('the presenter acts');
    }
    await expect(presenter.getByTestId('replicas-plus')).toBeEnabled();

    // And whoever goes round the page is refused by the agent, with what is needed.
    for (const token of ['', vote]) {
      const refused = await shared.call(token, 'ScaleDeployment', { replicas: 9 });
      expect(refused.status).toBeGreaterThanOrEqual(401);
      expect(refused.status).toBeLessThanOrEqual(403);
      expect(refused.message).toMatch(/token|role|control/);
    }
    expect((await shared.call('mistyped', 'GetSnapshot')).status).toBe(401);

    // A question reaches all; who may vote does, who only looks cannot.
    expect((await shared.call(control, 'StartScenario', { id: scenario, guided: true, by: 'e2e' })).status).toBe(200);
    await viewer.getByTestId('choice-0-0').click();
    await expect(viewer.getByTestId('choice-0-0')).toHaveAttribute('aria-pressed', 'true');
    await expect(presenter.getByTestId('question-0')).toHaveAttribute('data-voters', '1');
    await expect(looker.getByTestId('question-0')).toHaveAttribute('data-voters', '1');
    await expect(looker.getByTestId('choice-0-0')).toBeDisabled();
    const voted = await shared.call('', 'CastVote', { question: 0, voter: 'x', choice: 0 });
    expect(voted.status).toBeGreaterThanOrEqual(401);
  } finally {
    await shared.call(control, 'AbortScenario').catch(() => undefined);
    await Promise.all(contexts.map((each) => each.close()));
    await shared.stop();
  }
});
