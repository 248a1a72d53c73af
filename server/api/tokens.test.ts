import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readTokens } from './tokens.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lbscope-tokens-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

it('reads a token for each role, without the line end that editors add', () => {
  const control = file('control', 'a-token-of-some-length\n');
  expect(readTokens({ control })).toEqual({ kind: 'tokens', tokens: { control: 'a-token-of-some-length' } });
  expect(readTokens({})).toEqual({ kind: 'tokens', tokens: {} });
});

it('names what is wrong, all at once, and never the token', () => {
  const read = readTokens({ control: file('c', 'secret'), vote: join(folder, 'nowhere') });
  expect(read).toMatchObject({
    kind: 'faults',
    faults: [expect.stringContaining('ENOENT'), expect.stringContaining('at least 16')],
  });
  expect(JSON.stringify(read)).not.toContain('"secret"');
  const same = file('same', 'a-token-of-some-length');
  expect(readTokens({ control: same, view: same })).toMatchObject({
    kind: 'faults',
    faults: ['two roles have the same token'],
  });
});
