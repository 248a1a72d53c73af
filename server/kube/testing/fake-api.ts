import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What the server does with a request; undefined: hang. */
type Answer = (asked: Asked, response: ServerResponse) => void;

/** A watch that is open now. */
export interface OpenWatch {
  readonly asked: Asked;
  send(type: string, object: unknown): void;
  /** Bytes as they are. */
  raw(bytes: string | Buffer): void;
  /** The chunked body ends as it should. */
  end(): void;
  /** The connection breaks in the middle. */
  cut(): void;
}

/**
 * An API server that does what a test tells it to, over a real socket. By default lists are empty and watches stay open.
 */
export async function startFakeApi() {
  const asked: Asked[] = [];
  const watches: OpenWatch[] = [];
  /** By resource (last segment of a collection's path): what a list holds. */
  const items = new Map<string, unknown[]>();
  let version = 100;
  let onRequest: ((asked: Asked) => Answer | 'default' | 'hang') | undefined;

  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://fake');
      const one: Asked = {
        method: request.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body,
      };
      asked.push(one);
      const answer = onRequest?.(one) ?? 'default';
      if (answer === 'hang') return;
      if (answer !== 'default') return answer(one, response);
      if (one.query.get('watch') === 'true') return openWatch(one, response);
      const resource = one.path.split('/').at(-1) ?? '';
      json(response, 200, {
        kind: 'List',
        metadata: { resourceVersion: String(version) },
        items: items.get(resource) ?? [],
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  function openWatch(one: Asked, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const watch: OpenWatch = {
      asked: one,
      send: (type, object) => void response.write(`${JSON.stringify({ type, object })}\n`),
      raw: (bytes) => void response.write(bytes),
      end: () => void response.end(),
      cut: () => void response.socket?.destroy(),
    };
    watches.push(watch);
    response.on('close', () => {
      const at = watches.indexOf(watch);
      if (at !== -1) watches.splice(at, 1);
    });
  }

  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    watches,
    items,
    /** The next list's resourceVersion, rising. */
    nextVersion: () => String(++version),
    /** Decides over each request; undefined again: the default. */
    on(decide: typeof onRequest) {
      onRequest = decide;
    },
    watchOf: (resource: string) => watches.find((watch) => watch.asked.path.endsWith(`/${resource}`)),
    lists: (resource: string) =>
      asked.filter((one) => one.path.endsWith(`/${resource}`) && one.query.get('watch') !== 'true'),
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export type FakeApi = Awaited<ReturnType<typeof startFakeApi>>;

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** A Status, as the API server answers a refusal. */
export function status(code: number, message = 'secret detail'): Answer {
  return (_asked, response) => json(response, code, { kind: 'Status', code, reason: 'Refused', message });
}

/** Waits for something that sockets bring about; fails with what was waited for. */
export async function until(what: string, holds: () => boolean, limitMs = 5_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** For what must not happen: long enough that it would have happened over loopback. */
export async function quiet(ms = 60): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
