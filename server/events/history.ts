import type { Event, Frame } from '../../gen/lbscope/events/v1/events_pb.js';
import { toMs } from '../../model/time.ts';
import { mergeFrames } from './merge.ts';

/**
 * What happened between two instants, at a resolution. The hub's memory implements it now, recordings later.
 * Called by the API and by scenarios; never blocks.
 */
export interface History {
  /**
   * Frames that overlap [from, to) and events in it, each in order of time; milliseconds of the agent's clock.
   * `resolutionMs` is the coarsest width the caller can use: a finer tier is taken where it reaches back far enough,
   * and where none does, the frames are as fine as what is still held.
   */
  read(from: number, to: number, resolutionMs: number): HistorySlice;
}

export interface HistorySlice {
  readonly frames: readonly Frame[];
  readonly events: readonly Event[];
  /** Width of the tier that answered, milliseconds. */
  readonly resolutionMs: number;
  /** The oldest instant that the tier still held: before it nothing is known. */
  readonly since: number;
}

export interface Tier {
  readonly widthMs: number;
  readonly keepMs: number;
}

/** contract.md: 200 ms for 90 s, 2 s for 10 min, 10 s for 1 h. */
export const tiers: readonly Tier[] = [
  { widthMs: 200, keepMs: 90_000 },
  { widthMs: 2_000, keepMs: 600_000 },
  { widthMs: 10_000, keepMs: 3_600_000 },
];

/** About 20 MB at worst; a scale from 3 to 200 pods on 12 lanes is some 10,000 events. */
export const eventsKept = 20_000;

export interface TieredHistory extends History {
  frame(frame: Frame): void;
  event(event: Event): void;
}

export function createHistory(shape: readonly Tier[] = tiers, eventLimit = eventsKept): TieredHistory {
  const stores = shape.map((tier, index) => createStore(tier, index === 0));
  const events: Event[] = [];

  return {
    frame(frame) {
      for (const store of stores) store.add(frame);
    },
    event(event) {
      events.push(event);
      // Cut in blocks: shifting an array of 20,000 for each event would cost more than the event.
      if (events.length > eventLimit * 1.1) events.splice(0, events.length - eventLimit);
    },
    read(from, to, resolutionMs) {
      const usable = stores.filter((store) => store.tier.widthMs <= resolutionMs);
      const candidates = usable.length === 0 ? stores.slice(0, 1) : usable;
      // The coarsest that the caller can use: fewest frames; a finer one only where the coarse one is not there.
      const store = candidates.findLast((s) => s.oldest() <= from) ?? candidates[candidates.length - 1];
      if (store === undefined) return { frames: [], events: [], resolutionMs, since: to };
      return {
        frames: store.frames().filter((frame) => toMs(frame.to) > from && toMs(frame.from) < to),
        events: events.filter((event) => toMs(event.at) >= from && toMs(event.at) < to),
        resolutionMs: store.tier.widthMs,
        since: store.oldest(),
      };
    },
  };
}

function createStore(tier: Tier, asTheyAre: boolean) {
  let closed: Frame[] = [];
  let open: Frame[] = [];
  let window = Number.NaN;

  function close() {
    const [first, ...rest] = open;
    if (first !== undefined) closed.push(rest.length === 0 ? first : mergeFrames([first, ...rest]));
    open = [];
  }

  return {
    tier,
    add(frame: Frame) {
      const at = toMs(frame.from);
      if (asTheyAre) {
        closed.push(frame);
      } else {
        const of = Math.floor(at / tier.widthMs);
        if (of !== window) close();
        window = of;
        open.push(frame);
        // Bounds the work of a later read and the memory of the open window, which holds up to 50 frames.
        if (open.length > 8) {
          const [first, ...rest] = open as [Frame, ...Frame[]];
          open = [mergeFrames([first, ...rest])];
        }
      }
      const horizon = toMs(frame.to) - tier.keepMs;
      if (closed.length > 0 && toMs(closed[0]?.to) < horizon - tier.keepMs / 10) {
        closed = closed.filter((kept) => toMs(kept.to) >= horizon);
      }
    },
    frames(): readonly Frame[] {
      const [first, ...rest] = open;
      return first === undefined ? closed : [...closed, mergeFrames([first, ...rest])];
    },
    oldest(): number {
      const first = closed[0] ?? open[0];
      return first === undefined ? Number.POSITIVE_INFINITY : toMs(first.from);
    },
  };
}
