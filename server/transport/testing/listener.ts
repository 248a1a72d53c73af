import * as http2 from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';

/**
 * A small gRPC server on a real socket for tests: it answers with its own name, and can be stopped, reset, told to say
 * GOAWAY and started again on the same port.
 */
export interface TestListener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Calls begun, by all connections. */
  readonly calls: number;
  /** Request headers of the newest call. */
  readonly lastHeaders: Readonly<Record<string, unknown>>;
  readonly connections: number;
  /** What each call does from now on. */
  behave(behavior: Behavior): void;
  /** Ends held calls with an answer. */
  release(): void;
  /** Sends GOAWAY on each connection. */
  goaway(code?: number, lastStreamId?: number): void;
  /** Graceful: GOAWAY, streams finish. */
  drain(): void;
  /** As when the process dies: listening ends and each connection is reset. */
  crash(): Promise<void>;
  /** Listens again on the same port. */
  restart(): Promise<void>;
}

export type Behavior =
  | { readonly t: 'answer' }
  /** Keeps the call until release(). */
  | { readonly t: 'hold' }
  /** `times`: only so many calls, then it answers. `late`: after response headers of their own, not as Trailers-Only. */
  | {
      readonly t: 'status';
      readonly code: number;
      readonly message: string;
      readonly times?: number;
      readonly late?: boolean;
      readonly trailers?: Readonly<Record<string, string>>;
    }
  | { readonly t: 'reset'; readonly code: number }
  /** Answers each message with its name, until the client half-closes. */
  | { readonly t: 'echo' };

export interface TestListenerOptions {
  readonly host?: string;
  readonly settings?: http2.Settings;
  /** Sent with each answer's headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

export async function startListener(
  name: string,
  options: TestListenerOptions = {},
): Promise<TestListener & AsyncDisposable> {
  const host = options.host ?? '127.0.0.1';
  let server: http2.Http2Server | undefined;
  let behavior: Behavior = { t: 'answer' };
  let port = 0;
  let calls = 0;
  let connections = 0;
  let lastHeaders: http2.IncomingHttpHeaders = {};
  const sessions = new Set<http2.ServerHttp2Session>();
  const sockets = new Set<Socket>();
  const held = new Set<http2.ServerHttp2Stream>();

  function onStream(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
    calls++;
    lastHeaders = headers;
    stream.on('error', () => {});
    stream.on('close', () => held.delete(stream));
    switch (behavior.t) {
      case 'answer':
        stream.resume();
        stream.on('end', () => answer(stream));
        return;
      case 'hold':
        stream.resume();
        held.add(stream);
        return;
      case 'status': {
        const { code, message, times, late, trailers } = behavior;
        if (times !== undefined) behavior = times > 1 ? { ...behavior, times: times - 1 } : { t: 'answer' };
        stream.resume();
        if (late === true) {
          const end = { 'grpc-status': String(code), 'grpc-message': encodeURIComponent(message), ...trailers };
          stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true });
          stream.on('wantTrailers', () => stream.sendTrailers(end));
          stream.end();
          return;
        }
        stream.respond(
          {
            ':status': 200,
            'content-type': 'application/grpc+proto',
            'grpc-status': String(code),
            'grpc-message': encodeURIComponent(message),
            ...options.headers,
            ...trailers,
          },
          { endStream: true },
        );
        return;
      }
      case 'reset':
        stream.close(behavior.code);
        return;
      case 'echo':
        begin(stream);
        stream.on('data', () => stream.write(frame(name)));
        stream.on('end', () => stream.end());
    }
  }

  function begin(stream: http2.ServerHttp2Stream): void {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc+proto', ...options.headers },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'test-trailer': name }));
  }

  function answer(stream: http2.ServerHttp2Stream): void {
    if (stream.destroyed || stream.closed) return;
    begin(stream);
    stream.end(frame(name));
  }

  async function listen(): Promise<void> {
    const made = http2.createServer({ settings: options.settings ?? {} });
    made.on('session', (session) => {
      connections++;
      sessions.add(session);
      session.on('error', () => {});
      session.on('close', () => sessions.delete(session));
    });
    made.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    });
    made.on('stream', onStream);
    await new Promise<void>((resolve, reject) => {
      made.once('error', reject);
      made.listen(port, host, resolve);
    });
    port = (made.address() as AddressInfo).port;
    server = made;
  }

  async function crash(): Promise<void> {
    const old = server;
    server = undefined;
    if (old === undefined) return;
    const closed = new Promise<void>((resolve) => old.close(() => resolve()));
    for (const socket of [...sockets]) socket.resetAndDestroy();
    await closed;
  }

  await listen();
  return {
    name,
    host,
    get port() {
      return port;
    },
    get calls() {
      return calls;
    },
    get lastHeaders() {
      return lastHeaders;
    },
    get connections() {
      return connections;
    },
    behave(next) {
      behavior = next;
    },
    release() {
      for (const stream of [...held]) answer(stream);
      held.clear();
    },
    goaway(code = http2.constants.NGHTTP2_NO_ERROR, lastStreamId) {
      // One that is destroyed is known as such before its 'close' comes.
      for (const session of sessions) if (!session.destroyed) session.goaway(code, lastStreamId);
    },
    drain() {
      for (const session of [...sessions]) session.close();
    },
    crash,
    restart: listen,
    [Symbol.asyncDispose]: crash,
  };
}

/** A gRPC frame holding a message whose field 1 is the text: enough to be parsed by anyone, and read by nameOf. */
function frame(text: string): Buffer {
  const message = messageOf(text);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

export function messageOf(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([Buffer.from([0x0a, bytes.length]), bytes]);
}

export function nameOf(message: Uint8Array | undefined): string {
  return message === undefined ? '' : Buffer.from(message.subarray(2)).toString('utf8');
}
