/** gRFC A6's retryPolicy and retryThrottling, as data. */
export interface RetrySpec {
  /** 2 to 5, the first included; transparent retries don't count. */
  readonly maxAttempts: number;
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly backoffMultiplier: number;
  /** gRPC status codes that are tried again, as numbers. */
  readonly codes: readonly number[];
  /** The retry budget; undefined: none. */
  readonly budget?: { readonly tokens: number; readonly ratio: number } | undefined;
}

/** What is known of a failed attempt. */
export interface FailedAttempt {
  readonly code: number;
  readonly headers: ReadonlyMap<string, string>;
  /** Response headers came: the answer had begun. */
  readonly committed: boolean;
}

/** A6: "client-side maximum value of 5". */
const mostAttempts = 5;
const pushbackHeader = 'grpc-retry-pushback-ms';
/** How the server learns that it is not the first to be asked. */
const previousAttemptsHeader = 'grpc-previous-rpc-attempts';

/**
 * One channel's retries. The budget is shared by all calls of the channel (A6: per server name): each failure that may be
 * tried again costs a token, each success wins `ratio` back, and at half of the tokens or less nothing is sent again.
 */
export class Retries {
  private readonly spec: RetrySpec;
  private readonly random: () => number;
  private tokens: number;

  constructor(spec: RetrySpec, random: () => number) {
    this.spec = spec;
    this.random = random;
    this.tokens = spec.budget?.tokens ?? 0;
  }

  begin(): CallRetries {
    return new CallRetries(this.spec, this, this.random);
  }

  /** What is left of the budget; undefined without one. */
  get budgetLeft(): number | undefined {
    return this.spec.budget === undefined ? undefined : this.tokens;
  }

  onSuccess(): void {
    const { budget } = this.spec;
    if (budget !== undefined) this.tokens = Math.min(budget.tokens, this.tokens + budget.ratio);
  }

  /** Takes a token; false: the budget forbids another attempt. */
  onFailure(): boolean {
    const { budget } = this.spec;
    if (budget === undefined) return true;
    this.tokens = Math.max(0, this.tokens - 1);
    return this.tokens > budget.tokens / 2;
  }
}

/** One call's attempts under a retry policy. */
export class CallRetries {
  private readonly spec: RetrySpec;
  private readonly channel: Retries;
  private readonly random: () => number;
  private attempts = 1;
  /** For the backoff, which begins anew after a pushback. */
  private step = 0;

  constructor(spec: RetrySpec, channel: Retries, random: () => number) {
    this.spec = spec;
    this.channel = channel;
    this.random = random;
  }

  /** Milliseconds to wait before the next attempt; undefined: the failure stands. In the order that grpc-go decides in. */
  next(failure: FailedAttempt): number | undefined {
    const { maxAttempts, codes } = this.spec;
    if (failure.committed) return undefined;
    const pushback = pushbackOf(failure.headers);
    if (pushback === 'stop') {
      this.channel.onFailure();
      return undefined;
    }
    if (!codes.includes(failure.code)) return undefined;
    if (!this.channel.onFailure()) return undefined;
    if (this.attempts >= Math.min(maxAttempts, mostAttempts)) return undefined;
    this.attempts++;
    if (pushback !== undefined) {
      this.step = 0;
      return pushback;
    }
    return this.backoff();
  }

  onSuccess(): void {
    this.channel.onSuccess();
  }

  /** Undefined for the first attempt. */
  get headers(): Readonly<Record<string, string>> | undefined {
    return this.attempts === 1 ? undefined : { [previousAttemptsHeader]: String(this.attempts - 1) };
  }

  /** A6: min(initialBackoff * multiplier^(n-1), maxBackoff), +-20 %. */
  private backoff(): number {
    const { initialBackoffMs, maxBackoffMs, backoffMultiplier } = this.spec;
    const ms = Math.min(maxBackoffMs, initialBackoffMs * backoffMultiplier ** this.step++);
    return ms * (0.8 + 0.4 * this.random());
  }
}

/** A6: a signed 32-bit integer in ASCII; negative or unreadable: not again. */
function pushbackOf(headers: ReadonlyMap<string, string>): number | 'stop' | undefined {
  const text = headers.get(pushbackHeader);
  if (text === undefined) return undefined;
  if (!/^(0|[1-9]\d{0,9})$/.test(text)) return 'stop';
  const ms = Number(text);
  return ms <= 2_147_483_647 ? ms : 'stop';
}
