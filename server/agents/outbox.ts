/** What is pushed is read in order, by one reader; the stream's requests or answers. Pushing never waits. */
export class Outbox<T> implements AsyncIterable<T> {
  readonly #waiting: T[] = [];
  #reader: ((result: IteratorResult<T>) => void) | undefined;
  #closed = false;

  /** How much nobody has read yet. */
  get length(): number {
    return this.#waiting.length;
  }

  push(item: T): void {
    if (this.#closed) return;
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) this.#waiting.push(item);
    else reader({ done: false, value: item });
  }

  /** What was pushed is still read; then it ends. */
  close(): void {
    this.#closed = true;
    this.#reader?.({ done: true, value: undefined });
    this.#reader = undefined;
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return {
      next: () => {
        if (this.#waiting.length > 0) return Promise.resolve({ done: false, value: this.#waiting.shift() as T });
        if (this.#closed) return Promise.resolve({ done: true, value: undefined });
        return new Promise((resolve) => {
          this.#reader = resolve;
        });
      },
      return: () => {
        this.close();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }
}
