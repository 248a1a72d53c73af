import type { Stream } from './stream.ts';

/**
 * RST_STREAMs at once, and per second after that. Servers guard against rapid resets (CVE-2023-44487) by closing the connection:
 * Node allows 1,000 and 33/s, Netty 200 in 30 s. This stays below all of them.
 */
const burst = 50;
const perSecond = 5;
const retryMs = 200;

/** Streams whose call is over here and not there. Most end by themselves before their turn to be reset comes. */
export class Resets {
  private readonly waiting = new Set<Stream>();
  private readonly now: () => number;
  private readonly send: (stream: Stream) => void;
  private tokens = burst;
  private filledAt: number;
  private timer: NodeJS.Timeout | undefined;

  constructor(now: () => number, send: (stream: Stream) => void) {
    this.now = now;
    this.send = send;
    this.filledAt = now();
  }

  add(stream: Stream, code: number): void {
    stream.resetCode = code;
    this.waiting.add(stream);
    if (this.timer === undefined) this.run();
  }

  remove(stream: Stream): void {
    if (this.waiting.size > 0) this.waiting.delete(stream);
  }

  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.waiting.clear();
  }

  private readonly run = (): void => {
    this.timer = undefined;
    const now = this.now();
    this.tokens = Math.min(burst, this.tokens + ((now - this.filledAt) / 1000) * perSecond);
    this.filledAt = now;
    for (const stream of this.waiting) {
      if (this.tokens < 1) break;
      this.tokens--;
      this.waiting.delete(stream);
      this.send(stream);
    }
    if (this.waiting.size === 0 || this.timer !== undefined) return;
    this.timer = setTimeout(this.run, retryMs);
    this.timer.unref();
  };
}
