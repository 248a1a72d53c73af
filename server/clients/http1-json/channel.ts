import http from 'node:http';
import type { Socket } from 'node:net';
import { keyOf } from '../../balancing/address.ts';
import type { CallResult, CallRoute, Channel, ConnectivityState, UnaryCall } from '../../balancing/channel-port.ts';
import { upstreamHostHeader } from '../../balancing/prepared-calls.ts';
import { idPrefix, type LinkResolution, type ResolutionLink, type ResolutionRef } from '../../balancing/resolution.ts';
import { WaitingCalls } from '../../balancing/waiting-calls.ts';
import type { Clock, EventInit, EventSink, Timers } from '../../events/port.ts';
import type { Address } from '../../transport/port.ts';
import { Route } from '../route.ts';
import { broken, grpcCode, type JsonOutcome, refusal } from './answer.ts';
import { codecOf } from './codec.ts';

export interface JsonChannelOptions {
  readonly laneId: string;
  readonly channelIndex: number;
  /** host:port; goes into the Host header. */
  readonly target: string;
  /** False: each call has a connection of its own. */
  readonly keepAlive: boolean;
  readonly resolution: LinkResolution;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** What is known of a pooled connection. */
interface Pooled {
  readonly id: string;
  readonly startedAt: number;
  connectedAt: number | undefined;
  calls: number;
}

/**
 * A REST client: JSON over HTTP/1.1 through node:http, as most services still call each other. One call at a time on a
 * connection, so as many connections as calls run at once; no balancing, no backoff, no retries of its own.
 *
 * Connections of a pool are told as events; with a connection for each call they are not (there would be as many events
 * as calls), and the lane says what it does instead.
 */
export class JsonChannel implements Channel {
  private readonly options: JsonChannelOptions;
  private readonly link: ResolutionLink;
  private readonly agent: http.Agent;
  private readonly ids: string;
  private readonly waiting: WaitingCalls;
  private readonly pool = new Map<Socket, Pooled>();
  private readonly running = new Set<http.ClientRequest>();
  private known: { readonly address: Address; readonly of: ResolutionRef } | undefined;
  private failure: string | undefined;
  private connections = 0;
  private life: 'idle' | 'open' | 'closed' = 'idle';
  private onQuiet: (() => void) | undefined;

  constructor(options: JsonChannelOptions) {
    this.options = options;
    this.ids = idPrefix(options.laneId, options.channelIndex, options.clock);
    this.waiting = new WaitingCalls(options.timers);
    this.agent = new http.Agent({ keepAlive: options.keepAlive });
    this.link = options.resolution((told) => {
      if (told.t === 'addresses') {
        const [address] = told.addresses;
        this.known = address === undefined ? undefined : { address, of: told.of };
        this.failure = address === undefined ? 'no endpoints: the list of addresses is empty' : undefined;
      } else {
        if (told.of !== undefined) this.known = undefined;
        this.failure = `no endpoints: ${told.message}`;
      }
      this.tellPicker();
      this.link.healthy(this.known !== undefined);
      this.waiting.wakeAll();
    });
  }

  get state(): ConnectivityState {
    if (this.life === 'closed') return 'SHUTDOWN';
    if (this.life === 'idle') return 'IDLE';
    if (this.known !== undefined) return 'READY';
    return this.failure === undefined ? 'CONNECTING' : 'TRANSIENT_FAILURE';
  }

  connect(): void {
    if (this.life !== 'idle') return;
    this.life = 'open';
    this.link.start();
  }

  async unary(call: UnaryCall): Promise<CallResult> {
    const { clock } = this.options;
    const deadline = clock.now() + call.timeoutMs;
    const route = new Route();
    if (this.life === 'closed') return failed('unavailable', grpcCode.unavailable, 'the channel is closed', route);
    this.connect();
    while (this.known === undefined) {
      if (this.failure !== undefined && call.waitForReady !== true) {
        return failed('no_endpoints', grpcCode.unavailable, this.failure, route);
      }
      const left = deadline - clock.now();
      if (left <= 0 || !(await this.waiting.wait(left))) {
        return failed('deadline', grpcCode.deadline, 'deadline exceeded before an address was known', route);
      }
    }
    const codec = codecOf(call.path);
    if (codec === undefined) {
      return failed('protocol', grpcCode.unimplemented, `${call.path} has no JSON form here`, route);
    }
    const { address, of } = this.known;
    route.address = keyOf(address);
    route.resolutionId = of.id;
    route.resolvedAt = of.at;
    route.sentAt = clock.now();
    route.attempts = 1;
    const outcome = await this.send(address, call.path, codec.request(call.message), deadline, route);
    if (!outcome.ok) return { ...outcome, route };
    try {
      return { ok: true, message: codec.response(outcome.body), route };
    } catch {
      return failed('protocol', grpcCode.internal, 'the answer is not the JSON of that method', route);
    }
  }

  stream(): Promise<CallResult> {
    return Promise.resolve(
      failed('protocol', grpcCode.unimplemented, 'HTTP/1.1 with JSON carries unary calls only', new Route()),
    );
  }

  async close(graceMs: number): Promise<void> {
    if (this.life === 'closed') return;
    this.life = 'closed';
    this.link.stop();
    this.waiting.wakeAll();
    if (this.running.size > 0) {
      await new Promise<void>((done) => {
        const timer = this.options.timers.setTimeout(done, graceMs);
        this.onQuiet = () => {
          timer.cancel();
          done();
        };
      });
    }
    for (const request of this.running) request.destroy();
    this.agent.destroy();
  }

  private send(address: Address, path: string, body: string, deadline: number, route: Route): Promise<JsonOutcome> {
    const { clock, timers, target } = this.options;
    return new Promise((settle) => {
      const request = http.request({
        agent: this.agent,
        host: address.host,
        port: address.port,
        path,
        method: 'POST',
        headers: {
          host: target,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'connect-protocol-version': '1',
          'connect-timeout-ms': String(Math.max(1, Math.ceil(deadline - clock.now()))),
        },
      });
      let over = false;
      const end = (outcome: JsonOutcome): void => {
        if (over) return;
        over = true;
        timer.cancel();
        this.running.delete(request);
        settle(outcome);
        if (this.running.size === 0) this.onQuiet?.();
      };
      const timer = timers.setTimeout(() => {
        end({ ok: false, errorClass: 'deadline', code: grpcCode.deadline, message: 'deadline exceeded' });
        // HTTP/1.1 has no other way to give a call up than to give its connection up.
        request.destroy();
      }, deadline - clock.now());
      this.running.add(request);
      request.on('socket', (socket) => this.onSocket(socket, address, route));
      request.on('error', (error) => {
        const outcome = broken(error);
        if (route.connectedAt === undefined) this.link.request('connect failed');
        end(outcome);
      });
      request.on('response', (response) => {
        const upstream = response.headers[upstreamHostHeader];
        if (typeof upstream === 'string') route.upstreamHost = upstream;
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', (error) => end(broken(error)));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          end(response.statusCode === 200 ? { ok: true, body: text } : refusal(response.statusCode ?? 0, text));
        });
      });
      request.end(body);
    });
  }

  private onSocket(socket: Socket, address: Address, route: Route): void {
    const { clock } = this.options;
    let pooled = this.pool.get(socket);
    const reused = pooled !== undefined;
    if (pooled === undefined) {
      pooled = { id: `${this.ids}:c${++this.connections}`, startedAt: clock.now(), connectedAt: undefined, calls: 0 };
      this.follow(socket, pooled, address);
    }
    pooled.calls++;
    route.connectionId = pooled.id;
    route.connectedAt = pooled.connectedAt;
    route.pick = this.options.keepAlive
      ? `${reused ? 'a free connection' : 'a new connection'}, ${this.pool.size} open`
      : 'a connection of its own';
    if (pooled.connectedAt === undefined) {
      const connection = pooled;
      socket.once('connect', () => {
        route.connectedAt = connection.connectedAt;
      });
    }
  }

  private follow(socket: Socket, pooled: Pooled, address: Address): void {
    const { clock, keepAlive } = this.options;
    this.pool.set(socket, pooled);
    const tell = (kind: EventInit['kind']): void => {
      if (keepAlive) this.emit({ address: keyOf(address), connectionId: pooled.id, kind });
    };
    tell({ case: 'connecting', value: { attempt: 1 } });
    let why = 'closed by peer';
    socket.once('connect', () => {
      pooled.connectedAt = clock.now();
      tell({ case: 'connected', value: { tookMs: pooled.connectedAt - pooled.startedAt } });
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      why = error.code === 'ECONNRESET' || error.code === 'EPIPE' ? 'reset' : (error.code ?? 'reset');
    });
    socket.once('close', () => {
      this.pool.delete(socket);
      if (pooled.connectedAt === undefined) {
        const errorClass = why === 'ECONNREFUSED' ? 'refused' : 'unavailable';
        tell({
          case: 'connectFailed',
          value: { errorClass, message: why === 'ECONNREFUSED' ? 'refused' : why, attempt: 1 },
        });
        return;
      }
      const reason = this.life === 'closed' ? 'channel closed' : why;
      const ageMs = clock.now() - pooled.connectedAt;
      tell({ case: 'disconnected', value: { reason, ageMs, calls: pooled.calls, inFlight: 0 } });
    });
  }

  private tellPicker(): void {
    const { channelIndex } = this.options;
    const addresses = this.known === undefined ? [] : [keyOf(this.known.address)];
    const resolutionId = this.known?.of.id;
    this.emit({
      ...(resolutionId === undefined ? {} : { resolutionId }),
      kind: {
        case: 'pickerUpdated',
        value: { addresses, policy: 'pick_first', state: this.state, channel: channelIndex },
      },
    });
  }

  private emit(event: EventInit): void {
    this.options.events.emit({ laneId: this.options.laneId, ...event });
  }
}

function failed(
  errorClass: Extract<CallResult, { ok: false }>['errorClass'],
  code: number,
  message: string,
  route: CallRoute,
): CallResult {
  return { ok: false, errorClass, code, message, route };
}
