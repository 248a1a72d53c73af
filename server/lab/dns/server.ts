import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock, Random } from '../clock.ts';
import type { Store } from '../store-port.ts';
import { answerQuery, bare } from './answer.ts';
import {
  type Answer,
  decodeQuery,
  encodeAnswer,
  encodeFault,
  largestUdp,
  type Query,
  rcodes,
  typeName,
} from './message.ts';
import { Zone } from './zone.ts';

/** How the server behaves: as it should, or broken in one of the ways that resolvers treat differently. */
export type DnsMode =
  | { readonly kind: 'normal' }
  | { readonly kind: 'servfail' | 'refused' | 'nxdomain' | 'empty' }
  /** Queries are read and never answered. */
  | { readonly kind: 'drop' }
  | { readonly kind: 'delay'; readonly delayMs: number };

export const dnsModes = ['normal', 'servfail', 'refused', 'nxdomain', 'empty', 'drop', 'delay'] as const;

export interface DnsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly host: string;
  /** Wanted port; the next free one of ten is taken, then any. 0: any. */
  readonly port: number;
  readonly ttlSeconds: number;
}

export interface NameCount {
  readonly name: string;
  readonly type: string;
  readonly count: number;
  readonly rcodes: Readonly<Record<string, number>>;
  /** RFC 3339 with milliseconds. */
  readonly lastAt: string;
}

export interface DnsState {
  readonly address: string;
  readonly mode: DnsMode;
  readonly ttlSeconds: number;
  readonly synced: boolean;
  readonly queries: { readonly udp: number; readonly tcp: number; readonly malformed: number };
  readonly names: readonly NameCount[];
}

/** An idle TCP connection is closed after this; CoreDNS's (miekg/dns) own is 8 s. */
const idleMs = 8_000;
const mostConnections = 1_000;
/** Bytes of queries that may wait while this process is busy: a burst of a hundred clients must not be lost. */
const receiveBuffer = 1 << 20;
/** Distinct names counted; beyond, everything else is one line. */
const mostNames = 1_000;

/** Cluster DNS on UDP and TCP. */
export class DnsServer {
  readonly host: string;
  readonly port: number;
  private readonly options: DnsOptions;
  private readonly zone: Zone;
  private readonly udp: UdpSocket;
  private readonly tcp: Server;
  private readonly connections = new Set<Socket>();
  private readonly names = new Map<
    string,
    { name: string; type: string; count: number; rcodes: Record<string, number>; lastAt: number }
  >();
  private readonly counts = { udp: 0, tcp: 0, malformed: 0 };
  private synced = false;
  private ttlSeconds: number;
  private mode: DnsMode = { kind: 'normal' };
  private closed = false;

  private constructor(options: DnsOptions, udp: UdpSocket, tcp: Server, port: number) {
    this.options = options;
    this.host = options.host;
    this.port = port;
    this.ttlSeconds = options.ttlSeconds;
    this.zone = new Zone(options.store);
    this.udp = udp;
    this.tcp = tcp;
    udp.on('message', (packet, from) => {
      this.counts.udp += 1;
      this.handle(packet, 'udp', (answer) => {
        if (!this.closed) udp.send(answer, from.port, from.address, () => {});
      });
    });
    // A client's closed port comes back as an error here; it concerns nobody else.
    udp.on('error', () => {});
    tcp.on('connection', (socket) => this.accept(socket));
    tcp.on('error', () => {});
  }

  /** Listens; SERVFAIL until `setSynced`. */
  static async start(options: DnsOptions): Promise<DnsServer> {
    const candidates = options.port === 0 ? [] : Array.from({ length: 10 }, (_, index) => options.port + index);
    for (const port of [...candidates.filter((one) => one < 65_536), 0, 0, 0]) {
      const bound = await bind(options.host, port);
      if (bound) return new DnsServer(options, bound.udp, bound.tcp, bound.port);
    }
    throw new Error(`no free port for DNS at ${options.host}, from ${options.port} on`);
  }

  /** Services and EndpointSlices are complete: answers may be given from now on. */
  setSynced(synced = true): void {
    this.synced = synced;
  }

  setMode(mode: DnsMode): void {
    this.mode = mode;
  }

  setTtl(seconds: number): void {
    this.ttlSeconds = seconds;
  }

  state(): DnsState {
    return {
      address: `${this.host}:${this.port}`,
      mode: this.mode,
      ttlSeconds: this.ttlSeconds,
      synced: this.synced,
      queries: { ...this.counts },
      names: [...this.names.values()].map((entry) => ({ ...entry, lastAt: new Date(entry.lastAt).toISOString() })),
    };
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.zone.close();
    for (const socket of this.connections) socket.destroy();
    await Promise.all([
      new Promise<void>((resolve) => this.udp.close(() => resolve())),
      new Promise<void>((resolve) => this.tcp.close(() => resolve())),
    ]);
  }

  private handle(packet: Buffer, transport: 'udp' | 'tcp', reply: (answer: Buffer) => void): void {
    const decoded = decodeQuery(packet);
    if (decoded.kind !== 'query') {
      this.counts.malformed += 1;
      if (decoded.kind === 'fault') reply(encodeFault(decoded));
      return;
    }
    const { query } = decoded;
    const { mode } = this;
    if (mode.kind === 'drop') {
      this.count(query, 'dropped');
      return;
    }
    const send = () => {
      const answer = this.answer(query);
      this.count(query, rcodeName(answer.rcode));
      const limit = transport === 'tcp' ? 65_535 : Math.min(query.edns?.udpSize ?? 512, largestUdp);
      reply(encodeAnswer(query, answer, limit));
    };
    if (mode.kind === 'delay') this.options.clock.after(mode.delayMs, () => !this.closed && send());
    else send();
  }

  private answer(query: Query): Answer {
    switch (this.mode.kind) {
      case 'servfail':
        return bare(rcodes.SERVFAIL);
      case 'refused':
        return bare(rcodes.REFUSED);
      case 'nxdomain':
        return this.answerWith(query, { kind: 'nxdomain' });
      case 'empty':
        return this.answerWith(query, { kind: 'empty' });
      default:
        return this.answerWith(query, undefined);
    }
  }

  private answerWith(query: Query, forced: { kind: 'nxdomain' } | { kind: 'empty' } | undefined): Answer {
    const { clock, random } = this.options;
    return answerQuery(query, {
      ttlSeconds: this.ttlSeconds,
      random,
      serial: Math.floor(clock.now() / 1000),
      synced: this.synced,
      lookup: (labels) => forced ?? this.zone.lookup(labels),
    });
  }

  private count(query: Query, outcome: string): void {
    const name = this.names.size < mostNames || this.names.has(`${query.name} ${query.type}`) ? query.name : '(others)';
    const key = `${name} ${query.type}`;
    let entry = this.names.get(key);
    if (entry === undefined) {
      entry = { name, type: typeName(query.type), count: 0, rcodes: {}, lastAt: 0 };
      this.names.set(key, entry);
    }
    entry.count += 1;
    entry.rcodes[outcome] = (entry.rcodes[outcome] ?? 0) + 1;
    entry.lastAt = this.options.clock.now();
  }

  /** RFC 7766: two bytes of length, then the message; several queries may be on their way at once. */
  private accept(socket: Socket): void {
    if (this.connections.size >= mostConnections) {
      socket.destroy();
      return;
    }
    this.connections.add(socket);
    socket.setNoDelay(true);
    socket.setTimeout(idleMs, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.connections.delete(socket));
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      while (rest.length >= 2) {
        const length = rest.readUInt16BE(0);
        if (rest.length < 2 + length) break;
        const packet = rest.subarray(2, 2 + length);
        rest = rest.subarray(2 + length);
        this.counts.tcp += 1;
        this.handle(packet, 'tcp', (answer) => {
          if (!socket.writable) return;
          const framed = Buffer.allocUnsafe(2 + answer.length);
          framed.writeUInt16BE(answer.length, 0);
          answer.copy(framed, 2);
          // A client that asks and does not read gets no more of our attention until it does.
          if (!socket.write(framed)) socket.pause();
        });
      }
    });
    socket.on('drain', () => socket.resume());
  }
}

function rcodeName(rcode: number): string {
  return Object.entries(rcodes).find(([, code]) => code === rcode)?.[0] ?? String(rcode);
}

/** UDP and TCP on the same port, or nothing. */
async function bind(host: string, port: number): Promise<{ udp: UdpSocket; tcp: Server; port: number } | undefined> {
  const tcp = createServer();
  const bound = await new Promise<number | undefined>((resolve) => {
    tcp.once('error', () => resolve(undefined));
    tcp.listen({ host, port, exclusive: true }, () => resolve((tcp.address() as { port: number }).port));
  });
  if (bound === undefined) return undefined;
  const udp = createSocket({ type: 'udp4', recvBufferSize: receiveBuffer });
  const done = await new Promise<boolean>((resolve) => {
    udp.once('error', () => resolve(false));
    udp.bind({ address: host, port: bound, exclusive: true }, () => resolve(true));
  });
  tcp.removeAllListeners('error');
  udp.removeAllListeners('error');
  if (done) return { udp, tcp, port: bound };
  udp.close();
  await new Promise<void>((resolve) => tcp.close(() => resolve()));
  return undefined;
}
