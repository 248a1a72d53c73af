import * as net from 'node:net';
import * as tls from 'node:tls';
import { type EndCause, endOf } from '../failure.ts';
import type {
  Address,
  Connection,
  ConnectionListener,
  ConnectOptions,
  Goaway,
  PreparedSink,
  PreparedUnary,
  StreamRequest,
  UnaryRequest,
} from '../port.ts';
import { tlsOptions } from '../tls.ts';
import type { DeadlineWheel } from './deadlines.ts';
import { errorCode } from './frames.ts';
import { Session } from './session.ts';
import type { Http2StreamHandler, Http2StreamWriter, Http2UnaryOutcome, UnarySink } from './stream.ts';

export interface Http2ConnectionOptions {
  readonly maxMessageBytes: number;
  readonly maxQueued: number;
  readonly wheel: DeadlineWheel;
}

const readBytes = 65_536;
/** How long a closed socket may take to send the rest and say goodbye. */
const lingerMs = 1000;

type Life =
  | { readonly t: 'connecting'; readonly limit: NodeJS.Timeout }
  | { readonly t: 'connected' }
  | { readonly t: 'ended' };

/** One socket, never replaced by another: its limits, its keepalive, and the reason it ended. */
export class Http2Connection implements Connection {
  private life: Life;
  private readonly options: ConnectOptions;
  private readonly listener: ConnectionListener;
  private readonly session: Session;
  private readonly socket: net.Socket;
  private readonly pings = new Map<number, { readonly sentAt: number; readonly resolve: (ms?: number) => void }>();
  private nextPing = 1;
  private goaway = false;
  private lastHeard = 0;
  private silence: NodeJS.Timeout | undefined;

  constructor(address: Address, options: ConnectOptions, own: Http2ConnectionOptions, listener: ConnectionListener) {
    this.options = options;
    this.listener = listener;
    this.session = new Session(
      {
        authority: options.authority,
        scheme: options.tls === undefined ? 'http' : 'https',
        maxMessageBytes: own.maxMessageBytes,
        maxQueued: own.maxQueued,
        wheel: own.wheel,
      },
      this.sessionOwner(),
    );
    this.life = {
      t: 'connecting',
      limit: setTimeout(() => this.finish({ t: 'connect_timeout' }), options.connectTimeoutMs),
    };
    this.socket =
      options.tls === undefined ? this.connectTcp(address) : this.connectTls(tlsOptions(address, options, options.tls));
    // Without 'drain' the backlog would be noticed with the next frame only.
    this.socket.on('drain', () => this.session.onWritable());
    this.socket.on('error', (error: NodeJS.ErrnoException) => this.finish({ t: 'error', code: error.code }));
    this.socket.on('end', () => this.finish({ t: 'peer_closed' }));
    this.socket.on('close', () => this.finish({ t: 'peer_closed' }));
  }

  get inFlight(): number {
    return this.session.inFlight;
  }

  /** Calls that wait for the peer's MAX_CONCURRENT_STREAMS. */
  get queued(): number {
    return this.session.queued;
  }

  unary(request: UnaryRequest): Promise<Http2UnaryOutcome> {
    return this.session.unary(request);
  }

  /** The same without a promise. `signal` cancels. */
  issue(request: UnaryRequest, signal: AbortSignal | undefined, sink: UnarySink): void {
    this.session.issue(request, signal, sink);
  }

  prepare(request: UnaryRequest, sink: PreparedSink): PreparedUnary {
    return this.session.prepare(request, sink);
  }

  stream(request: StreamRequest, handler: Http2StreamHandler): Http2StreamWriter {
    return this.session.stream(request, handler);
  }

  ping(): Promise<number | undefined> {
    if (this.life.t !== 'connected') return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const opaque = this.nextPing;
      this.nextPing = (opaque + 1) >>> 0;
      this.pings.set(opaque, { sentAt: performance.now(), resolve });
      this.session.ping(opaque);
    });
  }

  drain(): void {
    if (this.life.t === 'connecting') this.finish({ t: 'local' });
    else this.session.drain();
  }

  close(): void {
    this.finish({ t: 'local' });
  }

  private connectTcp(address: Address): net.Socket {
    const socket = net.connect({
      host: address.host,
      port: address.port,
      noDelay: true,
      // One buffer for all reads: nothing of it is kept beyond the call.
      onread: {
        buffer: Buffer.allocUnsafeSlow(readBytes),
        callback: (length, buffer) => {
          this.receive(buffer, length);
          return true;
        },
      },
    });
    socket.on('connect', () => this.session.start());
    return socket;
  }

  private connectTls(options: tls.ConnectionOptions): net.Socket {
    const socket = tls.connect(options);
    socket.setNoDelay(true);
    socket.on('secureConnect', () => {
      if (socket.alpnProtocol === 'h2') this.session.start();
      else this.finish({ t: 'protocol', reason: 'the peer does not speak HTTP/2 (ALPN)' });
    });
    socket.on('data', (bytes: Buffer) => this.receive(bytes, bytes.length));
    return socket;
  }

  private receive(bytes: Uint8Array, length: number): void {
    if (this.life.t === 'ended') return;
    this.lastHeard = performance.now();
    try {
      const fault = this.session.receive(bytes, length);
      if (fault !== undefined) this.finish({ t: 'protocol', reason: fault.reason }, fault.code);
    } catch (error) {
      // A fault of ours: it must cost this connection and nothing else.
      process.emitWarning(error instanceof Error ? error : String(error));
      this.finish({ t: 'protocol', reason: 'internal error' }, errorCode.internalError);
    }
  }

  private sessionOwner() {
    const connection = this;
    return {
      write: (bytes: Uint8Array) => this.write(bytes),
      get backlog() {
        return connection.socket.writableLength;
      },
      later: (run: () => void) => process.nextTick(run),
      onSettings: () => this.onSettings(),
      onGoaway: (goaway: Goaway) => this.onGoaway(goaway),
      onPingAnswer: (opaque: number) => this.onPingAnswer(opaque),
      onBusy: () => this.watchSilence(),
      onDrained: () => this.finish({ t: 'local' }),
    };
  }

  private write(bytes: Uint8Array): boolean {
    if (this.socket.destroyed || !this.socket.writable) return true;
    this.socket.write(bytes);
    // Nothing waits: the system has taken it all, and the memory is ours again.
    return this.socket.writableLength === 0;
  }

  private onSettings(): void {
    if (this.life.t !== 'connecting') return;
    clearTimeout(this.life.limit);
    this.life = { t: 'connected' };
    this.listener.onConnected();
  }

  private onGoaway(goaway: Goaway): void {
    this.goaway = true;
    this.listener.onGoaway(goaway);
  }

  private finish(first: EndCause, code: number = errorCode.noError): void {
    const { life } = this;
    if (life.t === 'ended') return;
    const wasConnected = life.t !== 'connecting';
    if (life.t === 'connecting') clearTimeout(life.limit);
    clearTimeout(this.silence);
    this.life = { t: 'ended' };
    // GOAWAY says more than what follows it.
    const cause: EndCause = this.goaway ? { t: 'goaway' } : first;
    const { inFlight } = this.session;
    const speaks = first.t === 'local' || first.t === 'protocol' || first.t === 'ping_timeout';
    this.session.end(cause, code, first.t === 'protocol' ? first.reason : '', speaks);
    for (const { resolve } of this.pings.values()) resolve(undefined);
    this.pings.clear();
    this.hangUp();
    // The port promises that calls in flight have their outcome by then: promises are told in microtasks.
    setImmediate(() => this.listener.onClosed(endOf(cause, inFlight, wasConnected)));
  }

  private hangUp(): void {
    const { socket } = this;
    if (socket.connecting || socket.destroyed) {
      socket.destroy();
      return;
    }
    socket.destroySoon();
    const limit = setTimeout(() => socket.destroy(), lingerMs);
    limit.unref();
    socket.once('close', () => clearTimeout(limit));
  }

  private onPingAnswer(opaque: number): void {
    const ping = this.pings.get(opaque);
    if (ping === undefined) return;
    this.pings.delete(opaque);
    ping.resolve(performance.now() - ping.sentAt);
  }

  /** gRFC A8: PING after silence while calls are in flight. A call begins a new silence. */
  private watchSilence(): void {
    if (this.options.pingIntervalMs <= 0 || this.silence !== undefined || this.life.t !== 'connected') return;
    this.lastHeard = performance.now();
    this.silence = setTimeout(this.onSilence, this.options.pingIntervalMs);
  }

  private readonly onSilence = (): void => {
    this.silence = undefined;
    if (this.session.inFlight === 0 || this.life.t !== 'connected') return;
    const left = this.options.pingIntervalMs - (performance.now() - this.lastHeard);
    if (left > 1) {
      this.silence = setTimeout(this.onSilence, left);
      return;
    }
    void this.ping();
    const heardBefore = this.lastHeard;
    this.silence = setTimeout(() => {
      this.silence = undefined;
      // Any byte is a sign of life, not only the answer: a long message may stand before it.
      if (this.lastHeard === heardBefore) this.finish({ t: 'ping_timeout' });
      else if (this.session.inFlight > 0) this.silence = setTimeout(this.onSilence, this.options.pingIntervalMs);
    }, this.options.pingTimeoutMs);
  };
}
