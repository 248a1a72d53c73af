/** Bytes that may wait for a slow reader before the peer is told to hold back. */
const enoughBytes = 1 << 18;

/** What a stream has brought and nobody has taken: a queue with one reader. */
export class Answers<T> implements AsyncIterableIterator<T, undefined> {
  private readonly decode: (bytes: Uint8Array) => T;
  private readonly flow: { pause(): void; resume(): void };
  private readonly queue: Uint8Array[] = [];
  private queuedBytes = 0;
  private end: { readonly error: Error | undefined } | undefined;
  private wake: (() => void) | undefined;

  constructor(decode: (bytes: Uint8Array) => T, flow: { pause(): void; resume(): void }) {
    this.decode = decode;
    this.flow = flow;
  }

  push(bytes: Uint8Array): void {
    this.queue.push(bytes);
    this.queuedBytes += bytes.length;
    if (this.queuedBytes > enoughBytes) this.flow.pause();
    this.wake?.();
  }

  /** After what waits. */
  finish(error: Error | undefined): void {
    this.end ??= { error };
    this.wake?.();
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    for (;;) {
      const bytes = this.queue.shift();
      if (bytes !== undefined) {
        this.queuedBytes -= bytes.length;
        if (this.queuedBytes <= enoughBytes / 2) this.flow.resume();
        return { done: false, value: this.decode(bytes) };
      }
      if (this.end !== undefined) {
        if (this.end.error !== undefined) throw this.end.error;
        return { done: true, value: undefined };
      }
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
