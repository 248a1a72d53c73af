import { fromMs, plainDuration } from '../../model/time.ts';
import type { Clock, EventInit } from '../events/port.ts';
import type { Address } from '../transport/port.ts';
import { keyOf } from './address.ts';
import type { Next, ResolutionFailure, Resolver, Trigger } from './resolver/port.ts';

/** An answer of the resolver, and when it came. */
interface Answer {
  readonly id: string;
  readonly at: number;
}

/** Channel idle timeout of grpc-go, grpc-js and grpc-java. */
export const usualIdleMs = 1_800_000;

/** What the channel holds for true, its age, and the events that tell of it. */
export class Belief {
  private readonly clock: Clock;
  private readonly emit: (event: EventInit) => void;
  private readonly newId: () => string;
  private readonly source: Resolver['source'];
  private pendingId: string | undefined;
  private known: string | undefined;
  private toldNext = '';

  constructor(source: Resolver['source'], clock: Clock, emit: (event: EventInit) => void, newId: () => string) {
    this.source = source;
    this.clock = clock;
    this.emit = emit;
    this.newId = newId;
  }

  started(trigger: Trigger): void {
    this.pendingId = this.newId();
    this.emit({
      resolutionId: this.pendingId,
      kind: { case: 'resolutionStarted', value: { source: this.source, trigger } },
    });
  }

  resolved(addresses: readonly Address[], trigger: Trigger, tookMs: number): Answer {
    const answer = { id: this.takeId(), at: this.clock.now() };
    // Sorted for comparing and showing only: the policy gets them in the order of the answer.
    const sorted = addresses.map(keyOf).sort();
    const joined = sorted.join(' ');
    const changed = joined !== this.known;
    this.known = joined;
    this.emit({
      resolutionId: answer.id,
      kind: { case: 'resolved', value: { addresses: sorted, source: this.source, trigger, tookMs, changed } },
    });
    return answer;
  }

  failed(failure: ResolutionFailure, trigger: Trigger): Answer | undefined {
    const resolutionId = this.takeId();
    // An answer, too: nobody is there.
    const answer = failure.effect === 'dropped' ? { id: resolutionId, at: this.clock.now() } : undefined;
    if (answer !== undefined) this.known = '';
    this.emit({
      resolutionId,
      kind: {
        case: 'resolutionFailed',
        value: { source: this.source, trigger, code: failure.code, message: failure.message, effect: failure.effect },
      },
    });
    return answer;
  }

  /** Told when it changes only. `healthy`: every connection that should be there is. */
  next(next: Next, healthy: boolean): void {
    const now = this.clock.now();
    const at = next.t === 'timer' ? next.at : undefined;
    const [kind, reason] = sentence(next, healthy, now);
    const told = `${kind} ${at ?? ''} ${at === undefined ? reason : ''}`;
    if (kind === '' || told === this.toldNext) return;
    this.toldNext = told;
    const shownAt = at === undefined ? {} : { at: fromMs(at) };
    this.emit({ kind: { case: 'nextTrigger', value: { kind, reason, ...shownAt } } });
  }

  private takeId(): string {
    const id = this.pendingId ?? this.newId();
    this.pendingId = undefined;
    return id;
  }
}

function sentence(next: Next, healthy: boolean, now: number): readonly [kind: string, reason: string] {
  switch (next.t) {
    case 'never':
      return ['none', next.why];
    case 'on_loss': {
      const note = next.note === undefined ? '' : `; ${next.note}`;
      if (healthy) return ['none', `nothing pending, every connection is healthy${note}`];
      const old = next.onceOlderThanMs > 0 ? `, once the answer is ${plainDuration(next.onceOlderThanMs)} old` : '';
      return ['connection', `nothing pending, the next lost connection or failed attempt asks${old}${note}`];
    }
    case 'idle': {
      const usual = next.afterMs === usualIdleMs ? '' : `, in place of ${plainDuration(usualIdleMs)}`;
      return [
        'connection',
        `idle after ${plainDuration(next.afterMs)} without a call${usual}: the next call looks up anew`,
      ];
    }
    case 'running':
      return ['', ''];
    case 'timer':
      return ['timer', `in ${plainDuration(Math.max(0, next.at - now))}: ${next.why}`];
    case 'push':
      return ['push', next.why];
  }
}
