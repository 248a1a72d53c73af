import { describe, expect, it } from 'vitest';
import { type GuardSettings, guard } from './guard.ts';
import { mayAct, neededRole } from './roles.ts';

const settings: GuardSettings = { port: () => 3001, dashboardPort: 3000 };
const ask = (headers: Record<string, string>, more: Partial<GuardSettings> = {}, remoteAddress = '127.0.0.1') => {
  const verdict = guard({ headers, remoteAddress }, { ...settings, ...more });
  return verdict.kind === 'pass' ? verdict.role : verdict.code;
};

describe('host', () => {
  it.each(['localhost:3001', '127.0.0.1:3001', '127.77.0.1', '[::1]:3001', 'app.localhost:9'])('%s passes', (host) => {
    expect(ask({ host })).toBe('control');
  });
  it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:3001', '', 'a@127.0.0.1', '127.0.0.1/x'])(
    '%j is refused',
    (host) => {
      expect(ask({ host })).toBe('permission_denied');
    },
  );
  it('none is refused', () => expect(ask({})).toBe('permission_denied'));
  it('one that is allowed passes', () => {
    expect(ask({ host: 'lbscope.example' }, { allowedHosts: ['lbscope.example'] })).toBe('control');
  });
});

describe('origin', () => {
  const host = '127.0.0.1:3001';
  it.each(['http://127.0.0.1:3001', 'http://localhost:3000', 'http://127.0.0.1:3000', 'http://localhost:3001'])(
    '%s passes',
    (origin) => {
      expect(ask({ host, origin })).toBe('control');
    },
  );
  it.each([
    'http://localhost:8080',
    'https://example.com',
    'null',
    'file://',
    'http://localhost:3000.evil.example',
    'chrome-extension://localhost',
  ])('%s is refused', (origin) => {
    expect(ask({ host, origin })).toBe('permission_denied');
  });
  it('the page whose door forwarded it passes, whatever its port; a foreign name does not by saying so twice', () => {
    expect(ask({ host, origin: 'http://localhost:3456', 'x-forwarded-host': 'localhost:3456' })).toBe('control');
    expect(ask({ host, origin: 'http://evil.example', 'x-forwarded-host': 'evil.example' })).toBe('permission_denied');
  });
  it('another site is refused even without an Origin', () => {
    expect(ask({ host, 'sec-fetch-site': 'cross-site' })).toBe('permission_denied');
    expect(ask({ host, 'sec-fetch-site': 'same-origin' })).toBe('control');
  });
});

describe('role', () => {
  const host = 'localhost';
  it('without a token: control on loopback, else view', () => {
    expect(ask({ host }, {}, '::1')).toBe('control');
    expect(ask({ host }, {}, '::ffff:127.0.0.1')).toBe('control');
    expect(ask({ host }, {}, '10.1.2.3')).toBe('view');
    expect(ask({ host }, {}, undefined)).toBe('control');
    expect(guard({ headers: { host }, remoteAddress: undefined }, settings)).toEqual({ kind: 'pass', role: 'view' });
  });
  it('with one: its bearer has control, others view, a wrong one is refused', () => {
    const tokens = () => ({ control: 's3cret' });
    expect(ask({ host }, { tokens })).toBe('view');
    expect(ask({ host, authorization: 'Bearer s3cret' }, { tokens })).toBe('control');
    expect(ask({ host, authorization: 'Bearer s3cre' }, { tokens })).toBe('unauthenticated');
    expect(ask({ host, authorization: 's3cret' }, { tokens })).toBe('unauthenticated');
  });
  it('with several: each bearer has its own role; viewing may be closed', () => {
    const tokens = () => ({ control: 'c', vote: 'v', view: 'w' });
    const closed = { tokens, viewing: 'token' } as const;
    for (const [token, role] of [
      ['c', 'control'],
      ['v', 'vote'],
      ['w', 'view'],
    ] as const)
      expect(ask({ host, authorization: `Bearer ${token}` }, closed), token).toBe(role);
    expect(ask({ host }, closed)).toBe('unauthenticated');
    expect(ask({ host, authorization: 'Bearer undefined' }, { tokens: () => ({ control: 'c' }) })).toBe(
      'unauthenticated',
    );
  });
  it('with tokens that are not there yet nobody has more than a look, loopback or not', () => {
    const tokens = () => ({});
    expect(ask({ host }, { tokens })).toBe('view');
    expect(ask({ host, authorization: 'Bearer ' }, { tokens })).toBe('unauthenticated');
    expect(ask({ host, authorization: 'Bearer undefined' }, { tokens })).toBe('unauthenticated');
  });
  it('what is not known to change nothing needs control', () => {
    expect(neededRole('GetSnapshot')).toBe('view');
    expect(neededRole('ScaleDeployment')).toBe('control');
    expect(neededRole('AnythingNew')).toBe('control');
  });
  it('each role may do what the one before may', () => {
    expect(mayAct('control', 'view')).toBe(true);
    expect(mayAct('vote', 'view')).toBe(true);
    expect(mayAct('vote', 'control')).toBe(false);
    expect(mayAct('view', 'vote')).toBe(false);
  });
});
