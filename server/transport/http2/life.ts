import type { Goaway } from '../port.ts';
import type { DeadlineWheel } from './deadlines.ts';

export interface SessionOptions {
  readonly authority: string;
  readonly scheme: 'http' | 'https';
  /** Largest message taken from the peer. */
  readonly maxMessageBytes: number;
  /** Calls that may wait for the peer's MAX_CONCURRENT_STREAMS. */
  readonly maxQueued: number;
  readonly wheel: DeadlineWheel;
}

/** The socket and the connection's life, seen from the session. */
export interface SessionOwner {
  /** True: the bytes were taken, and their memory may be used again. */
  write(bytes: Uint8Array): boolean;
  /** Bytes written that the system has not taken. */
  readonly backlog: number;
  /** Runs once this tick's work is done. */
  later(run: () => void): void;
  onSettings(): void;
  onGoaway(goaway: Goaway): void;
  onPingAnswer(opaque: number): void;
  /** The first call in flight after none. */
  onBusy(): void;
  /** No new calls are taken, and the last has ended. */
  onDrained(): void;
}

/** How far a session's life has come: what all its parts look at. */
export class SessionLife {
  state: 'starting' | 'open' | 'draining' | 'ended' = 'starting';
  /** When what is handled now came: the read, or the timer. */
  instant = 0;
  /** GOAWAY's newest last stream id. */
  goawayAbove: number | undefined;
}
