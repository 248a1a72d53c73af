import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { claim } from './claim.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lbscope-claim-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a free folder is claimed, and free again after release', () => {
  const first = claim(folder);
  expect(first.kind).toBe('claimed');
  if (first.kind === 'claimed') first.release();
  expect(claim(folder).kind).toBe('claimed');
});

test('a living holder keeps it; a dead one or a recycled pid does not', async () => {
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const pid = other.pid ?? 0;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  const file = join(folder, 'supervisor.json');
  writeFileSync(file, JSON.stringify({ pid, started, url: 'http://localhost:3000' }));
  expect(claim(folder)).toEqual({ kind: 'taken', pid, url: 'http://localhost:3000' });

  writeFileSync(file, JSON.stringify({ pid, started: 'another time' }));
  expect(claim(folder).kind).toBe('claimed');

  writeFileSync(file, JSON.stringify({ pid, started }));
  await new Promise((resolve) => {
    other.once('exit', resolve);
    other.kill();
  });
  expect(claim(folder).kind).toBe('claimed');
});

test('rubbish in the file is no claim', () => {
  writeFileSync(join(folder, 'supervisor.json'), '{"pid":');
  expect(claim(folder).kind).toBe('claimed');
});
