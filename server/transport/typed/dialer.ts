import { cancelled, expired, neverSent } from '../failure.ts';
import type { Http2Connection } from '../http2/connection.ts';
import type { Http2TransportFactory } from '../http2/index.ts';
import type { Address, CallFailure, ConnectionEnd, ConnectOptions } from '../port.ts';

export type Dialled =
  | { readonly connection: Http2Connection; readonly leftMs: number }
  | { readonly failure: CallFailure };

type Life =
  | { readonly t: 'idle' }
  | { readonly t: 'connecting'; readonly connection: Http2Connection; readonly waiting: Set<Waiting> }
  | { readonly t: 'ready'; readonly connection: Http2Connection }
  | { readonly t: 'closed'; readonly failure: CallFailure };

type Waiting = (came: Http2Connection | CallFailure) => void;

const none: ReadonlyMap<string, string> = new Map();

/** Keeps one connection for the calls of a transport: made when one is needed, replaced when it takes no more calls. */
export class Dialer {
  private life: Life = { t: 'idle' };
  private readonly factory: Http2TransportFactory;
  private readonly address: Address;
  private readonly options: ConnectOptions;
  /** Also those that only finish their calls. */
  private readonly open = new Set<Http2Connection>();

  constructor(factory: Http2TransportFactory, address: Address, options: ConnectOptions) {
    this.factory = factory;
    this.address = address;
    this.options = options;
  }

  /** One that takes calls, if there is one now. */
  get connection(): Http2Connection | undefined {
    return this.life.t === 'ready' ? this.life.connection : undefined;
  }

  /** The time a call waits here is taken off its limit. */
  dial(limitMs: number, signal: AbortSignal | undefined): Promise<Dialled> {
    const { life } = this;
    if (life.t === 'ready') return Promise.resolve({ connection: life.connection, leftMs: limitMs });
    if (life.t === 'closed') return Promise.resolve({ failure: life.failure });
    const waiting = life.t === 'connecting' ? life.waiting : this.connect();
    return new Promise((resolve) => {
      const begun = performance.now();
      const onAbort = () => settle(cancelled(false, none));
      const limit = Number.isFinite(limitMs) ? setTimeout(() => settle(expired(false, none)), limitMs) : undefined;
      const settle: Waiting = (came) => {
        if (!waiting.delete(settle)) return;
        clearTimeout(limit);
        signal?.removeEventListener('abort', onAbort);
        if ('seen' in came) resolve({ failure: came });
        else resolve({ connection: came, leftMs: limitMs - (performance.now() - begun) });
      };
      waiting.add(settle);
      signal?.addEventListener('abort', onAbort);
    });
  }

  close(failure: CallFailure): void {
    this.life = { t: 'closed', failure };
    for (const connection of [...this.open]) connection.close();
  }

  private connect(): Set<Waiting> {
    const waiting = new Set<Waiting>();
    const connection = this.factory.connect(this.address, this.options, {
      onConnected: () => {
        if (this.isMine(connection)) this.life = { t: 'ready', connection };
        for (const settle of [...waiting]) settle(connection);
      },
      // The transport finishes what is in flight and ends by itself.
      onGoaway: () => {
        if (this.isMine(connection)) this.life = { t: 'idle' };
      },
      onClosed: (end: ConnectionEnd) => {
        this.open.delete(connection);
        if (this.isMine(connection)) this.life = { t: 'idle' };
        for (const settle of [...waiting]) settle(neverSent(`never sent: ${end.reason}`, end.errorClass));
      },
    });
    this.open.add(connection);
    this.life = { t: 'connecting', connection, waiting };
    return waiting;
  }

  private isMine(connection: Http2Connection): boolean {
    const { life } = this;
    return (life.t === 'connecting' || life.t === 'ready') && life.connection === connection;
  }
}
