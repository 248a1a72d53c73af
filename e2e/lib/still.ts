import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import type { SceneName } from '../fixtures/scenes.ts';

const root = resolve(import.meta.dirname, '../..');

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

/** The moment of every still picture. */
const moment = '2026-03-04T10:00:00Z';

/**
 * The built dashboard on an agent that stands still at one moment of an invented run: recorded frames through the real
 * relay, and the same picture each time.
 */
export class Still {
  readonly url: string;
  readonly #children: ChildProcess[];

  private constructor(url: string, children: ChildProcess[]) {
    this.url = url;
    this.#children = children;
  }

  /** `role`: what the agent grants whoever asks; `none`: it does not know their token. */
  static async start(
    scene: SceneName,
    { role = 'control', moving = false }: { role?: 'view' | 'vote' | 'control' | 'none'; moving?: boolean } = {},
  ): Promise<Still> {
    const [agentPort, port] = await Promise.all([anyPort(), anyPort()]);
    const agent = spawn(
      process.execPath,
      [
        join(root, 'e2e/fixtures/fake-agent.ts'),
        ...['--port', String(agentPort), '--scene', scene, '--role', role],
        ...(moving ? [] : ['--at', moment]),
      ],
      { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] },
    );
    const dashboard = spawn(process.execPath, [join(root, '.next/standalone/server.js')], {
      cwd: root,
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        ...process.env,
        PORT: String(port),
        HOSTNAME: '127.0.0.1',
        NODE_ENV: 'production',
        LBSCOPE_AGENT_URL: `http://127.0.0.1:${agentPort}`,
      },
    });
    await Promise.all([says(agent, /fake agent/), says(dashboard, /Ready in/)]);
    return new Still(`http://127.0.0.1:${port}`, [agent, dashboard]);
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#children.map(
        (child) =>
          new Promise<void>((done) => {
            if (child.exitCode !== null || child.signalCode !== null) return done();
            child.once('exit', () => done());
            // They keep nothing; and a page that is still open, with its stream, would hold up a graceful end.
            child.kill('SIGKILL');
          }),
      ),
    );
  }
}

function says(child: ChildProcess, line: RegExp): Promise<void> {
  return new Promise((done, reject) => {
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (line.test(said)) done();
    });
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it was ready:\n${said}`)));
  });
}
