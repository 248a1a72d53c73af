import * as http2 from 'node:http2';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { type EndCause, endOf } from '../failure.ts';
import type { Address, ConnectionEnd, ConnectOptions, Goaway } from '../port.ts';
import { tlsOptions } from '../tls.ts';
import { causeOf, type SocketEnd } from './errors.ts';

export interface SessionListener {
  onConnected(): void;
  onGoaway(goaway: Goaway): void;
  /** Streams have been told; the connection waits for its calls before it passes this on. */
  onEnded(end: ConnectionEnd): void;
}

type Life =
  | { readonly t: 'connecting'; readonly limit: NodeJS.Timeout }
  | { readonly t: 'open' }
  /** The peer said GOAWAY or we drain: streams finish, none is opened. */
  | { readonly t: 'draining' }
  | { readonly t: 'ended' };

/**
 * One HTTP/2 session of node:http2, never replaced by another: reconnecting is the subchannel's business.
 * Connect's own Http2SessionManager reconnects by itself, hides GOAWAY, and lets a GOAWAY on an idle session end the
 * process (connect-es 1768): it takes its `error` listener away before the session raises its error. This one keeps its
 * listener for as long as the session lives.
 */
export class Session {
  /** GOAWAY's newest last stream id; a stream above it was not processed. */
  goaway: { readonly code: number; readonly lastStreamId: number | undefined } | undefined;
  private life: Life;
  private readonly http: http2.ClientHttp2Session;
  private readonly options: ConnectOptions;
  private readonly listener: SessionListener;
  private streams = 0;
  private readonly waiting: (() => void)[] = [];
  private lastHeard = performance.now();
  private pingTimer: NodeJS.Timeout | undefined;
  private end: SocketEnd | undefined;

  constructor(address: Address, options: ConnectOptions, maxSessionMemoryMb: number, listener: SessionListener) {
    this.options = options;
    this.listener = listener;
    const socket =
      options.tls === undefined
        ? net.connect({ host: address.host, port: address.port, noDelay: true })
        : tls.connect(tlsOptions(address, options, options.tls)).setNoDelay(true);
    if (socket instanceof tls.TLSSocket) {
      socket.once('secureConnect', () => {
        if (socket.alpnProtocol !== 'h2') this.fail({ t: 'protocol', reason: 'the peer does not speak HTTP/2 (ALPN)' });
      });
    }
    this.http = http2.connect(originOf(address, options.tls !== undefined), {
      createConnection: () => socket,
      maxSessionMemory: maxSessionMemoryMb,
      // A window of one payload of the largest size; 64 KiB would make large answers wait for round trips.
      settings: { initialWindowSize: 1 << 20, enablePush: false },
    });
    this.life = {
      t: 'connecting',
      limit: setTimeout(() => this.fail({ t: 'connect_timeout' }), options.connectTimeoutMs),
    };
    // Whatever comes first tells why it ended; what follows is only its echo.
    socket.on('error', (error) => this.note(causeOf(error)));
    socket.on('end', () => this.note({ t: 'peer_closed' }));
    this.http.on('error', (error) => this.note(causeOf(error)));
    this.http.on('goaway', (code, lastStreamId, data) => this.onGoaway(code, lastStreamId, data));
    // gRPC counts a connection as READY once the peer's SETTINGS came, so that a listener that accepts and says nothing is not one.
    this.http.once('remoteSettings', () => this.onSettings());
    this.http.once('close', () => this.onClose());
  }

  get accepting(): boolean {
    return this.life.t === 'open' && !this.http.closed && !this.http.destroyed;
  }

  get ended(): boolean {
    return this.life.t === 'ended' || this.http.destroyed;
  }

  /** Why it ended, as far as is known now. */
  get endSoFar(): SocketEnd | undefined {
    return this.end;
  }

  get inFlight(): number {
    return this.streams;
  }

  /**
   * Resolves once the peer's SETTINGS allow one more stream. Left to itself node:http2 queues silently and gives such a
   * stream its number already, so that nobody could tell later that it was never sent. Undefined: there is room now.
   */
  room(): Promise<void> | undefined {
    if (this.streams < (this.http.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY)) return undefined;
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** One that was woken and has no use for the room any more. */
  passRoomOn(): void {
    this.waiting.shift()?.();
  }

  /** Throws when the session can't take it: the caller must treat the call as never sent. */
  open(headers: http2.OutgoingHttpHeaders): http2.ClientHttp2Stream {
    const stream = this.http.request(headers);
    this.streams++;
    if (this.streams === 1) this.watchSilence();
    stream.once('response', () => this.heard());
    stream.once('close', () => this.onStreamClosed());
    return stream;
  }

  heard(): void {
    this.lastHeard = performance.now();
  }

  ping(): Promise<number | undefined> {
    return new Promise((resolve) => {
      if (this.http.destroyed || this.life.t === 'connecting') {
        resolve(undefined);
        return;
      }
      const accepted = this.http.ping((error, durationMs) => resolve(error === null ? durationMs : undefined));
      if (!accepted) resolve(undefined);
    });
  }

  drain(): void {
    if (this.life.t === 'ended') return;
    if (this.life.t === 'connecting') {
      this.fail({ t: 'local' });
      return;
    }
    this.life = { t: 'draining' };
    this.finishIfIdle();
  }

  close(): void {
    this.fail({ t: 'local' });
  }

  private onSettings(): void {
    if (this.life.t !== 'connecting') return;
    clearTimeout(this.life.limit);
    this.life = { t: 'open' };
    this.heard();
    this.listener.onConnected();
  }

  private onGoaway(code: number, lastStreamId: number, data: Buffer | undefined): void {
    this.goaway = { code, lastStreamId };
    // With an error code Node destroys the session at once, and its own error may come first; GOAWAY says more.
    if (code !== http2.constants.NGHTTP2_NO_ERROR) this.note({ t: 'goaway' });
    if (this.life.t === 'connecting') clearTimeout(this.life.limit);
    if (this.life.t === 'ended') return;
    this.life = { t: 'draining' };
    this.listener.onGoaway({
      code,
      lastStreamId,
      debugData: data === undefined ? '' : data.toString('utf8').slice(0, 200),
      inFlight: this.end?.inFlight ?? this.streams,
    });
    this.finishIfIdle();
  }

  private onStreamClosed(): void {
    this.streams--;
    this.waiting.shift()?.();
    this.finishIfIdle();
  }

  /** Node closes a session after GOAWAY only if streams were open when it came, so the idle case is ours. */
  private finishIfIdle(): void {
    if (this.life.t === 'draining') this.wakeAll();
    if (this.life.t !== 'draining' || this.streams > 0 || this.http.destroyed) return;
    this.note(this.goaway === undefined ? { t: 'local' } : { t: 'goaway' });
    this.http.destroy();
  }

  private fail(end: EndCause): void {
    if (this.life.t === 'ended') return;
    this.note(end);
    this.http.destroy();
  }

  private note(end: EndCause): void {
    // An error says more than the FIN that came before it, and GOAWAY more than either.
    const isError = end.t === 'error' || end.t === 'protocol';
    const replaces = end.t === 'goaway' || (isError && this.end?.cause.t === 'peer_closed');
    if (this.end !== undefined && !replaces) return;
    this.end = { cause: end, inFlight: this.end?.inFlight ?? this.streams };
  }

  private onClose(): void {
    if (this.life.t === 'ended') return;
    const wasConnected = this.life.t !== 'connecting';
    if (this.life.t === 'connecting') clearTimeout(this.life.limit);
    clearTimeout(this.pingTimer);
    this.life = { t: 'ended' };
    this.wakeAll();
    this.note(this.goaway === undefined ? { t: 'peer_closed' } : { t: 'goaway' });
    const { cause, inFlight } = this.end as SocketEnd;
    this.listener.onEnded(endOf(cause, inFlight, wasConnected));
  }

  /** Those that wait find the session closed, and their calls count as never sent. */
  private wakeAll(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }

  /** gRFC A8: PING after silence while calls are in flight. */
  private watchSilence(): void {
    if (this.options.pingIntervalMs <= 0 || this.pingTimer !== undefined) return;
    // A call begins a new silence: an idle connection has nothing to say.
    this.heard();
    this.armPing(this.options.pingIntervalMs);
  }

  private armPing(ms: number): void {
    this.pingTimer = setTimeout(() => this.onPingTimer(), ms);
  }

  private onPingTimer(): void {
    this.pingTimer = undefined;
    if (this.streams === 0 || this.http.destroyed) return;
    const left = this.options.pingIntervalMs - (performance.now() - this.lastHeard);
    if (left > 1) {
      this.armPing(left);
      return;
    }
    this.pingTimer = setTimeout(() => this.fail({ t: 'ping_timeout' }), this.options.pingTimeoutMs);
    this.http.ping((error) => {
      if (error !== null) return;
      clearTimeout(this.pingTimer);
      this.pingTimer = undefined;
      this.heard();
      if (this.streams > 0 && !this.http.destroyed) this.armPing(this.options.pingIntervalMs);
    });
  }
}

export function originOf(address: Address, secure: boolean): string {
  const host = net.isIPv6(address.host) ? `[${address.host}]` : address.host;
  return `${secure ? 'https' : 'http'}://${host}:${address.port}`;
}
