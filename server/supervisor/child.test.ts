import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Child, type ChildEvents } from './child.ts';

let folder = '';
const children: Child[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lbscope-child-'));
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.end()));
  rmSync(folder, { recursive: true, force: true });
});

function supervise(script: string, events: Partial<ChildEvents>): Child {
  const child = new Child(
    {
      name: 'test',
      command: process.execPath,
      args: () => ['-e', script],
      env: () => ({}),
      cwd: folder,
      logFile: join(folder, 'test.log'),
      readyLine: (line) => (line.startsWith('ready') ? line : undefined),
      endWithinMs: 2_000,
    },
    { onReady: () => {}, onEnded: () => {}, ...events },
  );
  children.push(child);
  return child;
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const lasting = 'console.log("ready " + process.pid); process.stdin.resume().on("end", () => process.exit())';

test('says when it is ready and ends when asked', async () => {
  const pid = await new Promise<number>((resolve) => {
    const child = supervise(lasting, { onReady: (line) => resolve(Number(String(line).split(' ')[1])) });
    child.start();
  });
  expect(alive(pid)).toBe(true);
  await children[0]?.end();
  expect(alive(pid)).toBe(false);
});

test('a program that is ended from outside is started again', async () => {
  const pids: number[] = [];
  const ended: string[] = [];
  await new Promise<void>((resolve) => {
    const child = supervise(lasting, {
      onReady: (line) => {
        const pid = Number(String(line).split(' ')[1]);
        pids.push(pid);
        if (pids.length === 1) process.kill(pid, 'SIGKILL');
        else resolve();
      },
      onEnded: (how) => ended.push(how),
    });
    child.start();
  });
  expect(ended).toEqual(['was ended by SIGKILL']);
  expect(pids[1]).not.toBe(pids[0]);
});

test('the backoff doubles while it keeps failing, and the end of the log is handed over', async () => {
  const waits: number[] = [];
  const lines: string[] = [];
  await new Promise<void>((resolve) => {
    const child = supervise('console.error("no such thing"); process.exit(3)', {
      onEnded: (how, againInMs, last) => {
        expect(how).toBe('ended with status 3');
        waits.push(againInMs);
        lines.push(last);
        if (waits.length === 3) resolve();
      },
    });
    child.start();
  });
  expect(waits).toEqual([250, 500, 1000]);
  expect(lines[0]).toContain('no such thing');
});

test('a program that ignores the request is forced', async () => {
  const pid = await new Promise<number>((resolve) => {
    const child = supervise(
      'process.on("SIGTERM", () => {}); console.log("ready " + process.pid); setInterval(() => {}, 1000)',
      { onReady: (line) => resolve(Number(String(line).split(' ')[1])) },
    );
    child.start();
  });
  await children[0]?.end();
  expect(alive(pid)).toBe(false);
});

test('a program that does not exist is reported, not thrown', async () => {
  const how = await new Promise<string>((resolve) => {
    const child = new Child(
      {
        name: 'test',
        command: join(folder, 'nothing-here'),
        args: () => [],
        env: () => ({}),
        cwd: folder,
        logFile: join(folder, 'test.log'),
        readyLine: () => undefined,
        endWithinMs: 500,
      },
      { onReady: () => {}, onEnded: resolve },
    );
    children.push(child);
    child.start();
  });
  expect(how).toContain('could not be run');
});
