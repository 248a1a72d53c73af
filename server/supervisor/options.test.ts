import { expect, test } from 'vitest';
import { parseOptions } from './options.ts';

test('defaults', () => {
  const parsed = parseOptions([], {});
  expect(parsed).toMatchObject({
    kind: 'options',
    options: { port: 3000, agentPort: 3001, apiPort: 8001, dnsPort: 10_053, pods: undefined },
  });
});

test('a flag wins over the environment', () => {
  const parsed = parseOptions(['--port', '3100', '--pods=5'], { LBSCOPE_PORT: '4000', LBSCOPE_RATE: '50' });
  expect(parsed).toMatchObject({ kind: 'options', options: { port: 3100, pods: 5, rate: 50 } });
});

test('all faults are listed at once, each with name, value and what is allowed', () => {
  const parsed = parseOptions(['--port', 'abc', '--pods', '-1', '--nonsense', 'stray'], {
    LBSCOPE_RATE: '1e9',
    LBSCOPE_NAMESPACE: 'No',
  });
  expect(parsed.kind).toBe('faults');
  const text = parsed.kind === 'faults' ? parsed.faults.join('\n') : '';
  expect(text).toContain('--port is "abc": allowed is a whole number from 1 to 65535');
  expect(text).toContain('--pods');
  expect(text).toContain('--nonsense is not known');
  expect(text).toContain('LBSCOPE_RATE is "1e9"');
  expect(text).toContain('"stray"');
  expect(text).toContain('--namespace is "No"');
});

test('where calls are made and how they are paced', () => {
  const parsed = parseOptions(['--driver', 'main'], { LBSCOPE_PACING: 'precise' });
  expect(parsed).toMatchObject({ kind: 'options', options: { driver: 'main', pacing: 'precise' } });
  const wrong = parseOptions(['--pacing', 'fast'], {});
  expect(wrong).toEqual({ kind: 'faults', faults: ['--pacing is "fast": allowed is timer or precise'] });
});

test('two programs cannot share a port', () => {
  const parsed = parseOptions(['--port', '8001'], {});
  expect(parsed).toMatchObject({ kind: 'faults', faults: [expect.stringContaining('both 8001')] });
});

test('a flag without its value is a fault, not a default', () => {
  expect(parseOptions(['--port'], {}).kind).toBe('faults');
});
