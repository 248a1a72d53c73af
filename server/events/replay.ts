import type { Update } from '../../model/state.ts';

/** The newest updates, without a gap: what a viewer that was away for a moment resumes from. */
export interface Replay {
  add(update: Update, at: number): void;
  /** Everything after this sequence; undefined when some of it is no longer held. */
  after(sequence: number): readonly Update[] | undefined;
}

/** contract.md: 90 s of frames; the count bounds a storm of events. */
export function createReplay(keepMs = 90_000, limit = 10_000): Replay {
  let held: { update: Update; at: number }[] = [];
  /** The newest sequence that is no longer held. */
  let dropped = 0;
  return {
    add(update, at) {
      held.push({ update, at });
      // In blocks of a tenth: one copy for many updates.
      const oldest = held[0]?.at ?? at;
      if (held.length <= limit * 1.1 && at - oldest <= keepMs * 1.1) return;
      const from = Math.max(
        held.length - limit,
        held.findIndex((entry) => at - entry.at <= keepMs),
      );
      dropped = held[from - 1]?.update.value.sequence ?? dropped;
      held = held.slice(from);
    },
    after(sequence) {
      if (sequence < dropped) return undefined;
      return held.filter((entry) => entry.update.value.sequence > sequence).map((entry) => entry.update);
    },
  };
}
