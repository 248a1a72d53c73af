/** gRFC A9's MAX_CONNECTION_AGE and MAX_CONNECTION_AGE_GRACE, in milliseconds; Infinity, the default of both, is none. */
export interface AgeLimits {
  readonly ageMs: number;
  readonly graceMs: number;
}

export const noLimits: AgeLimits = { ageMs: Number.POSITIVE_INFINITY, graceMs: Number.POSITIVE_INFINITY };

export interface AgeParts {
  now(): number;
  setTimeout(run: () => void, ms: number): { cancel(): void };
  /** In [0, 1). */
  random(): number;
}

export const realAgeParts: AgeParts = {
  now: () => performance.now(),
  setTimeout(run, ms) {
    const timer = setTimeout(run, ms);
    return { cancel: () => clearTimeout(timer) };
  },
  random: Math.random,
};

/** A9: +-10 %, so that connections that began together do not end together. Drawn once a connection. */
const jitter = 0.1;

/**
 * The age of one connection. At its limit it is told to go, gracefully; when its grace is over it is cut. Limits may change
 * while it lives: they count from when it began, and from when it was told to go.
 */
export class ConnectionAge {
  readonly #parts: AgeParts;
  readonly #onOld: () => void;
  readonly #onGraceOver: () => void;
  readonly #born: number;
  #factor: number | undefined;
  #oldSince: number | undefined;
  #timer: { cancel(): void } | undefined;
  #limits: AgeLimits = noLimits;

  constructor(parts: AgeParts, limits: AgeLimits, onOld: () => void, onGraceOver: () => void) {
    this.#parts = parts;
    this.#onOld = onOld;
    this.#onGraceOver = onGraceOver;
    this.#born = parts.now();
    this.apply(limits);
  }

  apply(limits: AgeLimits): void {
    this.#limits = limits;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#oldSince === undefined) {
      if (limits.ageMs === Number.POSITIVE_INFINITY) return;
      this.#factor ??= 1 - jitter + 2 * jitter * this.#parts.random();
      this.#at(this.#born + limits.ageMs * this.#factor, () => {
        this.#oldSince = this.#parts.now();
        this.#onOld();
        this.apply(this.#limits);
      });
    } else {
      this.#at(this.#oldSince + limits.graceMs, this.#onGraceOver);
    }
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #at(instant: number, run: () => void): void {
    if (instant === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#parts.setTimeout(run, Math.max(0, instant - this.#parts.now()));
  }
}
