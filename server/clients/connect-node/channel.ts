import type { LookupFunction } from 'node:net';
import type { Transport } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import type { CallResult, Channel, ConnectivityState, StreamCall, UnaryCall } from '../../balancing/channel-port.ts';
import { upstreamHostHeader } from '../../balancing/prepared-calls.ts';
import { idPrefix } from '../../balancing/resolution.ts';
import type { Lookup } from '../../balancing/resolver/port.ts';
import type { Clock, EventInit, EventSink, Timers } from '../../events/port.ts';
import { streamMethod, unaryMethod, unwrap, wrap } from '../../transport/connect-node/raw-method.ts';
import { Route } from '../route.ts';
import { outcomeOf } from './outcome.ts';
import { callHeader, type Dialled, watchedSessions } from './sessions.ts';

export interface ConnectNodeChannelOptions {
  readonly laneId: string;
  readonly channelIndex: number;
  /** host:port; looked up whenever connect-node connects. */
  readonly target: string;
  readonly lookup: Lookup;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly timers: Timers;
}

/**
 * createGrpcTransport of @connectrpc/connect-node as it comes: one session to one address, a lookup when it connects, no
 * balancing, no backoff, no pings. Its session manager is its own and only watched (sessions.ts).
 */
export class ConnectNodeChannel implements Channel {
  private readonly options: ConnectNodeChannelOptions;
  private readonly ids: string;
  private readonly sessions: ReturnType<typeof watchedSessions>;
  private readonly transport: Transport;
  private readonly routes = new Map<string, Route>();
  private readonly open = new Set<Dialled>();
  private readonly abort = new AbortController();
  private calls = 0;
  private resolutions = 0;
  private resolution: { readonly id: string; readonly at: number } | undefined;
  private believed = '';
  private active = 0;
  private closed = false;
  private failing = false;
  private onQuiet: (() => void) | undefined;

  constructor(options: ConnectNodeChannelOptions) {
    this.options = options;
    this.ids = idPrefix(options.laneId, options.channelIndex, options.clock);
    const origin = new URL(`http://${options.target}`);
    this.sessions = watchedSessions(
      origin,
      this.lookup,
      options.clock,
      {
        onConnected: (dialled) => this.connected(dialled),
        onConnectFailed: (_, error) => {
          this.failing = true;
          const value = { errorClass: outcomeOf(error).errorClass, message: error.message };
          this.emit({ kind: { case: 'connectFailed', value } });
          this.tellPicker();
        },
        onGoaway: (dialled, code, lastStreamId, debugData) => {
          const value = { code, lastStreamId, debugData, inFlight: dialled.inFlight };
          this.emit({ ...this.about(dialled), kind: { case: 'goawayReceived', value } });
        },
        onClosed: (dialled, reason) => this.disconnected(dialled, reason),
      },
      (call, dialled) => this.left(call, dialled),
    );
    this.transport = createGrpcTransport({ baseUrl: origin.origin, sessionManager: this.sessions });
    const reason = 'connect-node looks the name up when it connects, and at no other time';
    this.emit({ kind: { case: 'nextTrigger', value: { kind: 'connection', reason } } });
  }

  get state(): ConnectivityState {
    if (this.closed) return 'SHUTDOWN';
    if (this.open.size > 0) return 'READY';
    return this.failing ? 'TRANSIENT_FAILURE' : 'IDLE';
  }

  /** Its users' first call connects. */
  connect(): void {}

  unary(call: UnaryCall): Promise<CallResult> {
    return this.run(call.path, unaryMethod(call.path), async (method, headers, route) => {
      const { signal } = this.abort;
      const answer = await this.transport.unary(method, signal, wholeMs(call.timeoutMs), headers, wrap(call.message));
      const received = new Map([...answer.header, ...answer.trailer]);
      route.upstreamHost = received.get(upstreamHostHeader);
      return { ok: true, message: unwrap(answer.message), headers: received, route };
    });
  }

  stream(call: StreamCall): Promise<CallResult> {
    return this.run(call.path, streamMethod(call.path), async (method, headers, route) => {
      const answer = await this.transport.stream(
        method,
        this.abort.signal,
        wholeMs(call.timeoutMs),
        headers,
        (async function* () {
          for await (const message of call.requests) yield wrap(message);
        })(),
      );
      route.upstreamHost = answer.header.get(upstreamHostHeader) ?? undefined;
      for await (const message of answer.message) call.onMessage(unwrap(message));
      return { ok: true, message: undefined, route };
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
    this.abort.abort();
    this.sessions.abort();
  }

  private async run<M>(
    path: string,
    method: M | undefined,
    make: (method: M, headers: Record<string, string>, route: Route) => Promise<CallResult>,
  ): Promise<CallResult> {
    const route = new Route("connect-node's one session");
    if (this.closed || method === undefined) {
      const message = this.closed ? 'the channel is closed' : `"${path}" is not a path of a gRPC method`;
      return { ok: false, errorClass: 'unavailable', code: 14, message, route };
    }
    const call = String(++this.calls);
    this.routes.set(call, route);
    this.active += 1;
    try {
      return await make(method, { [callHeader]: call }, route);
    } catch (error) {
      return { ok: false, ...outcomeOf(error), route };
    } finally {
      this.routes.delete(call);
      this.active -= 1;
      if (this.active === 0) this.onQuiet?.();
    }
  }

  private left(call: string, dialled: Dialled | undefined): void {
    const route = this.routes.get(call);
    if (route === undefined) return;
    route.sentAt = this.options.clock.now();
    route.attempts = 1;
    if (dialled === undefined) return;
    route.address = dialled.address;
    route.connectionId = this.idOf(dialled);
    route.connectedAt = dialled.connectedAt;
    route.resolutionId = this.resolution?.id;
    route.resolvedAt = this.resolution?.at;
  }

  private connected(dialled: Dialled): void {
    this.open.add(dialled);
    this.failing = false;
    const about = this.about(dialled);
    this.emit({ at: dialled.startedAt, ...about, kind: { case: 'connecting', value: { attempt: 1 } } });
    const tookMs = (dialled.connectedAt ?? dialled.startedAt) - dialled.startedAt;
    this.emit({ ...about, kind: { case: 'connected', value: { tookMs } } });
    this.tellPicker();
  }

  private disconnected(dialled: Dialled, reason: string): void {
    this.open.delete(dialled);
    const { calls, inFlight, connectedAt = dialled.startedAt } = dialled;
    const value = { reason, ageMs: this.options.clock.now() - connectedAt, calls, inFlight };
    this.emit({ ...this.about(dialled), kind: { case: 'disconnected', value } });
    this.tellPicker();
  }

  private tellPicker(): void {
    const addresses = [...this.open].map(({ address }) => address ?? '');
    const value = { addresses, policy: 'pick_first', state: this.state, channel: this.options.channelIndex };
    this.emit({ kind: { case: 'pickerUpdated', value } });
  }

  private idOf(dialled: Dialled): string {
    return `${this.ids}:c${dialled.number}`;
  }

  private about(dialled: Dialled) {
    return {
      connectionId: this.idOf(dialled),
      ...(dialled.address === undefined ? {} : { address: dialled.address }),
      ...(this.resolution === undefined ? {} : { resolutionId: this.resolution.id }),
    };
  }

  /** What net.connect calls for a name; never for an address. */
  private readonly lookup: LookupFunction = (hostname, options, done) => {
    const { clock, lookup, target } = this.options;
    const trigger = this.resolutions === 0 ? 'first use' : 'connecting';
    const resolutionId = `${this.ids}:r${++this.resolutions}`;
    const startedAt = clock.now();
    this.emit({ resolutionId, kind: { case: 'resolutionStarted', value: { source: 'dns', trigger } } });
    void lookup.lookup(hostname).then((outcome) => {
      if (!outcome.ok) {
        const { code, message } = outcome;
        const value = { source: 'dns', trigger, code, message, effect: 'kept' };
        this.emit({ resolutionId, kind: { case: 'resolutionFailed', value } });
        const error: NodeJS.ErrnoException = new Error(`${hostname}: ${code}, ${message}`);
        error.code = 'ENOTFOUND';
        done(error, '', 4);
        return;
      }
      const port = target.slice(target.lastIndexOf(':') + 1);
      const addresses = outcome.addresses.map((ip) => `${ip}:${port}`).sort();
      const changed = addresses.join() !== this.believed;
      this.believed = addresses.join();
      const at = clock.now();
      this.resolution = { id: resolutionId, at };
      const value = { addresses, source: 'dns', trigger, tookMs: at - startedAt, changed };
      this.emit({ resolutionId, kind: { case: 'resolved', value } });
      // Node tries them in this order, as happy eyeballs for one family: whoever accepts first within its time.
      if (options.all === true)
        done(
          null,
          [...outcome.addresses].map((address) => ({ address, family: 4 })),
        );
      else done(null, outcome.addresses[0] ?? '', 4);
    });
  };

  private emit(event: EventInit): void {
    this.options.events.emit({ laneId: this.options.laneId, ...event });
  }
}

/** gRPC's timeout header takes whole numbers, of 8 digits at most. */
function wholeMs(ms: number): number {
  return Math.min(99_999_999, Math.max(1, Math.ceil(ms)));
}
