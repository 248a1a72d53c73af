import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import type {
  CallResult,
  CallRoute,
  Channel,
  ConnectivityState,
  StreamCall,
  UnaryCall,
} from '../../balancing/channel-port.ts';
import { upstreamHostHeader } from '../../balancing/prepared-calls.ts';
import { idPrefix } from '../../balancing/resolution.ts';
import type { ChannelSpec } from '../../balancing/spec.ts';
import type { Clock, EventInit, EventSink, TimerHandle, Timers } from '../../events/port.ts';
import { Route } from '../route.ts';
import { look } from './channelz.ts';
import { channelOptions } from './config.ts';
import { type DnsForwarder, type DnsServer, startDnsForwarder } from './dns-forwarder.ts';
import { classOf } from './outcome.ts';

export interface GrpcJsChannelOptions {
  readonly laneId: string;
  readonly channelIndex: number;
  readonly spec: ChannelSpec;
  /** Who answers names: the lab's DNS, or the system's. */
  readonly dns: DnsServer;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** How often grpc-js is asked what its subchannels are doing. */
const lookEveryMs = 50;
const same = (bytes: Buffer): Buffer => bytes;
const encode = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

interface Known {
  readonly connectionId: string;
  readonly readyAt: number;
}

/**
 * @grpc/grpc-js itself, with its own resolver, policies, subchannels and transport. What it believes in is seen from outside:
 * its lookups at a forwarder that counts them, its connections through its own channelz.
 */
export class GrpcJsChannel implements Channel {
  private readonly options: GrpcJsChannelOptions;
  private readonly ids: string;
  private readonly opening: Promise<Client | undefined>;
  private forwarder: DnsForwarder | undefined;
  private client: Client | undefined;
  private timer: TimerHandle | undefined;
  private readonly ready = new Map<string, Known>();
  private readonly connecting = new Map<number, number>();
  private told = '';
  private connections = 0;
  private resolutions = 0;
  private resolution: { readonly id: string; readonly at: number } | undefined;
  private believed: string | undefined;
  private active = 0;
  private closed = false;
  private onQuiet: (() => void) | undefined;
  private connectivity: ConnectivityState = 'IDLE';

  constructor(options: GrpcJsChannelOptions) {
    this.options = options;
    this.ids = idPrefix(options.laneId, options.channelIndex, options.clock);
    this.opening = this.open();
  }

  get state(): ConnectivityState {
    return this.closed ? 'SHUTDOWN' : this.connectivity;
  }

  connect(): void {
    void this.opening.then((client) => client?.getChannel().getConnectivityState(true));
  }

  unary(call: UnaryCall): Promise<CallResult> {
    return this.run(call, (client, metadata, deadline, route, settle) => {
      const received = new Map<string, string>();
      const running = client.makeUnaryRequest(
        call.path,
        encode,
        same,
        call.message,
        metadata,
        { deadline },
        (error: ServiceError | null, message?: Buffer) => {
          this.note(route, running.getPeer());
          // Its status, with the trailers, is told right after.
          if (error === null) queueMicrotask(() => settle({ ok: true, message, headers: received, route }));
          else settle(failed(error, route));
        },
      );
      running.on('metadata', (headers: Metadata) => {
        noteUpstream(route, headers);
        keep(received, headers);
      });
      running.on('status', ({ metadata: trailers }: { metadata: Metadata }) => keep(received, trailers));
    });
  }

  /** Every kind of stream looks alike on the wire. */
  stream(call: StreamCall): Promise<CallResult> {
    return this.run(call, (client, metadata, deadline, route, settle) => {
      const running = client.makeBidiStreamRequest<Uint8Array, Buffer>(call.path, encode, same, metadata, { deadline });
      running.on('metadata', (headers: Metadata) => noteUpstream(route, headers));
      running.on('data', (message: Buffer) => call.onMessage(message));
      running.on('error', (error: ServiceError) => {
        this.note(route, running.getPeer());
        settle(failed(error, route));
      });
      running.on('status', ({ code }: { code: number }) => {
        this.note(route, running.getPeer());
        if (code === 0) settle({ ok: true, message: undefined, route });
      });
      void (async () => {
        for await (const request of call.requests) {
          if (running.destroyed) return;
          if (!running.write(request)) await new Promise((done) => running.once('drain', done).once('close', done));
        }
        running.end();
      })().catch(() => running.cancel());
    });
  }

  async close(graceMs: number): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    if (this.active > 0) {
      await new Promise<void>((done) => {
        const timer = this.options.timers.setTimeout(done, graceMs);
        this.onQuiet = () => {
          timer.cancel();
          done();
        };
      });
    }
    await this.opening;
    this.timer?.cancel();
    this.client?.close();
    this.forwarder?.close();
    for (const [address, known] of [...this.ready]) this.gone(address, known, 'channel closed');
  }

  private async open(): Promise<Client | undefined> {
    const { dns, spec } = this.options;
    try {
      this.forwarder = await startDnsForwarder(dns, {
        onQuery: (type, name) => this.emit({ kind: { case: 'dnsQuery', value: { type, name } } }),
        onAnswer: (_, addresses, code, tookMs) => this.resolved(addresses, code, tookMs),
      });
    } catch {
      return undefined;
    }
    const target = `dns://127.0.0.1:${this.forwarder.port}/${spec.target}`;
    this.client = new Client(target, credentials.createInsecure(), channelOptions(spec));
    this.emit({
      kind: {
        case: 'nextTrigger',
        value: { kind: 'connection', reason: 'grpc-js decides: after a connection is lost, at most once in 30 s' },
      },
    });
    this.look();
    return this.client;
  }

  private async run(
    call: UnaryCall | StreamCall,
    begin: (
      client: Client,
      metadata: Metadata,
      deadline: Date,
      route: Route,
      settle: (result: CallResult) => void,
    ) => void,
  ): Promise<CallResult> {
    const { clock, spec } = this.options;
    const route = new Route("grpc-js's own pick");
    route.attempts = 1;
    const client = await this.opening;
    if (client === undefined || this.closed) {
      const message = this.closed ? 'the channel is closed' : 'no port for the DNS forwarder';
      return { ok: false, errorClass: 'unavailable', code: 14, message, route };
    }
    this.active++;
    const metadata = new Metadata({ waitForReady: call.waitForReady ?? spec.waitForReady ?? false });
    route.sentAt = clock.now();
    route.resolutionId = this.resolution?.id;
    route.resolvedAt = this.resolution?.at;
    try {
      return await new Promise<CallResult>((settle) =>
        begin(client, metadata, new Date(Date.now() + call.timeoutMs), route, settle),
      );
    } finally {
      this.active--;
      if (this.active === 0) this.onQuiet?.();
    }
  }

  private note(route: Route, peer: string): void {
    if (!/:\d+$/.test(peer) || peer.startsWith('dns:')) return;
    route.address = peer;
    const known = this.ready.get(peer);
    route.connectionId = known?.connectionId;
    route.connectedAt = known?.readyAt;
  }

  private resolved(addresses: readonly string[], code: string, tookMs: number): void {
    const { clock, spec } = this.options;
    const trigger = this.resolutions === 0 ? 'first use' : 'grpc-js asked';
    const resolutionId = `${this.ids}:r${++this.resolutions}`;
    this.emit({ resolutionId, kind: { case: 'resolutionStarted', value: { source: 'dns', trigger } } });
    if (addresses.length === 0) {
      const value = { source: 'dns', trigger, code: code === 'NOERROR' ? 'EMPTY' : code, message: '', effect: 'kept' };
      this.emit({ resolutionId, kind: { case: 'resolutionFailed', value } });
      return;
    }
    const port = spec.target.slice(spec.target.lastIndexOf(':') + 1);
    const sorted = addresses.map((address) => `${address}:${port}`).sort();
    const changed = sorted.join() !== this.believed;
    this.believed = sorted.join();
    this.resolution = { id: resolutionId, at: clock.now() };
    this.emit({
      resolutionId,
      kind: { case: 'resolved', value: { addresses: sorted, source: 'dns', trigger, tookMs, changed } },
    });
  }

  /** What its subchannels are doing; the differences are told as events. */
  private look(): void {
    if (this.closed || this.client === undefined) return;
    this.timer = this.options.timers.setTimeout(() => this.look(), lookEveryMs);
    const seen = look(this.client.getChannel().getChannelzRef().id);
    if (seen === undefined) return;
    const now = this.options.clock.now();
    const found = new Set<string>();
    for (const { id, address, state } of seen.subchannels) {
      if (state === 'CONNECTING' && !this.connecting.has(id)) this.connecting.set(id, now);
      if (state !== 'READY') continue;
      found.add(address);
      if (this.ready.has(address)) continue;
      const connectionId = `${this.ids}:c${++this.connections}`;
      this.ready.set(address, { connectionId, readyAt: now });
      const tookMs = now - (this.connecting.get(id) ?? now);
      this.connecting.delete(id);
      const about = {
        address,
        connectionId,
        ...(this.resolution === undefined ? {} : { resolutionId: this.resolution.id }),
      };
      this.emit({ ...about, kind: { case: 'connecting', value: { attempt: 1 } } });
      this.emit({ ...about, kind: { case: 'connected', value: { tookMs } } });
    }
    for (const [address, known] of [...this.ready]) {
      if (!found.has(address)) this.gone(address, known, 'seen to be no longer READY');
    }
    this.connectivity = (seen.state as ConnectivityState) ?? 'IDLE';
    const addresses = [...found].sort();
    const told = `${seen.state} ${addresses.join()}`;
    if (told === this.told) return;
    this.told = told;
    const { channelIndex, spec } = this.options;
    this.emit({
      ...(this.resolution === undefined ? {} : { resolutionId: this.resolution.id }),
      kind: {
        case: 'pickerUpdated',
        value: { addresses, policy: spec.policy, state: seen.state, channel: channelIndex },
      },
    });
  }

  private gone(address: string, known: Known, reason: string): void {
    this.ready.delete(address);
    const ageMs = this.options.clock.now() - known.readyAt;
    this.emit({
      address,
      connectionId: known.connectionId,
      kind: { case: 'disconnected', value: { reason, ageMs, calls: 0, inFlight: 0 } },
    });
  }

  private emit(event: EventInit): void {
    this.options.events.emit({ laneId: this.options.laneId, ...event });
  }
}

function keep(into: Map<string, string>, from: Metadata): void {
  for (const [name, value] of Object.entries(from.getMap())) if (typeof value === 'string') into.set(name, value);
}

function noteUpstream(route: Route, headers: Metadata): void {
  const [host] = headers.get(upstreamHostHeader);
  if (typeof host === 'string') route.upstreamHost = host;
}

function failed(error: ServiceError, route: CallRoute): CallResult {
  const { code, details } = error;
  return { ok: false, errorClass: classOf(code, details), code, message: details, route };
}
