import type { WatchResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { backoffMs } from './backoff.ts';
import { reasonOf } from './outcome.ts';

/** Where the connection to the agent stands. */
export type Phase =
  | { kind: 'connecting' }
  | { kind: 'live' }
  /** No stream at all: a recorded run is shown (replay.ts). */
  | { kind: 'recorded' }
  /** No stream since `sinceMs` of the local clock; the next attempt is being made or waited for. */
  | { kind: 'lost'; sinceMs: number; reason: string; attempt: number };

export type WatchPorts = {
  /** Opens the stream; ends when `signal` aborts. */
  open(request: { runId?: string; afterSequence?: number }, signal: AbortSignal): AsyncIterable<WatchResponse>;
  /** From where to resume, if anything was seen. */
  position(): { runId: string; afterSequence: number } | undefined;
  /** Called for each message, in order. */
  receive(message: WatchResponse): void;
  phase(phase: Phase): void;
  now(): number;
  setTimeout(run: () => void, ms: number): () => void;
  random(): number;
};

/** Silence after which a stream counts as dead: the agent sends a heartbeat when nothing else was for 5 s. */
const silenceMs = 8_000;

/** Keeps one stream open for as long as the page lives, and resumes where the last one ended. */
export class Watcher {
  private stopped = false;
  private stream: AbortController | undefined;
  private wake: (() => void) | undefined;
  private heardMs: number;
  private attempt = 0;
  private readonly ports: WatchPorts;

  constructor(ports: WatchPorts) {
    this.ports = ports;
    this.heardMs = ports.now();
  }

  async run(): Promise<void> {
    this.ports.phase({ kind: 'connecting' });
    while (!this.stopped) {
      const reason = await this.follow();
      if (this.stopped) return;
      this.attempt += 1;
      this.ports.phase({ kind: 'lost', sinceMs: this.heardMs, reason, attempt: this.attempt });
      await this.pause(backoffMs(this.attempt, this.ports.random));
    }
  }

  /** Tries at once when waiting: the tab is shown again, or the network came back. */
  hurry(): void {
    this.attempt = 0;
    this.wake?.();
  }

  stop(): void {
    this.stopped = true;
    this.stream?.abort();
    this.wake?.();
  }

  /** One stream, to its end; answers why it ended. */
  private async follow(): Promise<string> {
    const stream = new AbortController();
    this.stream = stream;
    let silent = false;
    let cancel = () => {};
    const watch = () => {
      cancel();
      cancel = this.ports.setTimeout(() => {
        silent = true;
        stream.abort();
      }, silenceMs);
    };
    watch();
    try {
      for await (const message of this.ports.open(this.ports.position() ?? {}, stream.signal)) {
        watch();
        this.heardMs = this.ports.now();
        this.attempt = 0;
        this.ports.receive(message);
        this.ports.phase({ kind: 'live' });
      }
      return 'the agent ended the stream';
    } catch (error) {
      return silent ? 'the agent sent nothing for 8 s' : reasonOf(error);
    } finally {
      cancel();
      stream.abort();
      this.stream = undefined;
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise<void>((resolve) => {
      const cancel = this.ports.setTimeout(resolve, ms);
      this.wake = () => {
        cancel();
        resolve();
      };
    }).then(() => {
      this.wake = undefined;
    });
  }
}
