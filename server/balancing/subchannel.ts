import { fromMs } from '../../model/time.ts';
import type { Clock, EventInit, TimerHandle, Timers } from '../events/port.ts';
import type {
  Address,
  Connection,
  ConnectionEnd,
  ConnectOptions,
  Goaway,
  TransportFactory,
} from '../transport/port.ts';
import { keyOf } from './address.ts';
import { type BackoffCurve, backoffMs } from './backoff.ts';
import type { ConnectivityState } from './channel-port.ts';
import type { Failure, PolicySubchannel } from './policy/port.ts';

export interface SubchannelOptions {
  readonly address: Address;
  readonly transport: TransportFactory;
  readonly connect: ConnectOptions;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: () => number;
  readonly backoff: BackoffCurve;
  /** The resolution that brought this address. */
  readonly resolutionId: string | undefined;
  readonly nextConnectionId: () => string;
  readonly emit: (event: EventInit) => void;
  readonly onState: (subchannel: Subchannel, previous: ConnectivityState) => void;
  /** Shut down, and the last of its connections has ended. */
  readonly onGone: (subchannel: Subchannel) => void;
}

/** One attempt, and the connection if it came about. */
interface Attempt {
  readonly id: string;
  readonly startedAt: number;
  connection: Connection | undefined;
  connectedAt: number | undefined;
  /** Calls begun on it. */
  calls: number;
}

export interface LiveConnection extends Attempt {
  connection: Connection;
  connectedAt: number;
}

type Life =
  | { readonly t: 'IDLE' }
  | { readonly t: 'CONNECTING'; readonly attempt: Attempt }
  | { readonly t: 'READY'; readonly live: LiveConnection }
  | { readonly t: 'TRANSIENT_FAILURE'; readonly failure: Failure; readonly timer: TimerHandle }
  | { readonly t: 'SHUTDOWN' };

/**
 * One address: at most one connection that takes calls, and those that drain (GOAWAY, removal). Never reconnects by
 * itself: after a loss or a backoff it is IDLE, and its policy decides.
 */
export class Subchannel implements PolicySubchannel {
  readonly key: string;
  private readonly options: SubchannelOptions;
  private life: Life = { t: 'IDLE' };
  /** Failed attempts since the last success. */
  private failures = 0;
  private lastBackoffMs = 0;
  private readonly open = new Set<Attempt>();

  constructor(options: SubchannelOptions) {
    this.options = options;
    this.key = keyOf(options.address);
  }

  get state(): ConnectivityState {
    return this.life.t;
  }

  get failure(): Failure | undefined {
    return this.life.t === 'TRANSIENT_FAILURE' ? this.life.failure : undefined;
  }

  /** Undefined unless READY. */
  get live(): LiveConnection | undefined {
    return this.life.t === 'READY' ? this.life.live : undefined;
  }

  get inFlight(): number {
    let calls = 0;
    for (const { connection } of this.open) calls += connection?.inFlight ?? 0;
    return calls;
  }

  connect(): void {
    if (this.life.t !== 'IDLE') return;
    const { clock, transport, address, connect, nextConnectionId } = this.options;
    const attempt: Attempt = {
      id: nextConnectionId(),
      startedAt: clock.now(),
      connection: undefined,
      connectedAt: undefined,
      calls: 0,
    };
    this.open.add(attempt);
    // connection-backoff document: the next attempt waits until this deadline, and an attempt may take until then, or longer.
    const backoff = backoffMs(this.options.backoff, this.failures + 1, this.options.random, this.lastBackoffMs);
    this.lastBackoffMs = backoff;
    const nextAt = attempt.startedAt + backoff;
    this.become({ t: 'CONNECTING', attempt });
    this.emit(attempt, { case: 'connecting', value: { attempt: this.failures + 1 } });
    attempt.connection = transport.connect(
      address,
      { ...connect, connectTimeoutMs: Math.max(connect.connectTimeoutMs, backoff) },
      {
        onConnected: () => this.onConnected(attempt),
        onGoaway: (goaway) => this.onGoaway(attempt, goaway),
        onClosed: (end) => this.onClosed(attempt, end, nextAt),
      },
    );
  }

  shutdown(): void {
    const { life } = this;
    if (life.t === 'SHUTDOWN') return;
    if (life.t === 'TRANSIENT_FAILURE') life.timer.cancel();
    this.become({ t: 'SHUTDOWN' });
    if (life.t === 'CONNECTING') life.attempt.connection?.close();
    if (life.t === 'READY') life.live.connection.drain();
    this.goneIfOver();
  }

  /** Takes calls in flight along. */
  closeNow(): void {
    this.shutdown();
    for (const attempt of [...this.open]) attempt.connection?.close();
  }

  private onConnected(attempt: Attempt): void {
    if (this.life.t !== 'CONNECTING' || this.life.attempt !== attempt || attempt.connection === undefined) return;
    this.failures = 0;
    const now = this.options.clock.now();
    attempt.connectedAt = now;
    this.emit(attempt, { case: 'connected', value: { tookMs: now - attempt.startedAt } });
    this.become({ t: 'READY', live: attempt as LiveConnection });
  }

  private onGoaway(attempt: Attempt, goaway: Goaway): void {
    this.emit(attempt, {
      case: 'goawayReceived',
      value: {
        code: goaway.code,
        debugData: goaway.debugData,
        inFlight: goaway.inFlight,
        ...(goaway.lastStreamId === undefined ? {} : { lastStreamId: goaway.lastStreamId }),
      },
    });
    // Calls in flight finish on it; the policy decides about a new one. Draining first, so that nothing is begun on it.
    if (this.life.t === 'READY' && this.life.live === attempt) {
      attempt.connection?.drain();
      this.become({ t: 'IDLE' });
    }
  }

  private onClosed(attempt: Attempt, end: ConnectionEnd, nextAt: number): void {
    this.open.delete(attempt);
    const now = this.options.clock.now();
    const { life } = this;
    if (attempt.connectedAt !== undefined) {
      this.emit(attempt, {
        case: 'disconnected',
        value: {
          reason: life.t === 'SHUTDOWN' && end.reason === 'closed by us' ? 'removed from list' : end.reason,
          ageMs: now - attempt.connectedAt,
          calls: attempt.calls,
          inFlight: end.inFlight,
        },
      });
      if (life.t === 'READY' && life.live === attempt) this.become({ t: 'IDLE' });
    } else if (life.t === 'CONNECTING' && life.attempt === attempt) {
      this.failures++;
      this.emit(attempt, {
        case: 'connectFailed',
        value: {
          errorClass: end.errorClass,
          message: end.reason,
          attempt: this.failures,
          retryAt: fromMs(Math.max(now, nextAt)),
        },
      });
      const timer = this.options.timers.setTimeout(() => this.onBackoffOver(), Math.max(0, nextAt - now));
      const failure = { errorClass: end.errorClass, message: `${this.key}: ${end.reason}` };
      this.become({ t: 'TRANSIENT_FAILURE', failure, timer });
    }
    this.goneIfOver();
  }

  private onBackoffOver(): void {
    if (this.life.t === 'TRANSIENT_FAILURE') this.become({ t: 'IDLE' });
  }

  private become(life: Life): void {
    const previous = this.life.t;
    this.life = life;
    const attempt = life.t === 'READY' ? life.live : life.t === 'CONNECTING' ? life.attempt : undefined;
    this.emit(attempt, { case: 'subchannelState', value: { state: life.t } });
    this.options.onState(this, previous);
  }

  private goneIfOver(): void {
    if (this.life.t === 'SHUTDOWN' && this.open.size === 0) this.options.onGone(this);
  }

  private emit(attempt: Attempt | undefined, kind: EventInit['kind']): void {
    const { resolutionId } = this.options;
    this.options.emit({
      address: this.key,
      ...(attempt === undefined ? {} : { connectionId: attempt.id }),
      ...(resolutionId === undefined ? {} : { resolutionId }),
      kind,
    });
  }
}
