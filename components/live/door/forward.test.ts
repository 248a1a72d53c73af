import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { forward } from './forward.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const request = (signal?: AbortSignal) =>
  new Request('http://localhost:3000/rpc/x', {
    method: 'POST',
    body: '{"a":1}',
    headers: {
      'content-type': 'application/json',
      'connect-protocol-version': '1',
      cookie: 'secret',
      host: 'localhost:3000',
    },
    ...(signal === undefined ? {} : { signal }),
  });

describe('forward', () => {
  it('passes body, type and Connect headers on, and nothing else of the browser', async () => {
    const url = await serve(async (incoming, answer) => {
      let body = '';
      for await (const piece of incoming) body += piece;
      answer.setHeader('content-type', 'application/json');
      answer.setHeader('set-cookie', 'no=1');
      answer.end(JSON.stringify({ body, url: incoming.url, headers: incoming.headers }));
    });
    const answer = await forward(request(), 'service/Method', url);
    expect(answer.headers.get('cache-control')).toBe('no-cache, no-transform');
    expect(answer.headers.get('set-cookie')).toBeNull();
    const seen = await answer.json();
    expect(seen).toMatchObject({ body: '{"a":1}', url: '/service/Method' });
    expect(seen.headers).toMatchObject({
      'content-type': 'application/json',
      'connect-protocol-version': '1',
      'x-forwarded-host': 'localhost:3000',
    });
    expect(seen.headers.cookie).toBeUndefined();
  });

  it('hands each piece on when it comes, and ends the request when the reader leaves', async () => {
    let left = () => {};
    const gone = new Promise<void>((resolve) => {
      left = resolve;
    });
    const url = await serve((_, answer) => {
      answer.on('close', left);
      answer.write('first');
    });
    const answer = await forward(request(), 'x', url);
    const reader = answer.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('first');
    await reader?.cancel();
    await gone;
  });

  it('ends the request when the browser goes away', async () => {
    let left = () => {};
    const gone = new Promise<void>((resolve) => {
      left = resolve;
    });
    const url = await serve((_, answer) => {
      answer.on('close', left);
      answer.write('first');
    });
    const leaving = new AbortController();
    const answer = await forward(request(leaving.signal), 'x', url);
    const reader = answer.body?.getReader();
    await reader?.read();
    leaving.abort();
    await expect(reader?.read()).rejects.toThrow();
    await gone;
  });

  it('packs a stream for a page that asks for it, which unpacks it; nothing else is packed', async () => {
    const url = await serve((_, answer) => {
      answer.setHeader('content-type', 'application/connect+proto');
      answer.write('first ');
      setTimeout(() => answer.end('second'), 20);
    });
    const stream = (headers: Record<string, string>) =>
      forward(
        new Request('http://localhost:3000/rpc/x', {
          method: 'POST',
          headers: { 'content-type': 'application/connect+proto', ...headers },
        }),
        'x',
        url,
      );
    expect(await (await stream({})).text()).toBe('first second');
    const packed = await stream({ 'lbscope-squeezed': 'gzip' });
    expect(packed.headers.get('lbscope-squeezed')).toBe('gzip');
    const text = await new Response(packed.body?.pipeThrough(new DecompressionStream('gzip') as never)).text();
    expect(text).toBe('first second');
  });

  /** A stream of envelopes that is reset after `bytes`. */
  const cutAfter = (bytes: Uint8Array) =>
    serve((_, answer) => {
      answer.setHeader('content-type', 'application/connect+proto');
      answer.write(bytes);
      setTimeout(() => answer.destroy(), 20);
    });

  it('tells in the stream that an agent ended between two messages', async () => {
    const url = await cutAfter(Uint8Array.of(0, 0, 0, 0, 2, 7, 7));
    const bytes = new Uint8Array(await (await forward(request(), 'x', url)).arrayBuffer());
    expect([...bytes.slice(0, 7)]).toEqual([0, 0, 0, 0, 2, 7, 7]);
    expect(bytes[7]).toBe(2);
    const { error } = JSON.parse(new TextDecoder().decode(bytes.slice(12)));
    expect(error.code).toBe('unavailable');
    expect(error.message).toContain('the agent ended the stream');
  });

  it('is reset where the agent ended within a message', async () => {
    const url = await cutAfter(Uint8Array.of(0, 0, 0, 0, 2, 7));
    await expect((await forward(request(), 'x', url)).arrayBuffer()).rejects.toThrow();
  });

  it('makes a reset of the agent a reset, not a clean end', async () => {
    const url = await serve((_, answer) => {
      answer.write('first');
      setTimeout(() => answer.destroy(), 20);
    });
    const answer = await forward(request(), 'x', url);
    await expect(answer.text()).rejects.toThrow();
  });

  it('says that the agent does not answer', async () => {
    const url = await serve(() => {});
    servers[0]?.close();
    servers[0]?.closeAllConnections();
    const answer = await forward(request(), 'x', url);
    expect(answer.status).toBe(503);
    const error = await answer.json();
    expect(error.code).toBe('unavailable');
    expect(error.message).toContain('the agent does not answer');

    const stream = await forward(
      new Request('http://localhost:3000/rpc/x', {
        method: 'POST',
        headers: { 'content-type': 'application/connect+proto' },
      }),
      'x',
      url,
    );
    const bytes = new Uint8Array(await stream.arrayBuffer());
    expect(bytes[0]).toBe(2);
    expect(JSON.parse(new TextDecoder().decode(bytes.slice(5)))).toMatchObject({ error: { code: 'unavailable' } });
  });
});
