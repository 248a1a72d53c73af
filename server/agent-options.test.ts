import { expect, test } from 'vitest';
import { parseAgentOptions } from './agent-options.ts';

test('defaults', () => {
  expect(parseAgentOptions([], {})).toMatchObject({
    kind: 'options',
    options: {
      'agent-port': 3001,
      namespace: 'lbscope',
      service: 'greeter',
      transport: 'lbscope',
      driver: 'worker',
      pacing: 'timer',
      'state-dir': '.run/agent',
    },
  });
});

test('flags win over the environment', () => {
  const parsed = parseAgentOptions(['--rate', '50', '--dns=127.0.0.1:10053'], {
    LBSCOPE_RATE: '7',
    LBSCOPE_NAMESPACE: 'demo',
  });
  expect(parsed).toMatchObject({ options: { rate: 50, dns: '127.0.0.1:10053', namespace: 'demo' } });
});

test('every fault at once, with name, value and what is allowed', () => {
  const parsed = parseAgentOptions(
    ['--agent-port', '0', '--dns', 'localhost', '--kube-server', 'ftp://x', '--what', '1', 'stray'],
    { LBSCOPE_NAMESPACE: 'Not OK', LBSCOPE_LOG_LEVEL: 'loud', LBSCOPE_TRANSPORT: 'pigeon', LBSCOPE_DRIVER: 'pilot' },
  );
  const text = parsed.kind === 'faults' ? parsed.faults.join('\n') : '';
  for (const part of [
    '--agent-port is "0"',
    '--dns is "localhost"',
    '--kube-server is "ftp://x"',
    '--what is not known',
    '"stray"',
    'LBSCOPE_NAMESPACE is "Not OK"',
    'LBSCOPE_LOG_LEVEL is "loud"',
    'LBSCOPE_TRANSPORT is "pigeon"',
    'LBSCOPE_DRIVER is "pilot": allowed is worker or main',
    'silent',
  ]) {
    expect(text).toContain(part);
  }
});
