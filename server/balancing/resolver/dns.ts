import type { Clock, TimerHandle, Timers } from '../../events/port.ts';
import { backoffMs } from '../backoff.ts';
import type { Lookup, LookupOutcome, Next, Resolver, ResolverListener, Trigger } from './port.ts';
import { type DnsProfile, floorWords } from './profiles.ts';

export interface DnsResolverOptions {
  readonly host: string;
  readonly port: number;
  readonly profile: DnsProfile;
  readonly lookup: Lookup;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: () => number;
}

type State =
  | { readonly t: 'new' }
  | { readonly t: 'looking' }
  /** Nothing is pending; `floorAt` is when a lookup is allowed again. */
  | { readonly t: 'resting'; readonly floorAt: number }
  | { readonly t: 'waiting'; readonly timer: TimerHandle }
  | { readonly t: 'backoff'; readonly timer: TimerHandle }
  | { readonly t: 'stopped' };

/** Looks a name up when asked to, as often as its profile allows. While every connection stays healthy, nobody asks. */
export class DnsResolver implements Resolver {
  readonly source = 'dns';
  private readonly options: DnsResolverOptions;
  private readonly listener: ResolverListener;
  private state: State = { t: 'new' };
  /** grpc-go's buffer of one request; grpc-js: somebody asked while the backoff ran. */
  private remembered = false;
  private failures = 0;
  private lastBackoffMs = 0;
  private lastSuccessAt = Number.NEGATIVE_INFINITY;
  /** When somebody was asked and the answer was a failure. */
  private lastFailureAt = Number.NEGATIVE_INFINITY;

  constructor(options: DnsResolverOptions, listener: ResolverListener) {
    this.options = options;
    this.listener = listener;
  }

  start(): void {
    if (this.state.t === 'new') this.look('first use');
  }

  request(trigger: Trigger): void {
    const { profile, clock } = this.options;
    if (profile.pollMs !== undefined) return;
    switch (this.state.t) {
      case 'looking':
      case 'waiting':
        if (profile.meanwhile === 'remember') this.remembered = true;
        return;
      case 'backoff':
        if (profile.inBackoff === 'wait') {
          if (profile.meanwhile === 'remember' || profile.retries === 'when asked') this.remembered = true;
        } else if (
          clock.now() - this.lastSuccessAt >= profile.floorMs &&
          // A kept failure would be all that came of it; the retry that is due stands.
          clock.now() - this.lastFailureAt >= profile.failureKeptMs
        ) {
          this.state.timer.cancel();
          this.look(trigger);
        }
        return;
      case 'resting':
        if (clock.now() >= this.state.floorAt) this.look(trigger);
        else if (profile.early === 'defer') this.waitUntil(this.state.floorAt);
        return;
      case 'new':
      case 'stopped':
    }
  }

  stop(): void {
    if (this.state.t === 'waiting' || this.state.t === 'backoff') this.state.timer.cancel();
    this.state = { t: 'stopped' };
  }

  private look(trigger: Trigger): void {
    const startedAt = this.options.clock.now();
    if (startedAt - this.lastFailureAt < this.options.profile.failureKeptMs) {
      this.afterFailure(startedAt);
      return;
    }
    this.state = { t: 'looking' };
    this.listener.onStarted(trigger);
    this.listener.onNext({ t: 'running' });
    this.options.lookup.lookup(this.options.host).then(
      (outcome) => this.onOutcome(outcome, trigger, startedAt),
      (fault) =>
        this.onOutcome({ ok: false, code: 'SERVFAIL', message: `lookup failed: ${String(fault)}` }, trigger, startedAt),
    );
  }

  private onOutcome(outcome: LookupOutcome, trigger: Trigger, startedAt: number): void {
    if (this.state.t !== 'looking') return;
    const { profile, port, clock } = this.options;
    const now = clock.now();
    const found: LookupOutcome =
      outcome.ok && outcome.addresses.length === 0
        ? { ok: false, code: 'EMPTY', message: `${this.options.host} has no address` }
        : outcome;
    if (!found.ok) {
      this.lastFailureAt = now;
      // Told after the state is set, as the listener may ask again at once.
      this.afterFailure(startedAt);
      const effect = profile.drops.has(found.code) ? 'dropped' : 'kept';
      this.listener.onFailed({ code: found.code, message: found.message, effect }, trigger);
      return;
    }
    this.failures = 0;
    this.lastSuccessAt = now;
    this.afterSuccess((profile.floorFrom === 'start' ? startedAt : now) + profile.floorMs);
    this.listener.onResolved(
      found.addresses.map((host) => ({ host, port })),
      trigger,
      now - startedAt,
    );
  }

  private afterSuccess(floorAt: number): void {
    const { pollMs } = this.options.profile;
    if (pollMs !== undefined) {
      this.pollAgain(pollMs);
    } else if (this.remembered) {
      this.waitUntil(floorAt);
    } else {
      this.state = { t: 'resting', floorAt };
      this.listener.onNext(this.nextAtRest());
    }
  }

  private nextAtRest(): Next {
    const { profile } = this.options;
    if (profile.floorMs === Number.POSITIVE_INFINITY) return { t: 'never', why: floorWords(profile) };
    const note = profile.floorMs === profile.usualFloorMs ? undefined : floorWords(profile);
    return { t: 'on_loss', onceOlderThanMs: profile.early === 'discard' ? profile.floorMs : 0, note };
  }

  /** A failed lookup is tried again without anyone asking; in grpc-js only if somebody asks (retries). */
  private afterFailure(startedAt: number): void {
    const { profile, random, clock, timers } = this.options;
    if (profile.pollMs !== undefined) {
      this.pollAgain(profile.pollMs);
      return;
    }
    this.failures++;
    const curve = {
      firstMs: profile.firstBackoffMs,
      factor: 1.6,
      maxMs: 120_000,
      jitter: 0.2,
      jitterOnFirst: profile.firstBackoffJitter,
      jitterAddsUp: profile.backoffJitterAddsUp,
    };
    this.lastBackoffMs = backoffMs(curve, this.failures, random, this.lastBackoffMs);
    const now = clock.now();
    const ms = Math.max(0, (profile.backoffFrom === 'start' ? startedAt : now) + this.lastBackoffMs - now);
    this.state = { t: 'backoff', timer: timers.setTimeout(() => this.onTimer('retry after failure'), ms) };
    const why = this.retriesWhenAsked
      ? 'the last lookup failed: tried again if a connection is lost or fails meanwhile'
      : 'the last lookup failed and is tried again';
    this.listener.onNext({ t: 'timer', at: now + ms, why });
  }

  private waitUntil(at: number): void {
    this.remembered = false;
    const ms = Math.max(0, at - this.options.clock.now());
    this.state = { t: 'waiting', timer: this.options.timers.setTimeout(() => this.onTimer('floor reached'), ms) };
    this.listener.onNext({ t: 'timer', at, why: floorWords(this.options.profile) });
  }

  private pollAgain(ms: number): void {
    this.state = { t: 'waiting', timer: this.options.timers.setTimeout(() => this.onTimer('timer'), ms) };
    const at = this.options.clock.now() + ms;
    this.listener.onNext({ t: 'timer', at, why: `one lookup each ${ms / 1000} s, whatever happens` });
  }

  /** Before the first success every call asks, which is as good as by itself. */
  private get retriesWhenAsked(): boolean {
    return this.options.profile.retries === 'when asked' && this.lastSuccessAt !== Number.NEGATIVE_INFINITY;
  }

  private onTimer(trigger: Trigger): void {
    if (this.state.t === 'backoff' && this.retriesWhenAsked) {
      if (!this.remembered) {
        this.state = { t: 'resting', floorAt: this.options.clock.now() };
        this.listener.onNext(this.nextAtRest());
        return;
      }
      this.remembered = false;
    }
    if (this.state.t === 'waiting' || this.state.t === 'backoff') this.look(trigger);
  }
}
