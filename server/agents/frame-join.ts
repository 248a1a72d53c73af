import { create } from '@bufbuild/protobuf';
import {
  type Frame,
  FrameSchema,
  type LaneFrame,
  LaneFrameSchema,
  PodFrameSchema,
} from '../../gen/lbscope/events/v1/events_pb.js';
import { fromMs, toMs } from '../../model/time.ts';
import { joinAgents, mergeFrames } from '../events/merge.ts';
import type { Clock, TimerHandle, Timers } from '../events/port.ts';
import { frameMs } from '../traffic/frames.ts';

/** A frame waits this long for the other agents' counts of the same beat. What comes later goes into a later frame. */
export const patienceMs = 100;
/** Beats come from microseconds in a double. */
const toleranceMs = 0.5;
/** Frames in a row without an agent's counts of them, and then with: from when it is called late, and no longer. */
const lateAfter = 5;

interface Source {
  /** In order, not yet handed on. */
  frames: Frame[];
  /** Counted in a run that has not begun here yet. */
  next: Frame[] | undefined;
  /** Up to where it has reported. */
  to: number;
  /** What each lane said last of what is no count. */
  readonly gauges: Map<string, { inFlight: number; askedRate: number }>;
  missed: number;
  kept: number;
  late: boolean;
}

export interface FrameJoinOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onFrame: (frame: Frame) => void;
  /** An agent's counts come late for a while, or in time again. */
  readonly onLate: (agent: string, late: boolean) => void;
}

/**
 * One frame per interval for all agents. This agent's own frame is the measure: it waits, for a moment, until the others have
 * reported up to its end. Nothing counted is ever left out: what comes too late is in the next frame. Without other agents
 * frames go straight on.
 */
export class FrameJoin {
  readonly #options: FrameJoinOptions;
  readonly #sources = new Map<string, Source>();
  #held: { readonly frame: Frame; readonly until: number }[] = [];
  #timer: TimerHandle | undefined;

  constructor(options: FrameJoinOptions) {
    this.#options = options;
  }

  add(agent: string): void {
    const source = { frames: [], next: undefined, to: 0, gauges: new Map(), missed: 0, kept: 0, late: false };
    this.#sources.set(agent, source);
  }

  /** Up to where an agent has reported; undefined: not yet, or it is gone. */
  reportedTo(agent: string): number | undefined {
    return this.#sources.get(agent)?.to || undefined;
  }

  /** This agent's own. */
  own(frame: Frame): void {
    this.#held.push({ frame, until: this.#options.clock.now() + patienceMs });
    this.#hand();
  }

  other(agent: string, frame: Frame): void {
    const source = this.#sources.get(agent);
    if (source === undefined) return;
    (source.next ?? source.frames).push(frame);
    source.to = toMs(frame.to);
    for (const { laneId, inFlight, askedRate } of frame.lanes) source.gauges.set(laneId, { inFlight, askedRate });
    this.#hand();
  }

  /**
   * An agent is gone. Nobody will ever say how its calls in flight ended: they count as lost, at no pod that could be named.
   * Returns them by lane.
   */
  remove(agent: string): ReadonlyMap<string, number> {
    const source = this.#sources.get(agent);
    const lost = new Map<string, number>();
    if (source === undefined) return lost;
    const lanes: LaneFrame[] = [];
    for (const [laneId, { inFlight }] of source.gauges) {
      if (inFlight === 0) continue;
      lost.set(laneId, inFlight);
      const failed = [{ errorClass: 'reset', count: inFlight }];
      lanes.push(create(LaneFrameSchema, { laneId, failed, pods: [create(PodFrameSchema, { failed })] }));
    }
    const now = fromMs(this.#options.clock.now());
    const last = create(FrameSchema, { from: now, to: now, lanes });
    const [first = last, ...rest] = [...source.frames, ...(source.next ?? []), last];
    this.#sources.delete(agent);
    this.#left.push({ agent, frame: quiet(mergeFrames([first, ...rest])) });
    this.#hand();
    return lost;
  }

  /** Of agents that are gone, what no frame has had yet. */
  #left: { agent: string; frame: Frame }[] = [];

  /** An agent began to count for the next run, which has not begun here yet. */
  parted(agent: string): void {
    const source = this.#sources.get(agent);
    if (source !== undefined) source.next ??= [];
  }

  /** Hands on all that is held, also without what is missing. */
  flush(): void {
    for (const { frame } of this.#held.splice(0)) this.#emit(frame);
    this.#arm();
  }

  /** The next run has begun. */
  begun(): void {
    for (const source of this.#sources.values()) {
      source.frames = [...source.frames, ...(source.next ?? [])];
      source.next = undefined;
    }
  }

  stop(): void {
    this.#timer?.cancel();
    this.#held = [];
  }

  #hand(): void {
    const now = this.#options.clock.now();
    for (let first = this.#held[0]; first !== undefined; first = this.#held[0]) {
      const to = toMs(first.frame.to);
      // A frame that a membership cut ends where no other agent's does.
      const beat = Math.abs(to - Math.round(to / frameMs) * frameMs) < toleranceMs;
      const waits = beat && [...this.#sources.values()].some((source) => source.to < to - toleranceMs);
      if (waits && now < first.until) break;
      this.#held.shift();
      if (beat) this.#judge(to);
      this.#emit(first.frame);
    }
    this.#arm();
  }

  #arm(): void {
    this.#timer?.cancel();
    const [first] = this.#held;
    if (first === undefined) return;
    // Held up for longer than it waits: at once.
    const waitMs = Math.max(0, first.until - this.#options.clock.now());
    this.#timer = this.#options.timers.setTimeout(() => this.#hand(), waitMs);
  }

  #judge(to: number): void {
    for (const [agent, source] of this.#sources) {
      const inTime = source.to >= to - toleranceMs;
      source.missed = inTime ? 0 : source.missed + 1;
      source.kept = inTime ? source.kept + 1 : 0;
      if (source.late ? source.kept < lateAfter : source.missed < lateAfter) continue;
      source.late = !source.late;
      this.#options.onLate(agent, source.late);
    }
  }

  #emit(frame: Frame): void {
    const to = toMs(frame.to);
    const others = this.#left.splice(0);
    for (const [agent, source] of this.#sources) {
      const due = source.frames.filter((each) => toMs(each.to) <= to + toleranceMs);
      source.frames = source.frames.filter((each) => !due.includes(each));
      const counted = due.length === 0 ? undefined : mergeFrames(due as [Frame, ...Frame[]]);
      others.push({ agent, frame: gauged(frame, counted, source) });
    }
    this.#options.onFrame(others.length === 0 ? frame : joinAgents([{ agent: '', frame }, ...others]));
  }
}

/** Nothing of it goes on: it asks for nothing and has nothing in flight. */
function quiet(frame: Frame): Frame {
  return create(FrameSchema, {
    ...frame,
    lanes: frame.lanes.map((lane) => create(LaneFrameSchema, { ...lane, inFlight: 0, askedRate: 0 })),
  });
}

/** What an agent counted, with its lanes' newest gauges, also where it counted nothing in this interval. */
function gauged(own: Frame, counted: Frame | undefined, { gauges }: Source): Frame {
  const lanes = counted?.lanes ?? [];
  const silent = own.lanes.flatMap(({ laneId }) => {
    const gauge = gauges.get(laneId);
    const known = lanes.some((lane) => lane.laneId === laneId);
    return known || gauge === undefined ? [] : [create(LaneFrameSchema, { laneId, ...gauge })];
  });
  return create(FrameSchema, { from: own.from, to: own.to, lanes: [...lanes, ...silent] });
}
