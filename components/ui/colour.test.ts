import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { contrast, inkOn, parseHex } from './colour.ts';

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');
const [dark, light] = css.split('[data-theme="light"]') as [string, string];

function token(theme: string, name: string): ReturnType<typeof parseHex> {
  const found = new RegExp(`--${name}: (#[0-9a-f]{6})`).exec(theme)?.[1];
  if (found === undefined) throw new Error(`no token ${name}`);
  return parseHex(found);
}

describe.each([
  ['dark', dark],
  ['light', light.split('@theme')[0] as string],
])('tokens, %s', (_, theme) => {
  it.each(['text', 'text-2', 'text-3', 'error-text'])('%s reads on the ground', (name) => {
    expect(contrast(token(theme, name), token(theme, 'ground'))).toBeGreaterThanOrEqual(4.5);
  });

  it('the ink of an error reads on it', () => {
    expect(contrast(token(theme, 'error'), token(theme, 'error-ink'))).toBeGreaterThanOrEqual(4.5);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])('pod %d stands out and carries its handle', (slot) => {
    const colour = token(theme, `pod-${slot}`);
    expect(contrast(colour, token(theme, 'ground'))).toBeGreaterThanOrEqual(3.2);
    expect(contrast(colour, inkOn(colour))).toBeGreaterThanOrEqual(4.5);
  });
});
