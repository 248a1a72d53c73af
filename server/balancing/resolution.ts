import type { Clock, EventInit, EventSink } from '../events/port.ts';
import type { Address } from '../transport/port.ts';
import { Belief } from './belief.ts';
import type { Next, ResolutionFailure, Resolver, ResolverListener, Trigger } from './resolver/port.ts';
import { type ChannelSpec, createResolver, type ResolverParts } from './spec.ts';

/**
 * The cut between a channel and its resolver: the resolver lives with the settings, the channel with the sockets, perhaps in
 * another thread. Only plain data crosses, and nothing waits for an answer.
 */

/** What the channel hears, whole each time. */
export type Told =
  | { readonly t: 'addresses'; readonly addresses: readonly Address[]; readonly of: ResolutionRef }
  /** `of` is set when the answer was that nobody is there: then the channel is emptied. Without it, what there is stays. */
  | { readonly t: 'failed'; readonly message: string; readonly of: ResolutionRef | undefined };

/** Which answer a list came from, and when (milliseconds of the agent's clock). */
export interface ResolutionRef {
  readonly id: string;
  readonly at: number;
}

/** The channel's end. `start` after `stop` begins anew: a channel that was idle comes back. */
export interface ResolutionLink {
  start(): void;
  request(trigger: Trigger): void;
  /** `idleAfterMs`: the channel has had no call for so long, and will start anew with the next. */
  stop(idleAfterMs?: number): void;
  /** Every connection that should be there is: part of the sentence about what comes next. */
  healthy(healthy: boolean): void;
}

/** Makes the link; `onTold` is not called after stop() and before the next start(). */
export type LinkResolution = (onTold: (told: Told) => void) => ResolutionLink;

export interface ResolutionOptions extends ResolverParts {
  readonly spec: ChannelSpec;
  readonly laneId: string;
  readonly channelIndex: number;
  readonly events: EventSink;
}

/** The resolver's side of the cut: resolver, belief, and the events that tell of them. */
export class Resolution implements ResolutionLink {
  private readonly options: ResolutionOptions;
  private readonly onTold: (told: Told) => void;
  private readonly slot: ResolverSlot;
  private readonly idPrefix: string;
  private belief: Belief;
  private next: Next = { t: 'running' };
  private isHealthy = false;
  private resolutions = 0;

  /** Throws a TypeError on a specification that faultOf (spec.ts) objects to. */
  constructor(options: ResolutionOptions, onTold: (told: Told) => void) {
    this.options = options;
    this.onTold = onTold;
    this.idPrefix = idPrefix(options.laneId, options.channelIndex, options.clock);
    // Made here once already so that a faulty specification is the maker's fault, not a call's.
    this.slot = new ResolverSlot((listener) => createResolver(options.spec, options, listener), {
      onStarted: (trigger) => this.belief.started(trigger),
      onResolved: (addresses, trigger, tookMs) => this.onResolved(addresses, trigger, tookMs),
      onFailed: (failure, trigger) => this.onFailed(failure, trigger),
      onNext: (next) => {
        this.next = next;
        this.tellNext();
      },
    });
    this.belief = this.newBelief();
  }

  start(): void {
    this.slot.start();
  }

  request(trigger: Trigger): void {
    this.slot.request(trigger);
  }

  stop(idleAfterMs?: number): void {
    this.slot.stop();
    this.belief = this.newBelief();
    this.next = idleAfterMs === undefined ? { t: 'running' } : { t: 'idle', afterMs: idleAfterMs };
    this.tellNext();
  }

  healthy(healthy: boolean): void {
    this.isHealthy = healthy;
    this.tellNext();
  }

  private onResolved(addresses: readonly Address[], trigger: Trigger, tookMs: number): void {
    const of = this.belief.resolved(addresses, trigger, tookMs);
    this.onTold({ t: 'addresses', addresses, of });
    this.tellNext();
  }

  private onFailed(failure: ResolutionFailure, trigger: Trigger): void {
    const of = this.belief.failed(failure, trigger);
    this.onTold({ t: 'failed', message: `${failure.code}${failure.message === '' ? '' : `, ${failure.message}`}`, of });
    this.tellNext();
  }

  private tellNext(): void {
    this.belief.next(this.next, this.isHealthy);
  }

  private newBelief(): Belief {
    const { spec, clock, laneId, events } = this.options;
    const source = spec.resolver === 'kubernetes' ? 'watch' : spec.resolver;
    const emit = (event: EventInit): void => events.emit({ laneId, ...event });
    return new Belief(source, clock, emit, () => `${this.idPrefix}:r${++this.resolutions}`);
  }
}

/** Ids are unique over the life of the agent, also when a lane is put anew. */
export function idPrefix(laneId: string, channelIndex: number, clock: Clock): string {
  return `${laneId}.${channelIndex}.${Math.floor(clock.now()).toString(36)}`;
}

/** A resolver can't be started twice; after idleness there is a new one. Late words of a stopped one are not heard. */
class ResolverSlot {
  private readonly make: (listener: ResolverListener) => Resolver;
  private readonly listener: ResolverListener;
  private current: Resolver;
  private used = false;
  private generation = 0;

  constructor(make: (listener: ResolverListener) => Resolver, listener: ResolverListener) {
    this.make = make;
    this.listener = listener;
    this.current = this.fresh();
  }

  start(): void {
    if (this.used) this.current = this.fresh();
    this.used = true;
    this.current.start();
  }

  request(trigger: Trigger): void {
    this.current.request(trigger);
  }

  stop(): void {
    this.generation++;
    this.current.stop();
  }

  private fresh(): Resolver {
    const { generation, listener } = this;
    const now = () => generation === this.generation;
    return this.make({
      onStarted: (trigger) => now() && listener.onStarted(trigger),
      onResolved: (addresses, trigger, tookMs) => now() && listener.onResolved(addresses, trigger, tookMs),
      onFailed: (failure, trigger) => now() && listener.onFailed(failure, trigger),
      onNext: (next) => now() && listener.onNext(next),
    });
  }
}
