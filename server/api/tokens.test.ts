import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { tokenFiles } from './tokens.ts';

let folder = '';
let now = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lbscope-tokens-'));
  now = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

it('reads a token for each role, without the line end that editors add, and follows a rotation', () => {
  const faults: string[] = [];
  const control = file('control', 'a-token-of-some-length\n');
  const tokens = tokenFiles(
    { control },
    () => now,
    (fault) => faults.push(fault),
  );
  expect(tokens()).toEqual({ control: 'a-token-of-some-length' });
  file('control', 'another-token-of-some-length');
  expect(tokens()).toEqual({ control: 'a-token-of-some-length' });
  now = 5_000;
  expect(tokens()).toEqual({ control: 'another-token-of-some-length' });
  expect(faults).toEqual([]);
});

it('what is missing or unfit gives its role to nobody, is told once, and never with the token', () => {
  const faults: string[] = [];
  const tokens = tokenFiles(
    { control: file('c', 'hunter2'), vote: join(folder, 'nowhere') },
    () => now,
    (fault) => faults.push(fault),
  );
  expect(tokens()).toEqual({});
  now = 5_000;
  expect(tokens()).toEqual({});
  expect(faults).toEqual([expect.stringContaining('at least 16')]);
  expect(faults[0]).toContain('ENOENT');
  expect(faults[0]).not.toContain('hunter2');
  file('nowhere', 'the-secret-came-later');
  now = 10_000;
  expect(tokens()).toEqual({ vote: 'the-secret-came-later' });
  const same = file('same', 'a-token-of-some-length');
  expect(
    tokenFiles(
      { control: same, view: same },
      () => now,
      () => {},
    )(),
  ).toEqual({ view: 'a-token-of-some-length' });
});
