import type { MessageInitShape } from '@bufbuild/protobuf';
import type { EventSchema } from '../../gen/lbscope/events/v1/events_pb.js';

/** An event before the hub has numbered it. `at` is milliseconds of the agent's clock (see {@link Clock}). */
export type EventInit = Omit<MessageInitShape<typeof EventSchema>, 'sequence' | 'at' | '$typeName' | '$unknown'> & {
  at?: number;
};

/**
 * Where parts of the agent report what happened. Called from any part, never blocks, never throws.
 * The value crosses a thread boundary one day: only plain, cloneable data, and nothing comes back.
 * The hub gives the sequence number, fills in `at` when it is absent, and derives `cause` from
 * `resolutionId` and `connectionId`.
 */
export interface EventSink {
  emit(event: EventInit): void;
}

/**
 * One monotonic clock with one wall anchor, passed in wherever time matters.
 * `now()` is milliseconds since the Unix epoch with a fraction (microseconds are kept), and never goes back.
 */
export interface Clock {
  now(): number;
  /** The same instant on this clock, where it runs on performance.now(): an instant that a transport read for many calls. */
  ofPerformance?(at: number): number;
}

/** Timers, passed in so that 30 minutes are tested in milliseconds. */
export interface Timers {
  setTimeout(run: () => void, ms: number): TimerHandle;
}

export interface TimerHandle {
  cancel(): void;
}
