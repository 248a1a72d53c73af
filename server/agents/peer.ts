import { ConnectError } from '@connectrpc/connect';
import type { Event, Frame } from '../../gen/lbscope/events/v1/events_pb.js';
import type { LaneTrouble, Ready, WorkRequest, WorkResponse } from '../../gen/lbscope/worker/v1/worker_pb.js';
import type { Clock, TimerHandle, Timers } from '../events/port.ts';
import type { Address } from '../transport/port.ts';
import { Outbox } from './outbox.ts';
import { request } from './wire.ts';

/** A worker reports five times a second; silent for this long it is given up, and the others take its part. */
const silentMs = 2_000;
/** Until its first word: connecting, and eight questions about the clock. */
const openingMs = 5_000;
const lookEveryMs = 500;
const beatEveryMs = 1_000;
const firstPauseMs = 500;
const longestPauseMs = 5_000;
/** A session that lasted this long has proved itself. */
const provenMs = 10_000;

/** Opens a session with the worker at that address; what it answers ends, or fails, with the session. */
export type Dial = (
  address: Address,
  requests: AsyncIterable<WorkRequest>,
  signal: AbortSignal,
) => AsyncIterable<WorkResponse>;

export interface PeerListener {
  onWorking(peer: Peer, ready: Ready): void;
  /** It was working. */
  onLost(peer: Peer, reason: string): void;
  /** It could not be reached, or refused. */
  onRefused(peer: Peer, reason: string): void;
  onFrame(peer: Peer, frame: Frame): void;
  onEvent(peer: Peer, event: Event): void;
  onTrouble(peer: Peer, trouble: LaneTrouble): void;
}

export interface PeerOptions {
  readonly address: Address;
  readonly version: string;
  readonly dial: Dial;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly listener: PeerListener;
}

interface Session {
  readonly outbox: Outbox<WorkRequest>;
  readonly abort: AbortController;
  heardAt: number;
  beatAt: number;
  lookedAt: number;
}

type Life =
  | { readonly t: 'stopped' }
  | { readonly t: 'waiting'; readonly timer: TimerHandle }
  | { readonly t: 'connecting'; readonly session: Session }
  | { readonly t: 'working'; readonly session: Session; readonly since: number };

/** One worker: keeps a session with it, and begins another when that ends. */
export class Peer {
  readonly id: string;
  readonly #options: PeerOptions;
  #life: Life = { t: 'stopped' };
  #look: TimerHandle | undefined;
  #pauseMs = firstPauseMs;
  #edges: (() => void)[] = [];
  #newRuns: (() => void)[] = [];

  constructor(options: PeerOptions) {
    this.#options = options;
    this.id = `${options.address.host}:${options.address.port}`;
  }

  get working(): boolean {
    return this.#life.t === 'working';
  }

  start(): void {
    if (this.#life.t === 'stopped') this.#connect();
  }

  send(message: WorkRequest): void {
    if (this.#life.t === 'working') this.#life.session.outbox.push(message);
  }

  /** Settles when all that it had counted has come, or it is lost. */
  edge(): Promise<void> {
    if (!this.working) return Promise.resolve();
    this.send(request({ case: 'edge', value: {} }));
    return new Promise((resolve) => this.#edges.push(resolve));
  }

  /** Settles when all that it had counted for the old run has come, or it is lost; before anything it counts for the next. */
  newRun(parted: () => void): Promise<void> {
    if (!this.working) return Promise.resolve();
    this.send(request({ case: 'newRun', value: {} }));
    return new Promise((resolve) =>
      this.#newRuns.push(() => {
        parted();
        resolve();
      }),
    );
  }

  stop(): void {
    const life = this.#life;
    this.#life = { t: 'stopped' };
    this.#look?.cancel();
    if (life.t === 'waiting') life.timer.cancel();
    else if (life.t !== 'stopped') {
      life.session.outbox.close();
      life.session.abort.abort();
    }
    this.#settle();
  }

  #connect(): void {
    const now = this.#options.clock.now();
    const session = {
      outbox: new Outbox<WorkRequest>(),
      abort: new AbortController(),
      heardAt: now,
      beatAt: now,
      lookedAt: now,
    };
    this.#life = { t: 'connecting', session };
    this.#watch(session);
    void this.#run(session);
  }

  async #run(session: Session): Promise<void> {
    const { dial, address } = this.#options;
    let reason = 'it ended the session';
    try {
      for await (const message of dial(address, session.outbox, session.abort.signal)) {
        if (!this.#isNow(session)) return;
        session.heardAt = this.#options.clock.now();
        this.#receive(session, message);
      }
    } catch (error) {
      reason = wordsOf(error);
    }
    this.#ended(session, reason);
  }

  #receive(session: Session, { kind }: WorkResponse): void {
    const { clock, listener, version } = this.#options;
    switch (kind.case) {
      case 'clockAsked':
        session.outbox.push(request({ case: 'clock', value: { atMs: clock.now() } }));
        return;
      case 'ready':
        // Two versions may mean different things by the same settings.
        if (kind.value.version !== version) {
          this.#ended(session, `it is of version ${kind.value.version}, this agent of ${version}`);
          return;
        }
        this.#life = { t: 'working', session, since: clock.now() };
        listener.onWorking(this, kind.value);
        return;
      case 'frame':
        listener.onFrame(this, kind.value);
        return;
      case 'event':
        listener.onEvent(this, kind.value);
        return;
      case 'trouble':
        listener.onTrouble(this, kind.value);
        return;
      case 'edge':
        this.#edges.shift()?.();
        return;
      case 'newRun':
        this.#newRuns.shift()?.();
    }
  }

  #isNow(session: Session): boolean {
    const life = this.#life;
    return (life.t === 'connecting' || life.t === 'working') && life.session === session;
  }

  #watch(session: Session): void {
    const { clock, timers } = this.#options;
    this.#look = timers.setTimeout(() => {
      if (!this.#isNow(session)) return;
      const now = clock.now();
      // Held up itself: what came meanwhile is not read yet.
      if (now - session.lookedAt > 2 * lookEveryMs) session.heardAt = now;
      session.lookedAt = now;
      const silence = now - session.heardAt;
      if (silence >= (this.working ? silentMs : openingMs)) {
        this.#ended(session, `nothing was heard of it for ${Math.round(silence / 1_000)} s`);
        return;
      }
      if (now - session.beatAt >= beatEveryMs) {
        session.beatAt = now;
        session.outbox.push(request({ case: 'beat', value: {} }));
      }
      this.#watch(session);
    }, lookEveryMs);
  }

  #ended(session: Session, reason: string): void {
    if (!this.#isNow(session)) return;
    const { clock, timers, listener } = this.#options;
    const life = this.#life;
    this.#look?.cancel();
    session.outbox.close();
    session.abort.abort();
    if (life.t === 'working' && clock.now() - life.since >= provenMs) this.#pauseMs = firstPauseMs;
    const pause = this.#pauseMs;
    this.#pauseMs = Math.min(longestPauseMs, pause * 2);
    this.#life = { t: 'waiting', timer: timers.setTimeout(() => this.#connect(), pause) };
    this.#settle();
    if (life.t === 'working') listener.onLost(this, reason);
    else listener.onRefused(this, reason);
  }

  #settle(): void {
    for (const resolve of [...this.#edges.splice(0), ...this.#newRuns.splice(0)]) resolve();
  }
}

/** Without the code's name in brackets, which says the same again. */
function wordsOf(error: unknown): string {
  return ConnectError.from(error).rawMessage || 'it ended the session';
}
