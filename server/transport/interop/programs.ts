import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** Where a program lies; undefined if this machine has none. Debian keeps servers where users don't look. */
export function find(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const own = name === 'envoy' ? [process.env.ENVOY_BIN, cachedEnvoy()] : [];
  return [...own, ...folders.map((folder) => join(folder, name))].find(
    (path) => path !== undefined && path !== '' && runs(path),
  );
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function cachedEnvoy(): string {
  const fromRoot = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
  const version = /envoyVersion = '([\d.]+)'/.exec(readFileSync(fromRoot('scripts/lib/envoy-wheels.mjs'), 'utf8'))?.[1];
  return fromRoot(`.cache/envoy/${version}/envoy`);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs a program until the test has finished; settles when it listens. */
export async function start(program: string, args: readonly string[], port: number): Promise<ChildProcess> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (text) => {
      said = `${said}${text}`.slice(-2000);
    });
  }
  const closed = new Promise((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    // SIGTERM, as nginx's master must end its workers; what does not listen is ended all the same.
    child.kill('SIGTERM');
    const limit = setTimeout(() => child.kill('SIGKILL'), 3000);
    await closed;
    clearTimeout(limit);
  });
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${said}`);
    await sleep(20);
  }
  return child;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** A folder with these files, gone with the test. */
export function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'lbscope-interop-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}
