import { describe, expect, it } from 'vitest';
import { guard, settingsFrom } from './guard.ts';

const path = 'lbscope.agent.v1.AgentService/GetSnapshot';
const ask = (headers: Record<string, string>, method = 'POST', to = path, env = {}) =>
  guard(new Request(`http://localhost:3000/rpc/${to}`, { method, headers }), to, settingsFrom(env));

describe('guard', () => {
  it.each(['localhost:3000', '127.0.0.1:3000', '127.9.0.1', '[::1]:3000', 'lab.localhost'])('lets %s pass', (host) => {
    expect(ask({ host })).toBeUndefined();
  });

  it.each(['evil.example', 'localhost.evil.example', '10.0.0.5:3000', '', 'localhost/@evil', '127.0.0.1.evil.example'])(
    'stops a request to %j, whatever it resolves to',
    async (host) => {
      const answer = ask({ host });
      expect(answer?.status).toBe(403);
      expect(await answer?.json()).toMatchObject({ code: 'permission_denied' });
    },
  );

  it('lets a named host pass when it is allowed', () => {
    expect(
      ask({ host: 'lb.example:8080' }, 'POST', path, { LBSCOPE_ALLOWED_HOSTS: 'a.example, LB.example' }),
    ).toBeUndefined();
  });

  it('lets only pages of its own origin pass', () => {
    expect(ask({ host: 'localhost:3000', origin: 'http://localhost:3000' })).toBeUndefined();
    expect(ask({ host: 'localhost:3000', origin: 'http://localhost:4000' })?.status).toBe(403);
    expect(ask({ host: 'localhost:3000', origin: 'null' })?.status).toBe(403);
    expect(ask({ host: 'localhost:3000', 'sec-fetch-site': 'cross-site' })?.status).toBe(403);
  });

  it('serves one service, by POST', () => {
    const host = 'localhost:3000';
    expect(ask({ host }, 'GET')?.status).toBe(405);
    expect(ask({ host }, 'POST', 'other.v1.Service/Get')?.status).toBe(404);
    expect(ask({ host }, 'POST', 'lbscope.agent.v1.AgentService/../../admin')?.status).toBe(404);
  });
});
