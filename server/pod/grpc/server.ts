import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { ServerCall } from './call.ts';
import { type AgeLimits, type AgeParts, ConnectionAge, noLimits, realAgeParts } from './connection-age.ts';
import type { Handler } from './handler.ts';
import type { Status } from './status.ts';

/** From first to second GOAWAY at most, where the peer does not answer the PING between them (as grpc-go). */
const goawayPingLimitMs = 5_000;
/**
 * GOAWAY with last stream id 2^31-1 and NO_ERROR, as bytes: nghttp2 has this as "shutdown notice", but Node does not reach
 * it, and after session.goaway() nghttp2 ignores every new stream, the very ones this frame is to let in [seen with 26.10].
 * Node hands whole frames to the socket, so between two of its writes is between two frames.
 */
function firstGoaway(debugData: string): Buffer {
  const debug = Buffer.from(debugData);
  const head = Buffer.from([0, 0, 8 + debug.length, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
  return Buffer.concat([head, debug]);
}
/** What grpc-go writes into the GOAWAY of an aged connection. */
const maxAge = 'max_age';

const sessionOptions = {
  // Node's guard against rapid resets counts ordinary cancellations too: 1,003 in half a second ended a connection.
  streamResetBurst: 1_000_000,
  streamResetRate: 1_000_000,
  // MB per connection, for its streams, headers and waiting data; at the default of 10 large concurrent payloads meet ENHANCE_YOUR_CALM.
  maxSessionMemory: 1_024,
  settings: { initialWindowSize: 1024 * 1024, enablePush: false },
};
/** Of a whole connection; the default of 64 KiB would hold up large payloads on all its streams. */
const connectionWindowBytes = 8 * 1024 * 1024;

/** A peer that connects and never finishes its TLS handshake must not hold its socket for ever. */
const handshakeLimitMs = 10_000;

/** PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Asked before a call's handler is looked for; a status refuses the call. */
export type Authorize = (path: string, authorization: string | undefined) => Status | undefined;

export interface GrpcServerOptions {
  readonly ageParts?: AgeParts;
  /** TLS with ALPN h2 (RFC 9113, 3.3), its certificate as it is at each handshake; undefined from it: no handshake. */
  readonly tls?: (() => Certificate | undefined) | undefined;
  readonly authorize?: Authorize | undefined;
}

/**
 * A gRPC server for HTTP/2, by prior knowledge or over TLS. It keeps sockets and sessions apart from node:http2's own
 * server, whose close() ends each session at once with a single GOAWAY: calls that cross it would die.
 */
export class GrpcServer {
  readonly #handlers: ReadonlyMap<string, Handler>;
  readonly #server: Server;
  readonly #connections = new Map<Socket, ServerHttp2Session>();
  readonly #ages = new Map<Socket, ConnectionAge>();
  readonly #ageParts: AgeParts;
  readonly #authorize: Authorize | undefined;
  /** Sockets below TLS, by what runs over them; and those whose handshake is not over. */
  readonly #raw = new Map<Socket, Socket>();
  readonly #handshakes = new Set<Socket>();
  #ageLimits = noLimits;
  /** Told to go, by age or by the pod's end. */
  readonly #leaving = new WeakSet<ServerHttp2Session>();
  #draining = false;
  #onEmpty: (() => void) | undefined;

  constructor(handlers: ReadonlyMap<string, Handler>, options: GrpcServerOptions = {}) {
    this.#handlers = handlers;
    this.#ageParts = options.ageParts ?? realAgeParts;
    this.#authorize = options.authorize;
    const accept = options.tls === undefined ? (socket: Socket) => this.#accept(socket) : this.#secure(options.tls);
    this.#server = createServer({ noDelay: true }, accept);
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

  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Takes no more connections, tells each peer to open no more streams, and resolves when all calls have ended.
   * GOAWAY goes out twice, as the HTTP/2 specification advises (RFC 9113, 6.8): first with the highest possible
   * stream id, then, once a PING came back and so all streams on their way have arrived, with the real one.
   */
  drain(): Promise<void> {
    if (!this.#draining) {
      this.#draining = true;
      this.#server.close();
      for (const socket of this.#handshakes) socket.destroy();
      for (const [socket, session] of this.#connections) this.#drainSession(socket, session);
    }
    if (this.#connections.size === 0) return Promise.resolve();
    return new Promise((done) => {
      const before = this.#onEmpty;
      this.#onEmpty = () => {
        before?.();
        done();
      };
    });
  }

  /** gRFC A9. Holds at once, for the connections there are, too. */
  limitAge(limits: AgeLimits): void {
    this.#ageLimits = limits;
    for (const age of this.#ages.values()) age.apply(limits);
  }

  /** Ends everything now: open calls are reset. */
  destroy(): void {
    this.#server.close();
    for (const socket of this.#handshakes) socket.destroy();
    for (const session of this.#connections.values()) session.destroy();
  }

  /** Each socket is reset (RST), as a host does whose process is gone; no GOAWAY, no FIN. */
  reset(): void {
    this.#server.close();
    for (const socket of this.#handshakes) socket.resetAndDestroy();
    // Only TCP can reset; TLS above it can't.
    for (const socket of this.#connections.keys()) (this.#raw.get(socket) ?? socket).resetAndDestroy();
  }

  /** Turns TCP connections into TLS ones, each with the certificate of its moment. */
  #secure(certificate: () => Certificate | undefined): (raw: Socket) => void {
    let current: Certificate | undefined;
    /** By the peer's address, which no two live connections share: TLS does not tell what it runs over. */
    const raws = new Map<string, Socket>();
    const tls: TlsServer = createTlsServer({ ALPNProtocols: ['h2'], handshakeTimeout: handshakeLimitMs }, (socket) => {
      const raw = raws.get(peerOf(socket));
      if (raw === undefined || socket.alpnProtocol !== 'h2') {
        socket.destroy();
        return;
      }
      this.#handshakes.delete(raw);
      this.#raw.set(socket, raw);
      socket.once('close', () => this.#raw.delete(socket));
      this.#accept(socket);
    });
    tls.on('tlsClientError', (_, socket) => socket.destroy());
    return (raw) => {
      raw.on('error', ignore);
      const now = certificate();
      if (now === undefined) {
        raw.destroy();
        return;
      }
      if (now !== current) {
        current = now;
        tls.setSecureContext({ ...now, minVersion: 'TLSv1.2' });
      }
      const peer = peerOf(raw);
      raws.set(peer, raw);
      this.#handshakes.add(raw);
      raw.once('close', () => {
        raws.delete(peer);
        this.#handshakes.delete(raw);
      });
      tls.emit('connection', raw);
    };
  }

  #accept(socket: Socket): void {
    socket.on('error', ignore);
    const session = performServerHandshake(socket, sessionOptions);
    this.#connections.set(socket, session);
    // Faults of a connection end that connection; its calls hear of it through their streams.
    session.on('error', ignore);
    session.on('stream', (stream: ServerHttp2Stream, headers) => {
      const call = new ServerCall(stream);
      const path = headers[':path'] as string;
      call.start(headers, this.#handlers.get(path), this.#authorize?.(path, headers.authorization));
    });
    session.setLocalWindowSize(connectionWindowBytes);
    const age = new ConnectionAge(
      this.#ageParts,
      this.#ageLimits,
      () => this.#drainSession(socket, session, maxAge),
      () => session.destroy(),
    );
    this.#ages.set(socket, age);
    session.on('close', () => {
      this.#connections.delete(socket);
      this.#ages.get(socket)?.stop();
      this.#ages.delete(socket);
      if (this.#draining && this.#connections.size === 0) this.#onEmpty?.();
    });
    if (this.#draining) this.#drainSession(socket, session);
  }

  #drainSession(socket: Socket, session: ServerHttp2Session, debugData = ''): void {
    if (session.destroyed || session.closed || this.#leaving.has(session)) return;
    this.#leaving.add(session);
    if (this.#raw.has(socket)) {
      // Over TLS a frame of our own would end the process: node:http2 owns all writes there [an assertion of 26.10]. One GOAWAY
      // with the last stream that was taken up; calls that cross it are untouched, and clients send them again (gRFC A6).
      session.close();
      return;
    }
    let closing = false;
    const close = () => {
      if (closing) return;
      closing = true;
      clearTimeout(timer);
      // Sends the second GOAWAY, and closes the connection when the last stream has ended.
      if (!session.destroyed) session.close();
    };
    const timer = setTimeout(close, goawayPingLimitMs);
    session.once('close', () => clearTimeout(timer));
    socket.write(firstGoaway(debugData));
    // False where too many PINGs are under way: then the limit decides.
    session.ping(close);
  }
}

const peerOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;

function ignore(): void {}
