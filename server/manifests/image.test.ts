import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('what the image is laid out from is let into its build', () => {
  const admitted = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  // Made by the build itself.
  const made = ['dist', '.next'];
  const copied = [...read('scripts/image.mjs').matchAll(/join\(root, ((?:'[^']+'(?:, )?)+)/g)]
    .map(([, parts = '']) => [...parts.matchAll(/'([^']+)'/g)].map(([, part]) => part).join('/'))
    .filter((path) => !made.includes(path.split('/')[0] ?? ''));
  expect(copied).toContain('scenarios');
  const missing = copied.filter((path) => !admitted.some((each) => path === each || path.startsWith(`${each}/`)));
  expect(missing).toEqual([]);
});
