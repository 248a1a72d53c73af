/** A mounted Secret changes on disk about a minute after it was changed; reading a few bytes this often costs nothing. */
const againAfterMs = 5_000;

export interface FileOptions {
  readonly read: (path: string) => string;
  readonly now: () => number;
  /** Once for each fault; no message holds what a file holds. */
  readonly onFault: (fault: string) => void;
}

/**
 * What files hold, made anew when they have changed: Secrets rotate under a running pod. Looked at again every few seconds as
 * it is asked for. What can't be read or is not fit leaves in force what was there before.
 */
export class FromFiles<T> {
  readonly #paths: readonly string[];
  readonly #make: (texts: readonly string[]) => T;
  readonly #options: FileOptions;
  #texts = '';
  #readAt = Number.NEGATIVE_INFINITY;
  #value: T | undefined;
  #told = '';

  /** `make` throws a sentence on what is not fit. */
  constructor(paths: readonly string[], make: (texts: readonly string[]) => T, options: FileOptions) {
    this.#paths = paths;
    this.#make = make;
    this.#options = options;
  }

  /** Undefined: nothing fit was ever there. */
  get value(): T | undefined {
    const now = this.#options.now();
    if (now - this.#readAt < againAfterMs) return this.#value;
    this.#readAt = now;
    try {
      const texts = this.#paths.map((path) => this.#options.read(path));
      const key = JSON.stringify(texts);
      if (key !== this.#texts) {
        this.#value = this.#make(texts);
        this.#texts = key;
      }
      this.#told = '';
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const fault = `${this.#paths.join(' and ')}: ${code ?? message}`;
      if (fault !== this.#told) this.#options.onFault(fault);
      this.#told = fault;
    }
    return this.#value;
  }
}
