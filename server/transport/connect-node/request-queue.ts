import type { RawMessage } from './raw-method.ts';

/** Messages that wait to be written. Connect takes one when the stream has room, so a push resolves when its message was taken. */
export class RequestQueue implements AsyncIterable<RawMessage>, AsyncIterator<RawMessage> {
  private readonly waiting: { readonly message: RawMessage; readonly taken: () => void }[] = [];
  private reader: ((result: IteratorResult<RawMessage>) => void) | undefined;
  private ended = false;

  push(message: RawMessage): Promise<void> {
    if (this.ended) return Promise.resolve();
    if (this.reader !== undefined) {
      const reader = this.reader;
      this.reader = undefined;
      reader({ done: false, value: message });
      return Promise.resolve();
    }
    return new Promise((taken) => this.waiting.push({ message, taken }));
  }

  /** No more messages; those that wait are still written. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.reader?.({ done: true, value: undefined });
    this.reader = undefined;
  }

  next(): Promise<IteratorResult<RawMessage>> {
    const first = this.waiting.shift();
    if (first !== undefined) {
      first.taken();
      return Promise.resolve({ done: false, value: first.message });
    }
    if (this.ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.reader = resolve;
    });
  }

  /** Connect calls these when the stream is over: whoever waits to write goes on. */
  return(): Promise<IteratorResult<RawMessage>> {
    this.end();
    for (const { taken } of this.waiting.splice(0)) taken();
    return Promise.resolve({ done: true, value: undefined });
  }

  throw(): Promise<IteratorResult<RawMessage>> {
    return this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
