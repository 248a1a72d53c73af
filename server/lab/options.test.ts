import { expect, test } from 'vitest';
import { handleAdmin } from './admin.ts';
import { clusterDelays, labDelays, shortened } from './delays.ts';
import { parseOptions } from './options.ts';

test('flags win over the environment', () => {
  const parsed = parseOptions(['--api-port', '0', '--pods=5', '--delay', 'relistMs=50,proxySyncMs=0'], {
    LBSCOPE_API_PORT: '9000',
    LBSCOPE_DNS_TTL: '30',
  });
  expect(parsed).toMatchObject({
    kind: 'options',
    options: {
      apiPort: 0,
      pods: 5,
      ttlSeconds: 30,
      dnsPort: 10_053,
      resume: false,
      delays: { relistMs: 50, proxySyncMs: 0 },
    },
  });
});

test('all faults are listed at once, each with its value and what is allowed', () => {
  const parsed = parseOptions(['--pods', '-3', '--wrong', '--ttl', 'x', '--delay', 'relistMs=,none=1', 'word'], {
    LBSCOPE_API_PORT: '70000',
    LBSCOPE_LAB_ADDRESSES: 'own',
  });
  expect(parsed.kind).toBe('faults');
  const faults = parsed.kind === 'faults' ? parsed.faults.join('\n') : '';
  for (const part of [
    '--wrong is not known',
    '"word" is not understood',
    'LBSCOPE_API_PORT is "70000": allowed is a whole number from 0 to 65535',
    '--ttl is "x"',
    'delay relistMs is ""',
    'delay "none" does not exist',
    'LBSCOPE_LAB_ADDRESSES is "own": allowed are auto and shared',
    '--pods',
  ]) {
    expect(faults).toContain(part);
  }
});

test('shortened delays are named', () => {
  expect(shortened(clusterDelays)).toEqual([]);
  expect(shortened(labDelays)).toEqual(['firstProbeMs is 100 (a cluster: 1000)']);
});

test('the admin API checks before it changes anything', () => {
  const delays = { ...labDelays };
  const modes: unknown[] = [];
  const dns = { state: () => ({}) as never, setMode: (mode: unknown) => modes.push(mode), setTtl: () => {} };
  const parts = {
    delays,
    dns,
    delaysChanged: () => {},
    processes: () => [],
    proxy: () => ({ syncs: 0, ports: [] }),
    facts: () => ({ range: '', addresses: 'own', notes: [], dialMap: [] }),
  };
  const put = (path: string, body: unknown) => handleAdmin('PUT', path, body, parts);
  expect(put('/lab/v1/delays', { relistMs: 5, other: 1 })?.status).toBe(400);
  expect(delays.relistMs).toBe(1_000);
  expect(put('/lab/v1/delays', { relistMs: 5 })?.status).toBe(200);
  expect(delays.relistMs).toBe(5);
  expect(put('/lab/v1/dns', { mode: 'broken' })).toMatchObject({
    status: 400,
    body: { faults: [expect.stringContaining('broken')] },
  });
  expect(put('/lab/v1/dns', { mode: 'delay' })?.status).toBe(400);
  expect(put('/lab/v1/dns', { mode: 'servfail' })?.status).toBe(200);
  expect(modes).toEqual([{ kind: 'servfail' }]);
  expect(put('/lab/v1/else', {})).toBeUndefined();
});
