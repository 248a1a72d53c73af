import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium } from '@playwright/test';

const root = join(import.meta.dirname, '../..');

async function freePort(): Promise<number> {
  return new Promise((done, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}

async function answers(url: string): Promise<void> {
  for (let i = 0; i < 300; i += 1) {
    const up = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (up) return;
    await sleep(200);
  }
  throw new Error(`nothing answers at ${url}`);
}

/** The real dashboard and its relay on an invented run that goes on, and a browser without a GPU. */
export async function withPage(scene: string, run: (browser: Browser, url: string) => Promise<void>): Promise<void> {
  const children: ChildProcess[] = [];
  const start = (args: string[], env: Record<string, string>): void => {
    children.push(
      spawn(process.execPath, args, {
        cwd: root,
        stdio: ['pipe', 'ignore', 'inherit'],
        env: { ...process.env, ...env },
      }),
    );
  };
  const [agentPort, port] = await Promise.all([freePort(), freePort()]);
  let browser: Browser | undefined;
  try {
    start([join(root, 'e2e/fixtures/fake-agent.ts'), '--port', String(agentPort), '--scene', scene], {});
    start([join(root, '.next/standalone/server.js')], {
      PORT: String(port),
      HOSTNAME: '127.0.0.1',
      LBSCOPE_AGENT_URL: `http://127.0.0.1:${agentPort}`,
    });
    const url = `http://127.0.0.1:${port}`;
    await answers(`${url}/healthz`);
    const executablePath = process.env.LBSCOPE_CHROMIUM;
    browser = await chromium.launch({
      ...(executablePath ? { executablePath } : {}),
      args: ['--no-sandbox', '--disable-gpu'],
    });
    await run(browser, url);
  } finally {
    await browser?.close();
    for (const child of children) {
      child.stdin?.end();
      child.kill('SIGTERM');
    }
  }
}
