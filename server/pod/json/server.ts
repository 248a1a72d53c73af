import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Call, Handler } from '../grpc/handler.ts';
import { code } from '../grpc/status.ts';

/** How one unary method looks in JSON (protobuf's JSON mapping): to and from the bytes that its handler takes. */
export interface JsonMethod {
  readonly handler: Extract<Handler, { kind: 'unary' }>;
  /** Throws a sentence on a body that does not fit. */
  request(json: unknown): Uint8Array;
  response(message: Uint8Array): string;
}

/** As large as the largest gRPC message of a lane (16 MiB) is in base64. */
const mostBytes = 24 * 1024 * 1024;

/**
 * Unary calls as JSON over HTTP/1.1, in the form of Connect's protocol for unary calls: the REST that people moved from.
 * https://connectrpc.com/docs/protocol/
 */
export class JsonServer {
  readonly #methods: ReadonlyMap<string, JsonMethod>;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #draining = false;

  constructor(methods: ReadonlyMap<string, JsonMethod>) {
    this.#methods = methods;
    this.#server = createServer({ noDelay: true }, (request, response) => this.#serve(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** Resolves with the port (useful with 0); rejects when the address can't be had. */
  listen(port: number, host: string): Promise<number> {
    return new Promise((done, failed) => {
      this.#server.once('error', failed);
      this.#server.listen({ port, host, backlog: 1024 }, () => {
        this.#server.off('error', failed);
        this.#server.on('error', () => {});
        done((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** No new connections; idle ones are closed, the others with their answer. Resolves when all are. */
  drain(): Promise<void> {
    this.#draining = true;
    // Closes idle connections itself (Node 19 and later).
    return new Promise((done) => this.#server.close(() => done()));
  }

  /** Ends everything now: calls that run are cut. */
  destroy(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Each socket is reset (RST), as a host does whose process is gone. */
  reset(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    if (this.#draining) response.setHeader('connection', 'close');
    const method = this.#methods.get(request.url ?? '');
    const wrong = method === undefined ? ([404, `there is no ${request.url}`] as const) : wrongHead(request);
    if (method === undefined || wrong !== undefined) {
      request.resume();
      if (wrong !== undefined) refuse(response, wrong[0], 'unimplemented', wrong[1]);
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= mostBytes) chunks.push(chunk);
    });
    request.on('error', () => {});
    request.on('end', () => {
      if (size > mostBytes) refuse(response, 413, 'resource_exhausted', `${size} bytes: allowed are ${mostBytes}`);
      else void this.#call(method, Buffer.concat(chunks).toString('utf8'), response);
    });
  }

  async #call(method: JsonMethod, body: string, response: ServerResponse): Promise<void> {
    let message: Uint8Array;
    try {
      message = method.request(JSON.parse(body));
    } catch (error) {
      return refuse(response, 400, 'invalid_argument', (error as Error).message);
    }
    try {
      const result = await method.handler.handle(message, callOf(response));
      // Also when the drain began while the handler worked.
      if (this.#draining && !response.headersSent) response.setHeader('connection', 'close');
      if (response.destroyed) return;
      if (result instanceof Uint8Array) return answer(response, 200, method.response(result));
      // A status of OK without a message: the call ended meanwhile.
      if (result.code === 0) return void response.destroy();
      const [http, word] = words[result.code] ?? [500, 'unknown'];
      return refuse(response, http, word, result.message);
    } catch {
      if (!response.destroyed) refuse(response, 500, 'internal', 'the handler failed');
    }
  }
}

function wrongHead(request: IncomingMessage): readonly [number, string] | undefined {
  if (request.method !== 'POST') return [405, `${request.method} is not allowed: allowed is POST`];
  if (/^application\/json\b/.test(request.headers['content-type'] ?? '')) return undefined;
  return [415, 'the content type must be application/json'];
}

/** HTTP status and name of a gRPC code, by Connect's table. Those that this pod gives. */
const words: Readonly<Record<number, readonly [number, string]>> = {
  [code.invalidArgument]: [400, 'invalid_argument'],
  [code.unavailable]: [503, 'unavailable'],
  [code.unimplemented]: [501, 'unimplemented'],
  [code.internal]: [500, 'internal'],
  5: [404, 'not_found'],
};

function refuse(response: ServerResponse, status: number, word: string, message: string): void {
  answer(response, status, JSON.stringify({ code: word, message }));
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

/** What a handler may ask of its call; a unary one sends nothing itself. */
function callOf(response: ServerResponse): Call {
  return {
    send: () => Promise.resolve(false),
    sleep: (ms) =>
      new Promise((done) => {
        const timer = setTimeout(() => done(!response.destroyed), ms);
        response.once('close', () => {
          clearTimeout(timer);
          done(false);
        });
      }),
    onEnd: (run) => void response.once('close', run),
    get ended() {
      return response.destroyed;
    },
  };
}
