import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const keeper = fileURLToPath(new URL('./keeper.ts', import.meta.url));
/** Says its pid, ignores SIGTERM if told so, and otherwise runs for ever. */
const program = (stubborn: boolean) =>
  `${stubborn ? "process.on('SIGTERM', () => {});" : ''} console.log(process.pid); setInterval(() => {}, 1000);`;

async function keep(stubborn = false) {
  const child = spawn(process.execPath, [keeper, '--', process.execPath, '-e', program(stubborn)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  const [said] = await once(child.stdout, 'data');
  return { child, exit, pid: Number(String(said).trim()) };
}

const lives = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const gone = async (pid: number) => {
  for (let i = 0; i < 500 && lives(pid); i++) await new Promise((done) => setTimeout(done, 10));
  return !lives(pid);
};

test('the program ends when the keeper loses its stdin, even one that ignores SIGTERM', async () => {
  const kept = await keep(true);
  expect(lives(kept.pid)).toBe(true);
  kept.child.stdin.end();
  expect((await kept.exit)[0]).toBe(137);
  expect(await gone(kept.pid)).toBe(true);
});

test('SIGTERM is passed on, and the exit code says how the program ended', async () => {
  const kept = await keep();
  kept.child.kill('SIGTERM');
  expect((await kept.exit)[0]).toBe(143);
  expect(await gone(kept.pid)).toBe(true);

  const own = spawn(process.execPath, [keeper, '--', process.execPath, '-e', 'process.exit(7)'], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  expect((await once(own, 'exit'))[0]).toBe(7);
});

test('a program that is not there is said, not thrown', async () => {
  const child = spawn(process.execPath, [keeper, '--', '/nowhere/at-all'], { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const [code] = await once(child, 'exit');
  expect(code).toBe(127);
  expect(said).toContain('/nowhere/at-all');
});
