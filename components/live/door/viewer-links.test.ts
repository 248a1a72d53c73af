import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { viewerLinks } from './viewer-links.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** An agent that knows one presenter. */
async function agent(): Promise<string> {
  server = createServer((request, answer) => {
    request.resume();
    answer.setHeader('content-type', 'application/json');
    const role = request.headers.authorization === 'Bearer presenter' ? 'control' : 'vote';
    answer.end(JSON.stringify({ role, path: request.url }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ask = (agentUrl: string, headers: Record<string, string>, links?: string) =>
  viewerLinks(
    new Request('http://localhost:3000/share', { method: 'POST', headers: { host: 'localhost:3000', ...headers } }),
    { agentUrl, allowedHosts: [] },
    links,
  );
const links = 'http://10.0.0.5:3000/#token=v http://172.16.0.5:3000/#token=v';

describe('viewer links', () => {
  it('are told to who has control', async () => {
    const answer = await ask(await agent(), { authorization: 'Bearer presenter' }, links);
    expect(await answer.json()).toEqual({ viewers: links.split(' ') });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('are told to nobody else, nor to a page of another site', async () => {
    const url = await agent();
    const voter = await ask(url, { authorization: 'Bearer voter' }, links);
    expect(voter.status).toBe(403);
    expect(await voter.text()).not.toContain('token=');
    const foreign = await ask(url, { authorization: 'Bearer presenter', origin: 'http://evil.example' }, links);
    expect(foreign.status).toBe(403);
  });

  it('are none where the dashboard is not shared', async () => {
    const answer = await ask(await agent(), { authorization: 'Bearer presenter' });
    expect(await answer.json()).toEqual({ viewers: [] });
  });
});
