import type { Endpoint, Event, Frame } from '../../../gen/lbscope/events/v1/events_pb.js';
import { openedAt } from '../../../model/changes.ts';
import type { Span } from '../../../model/scenario/types.ts';
import { type LaneBefore, type Window, within } from '../../../model/scenario/window.ts';
import type { Run, Update } from '../../../model/state.ts';
import { toMs } from '../../../model/time.ts';

/** An hour of frames: a run that a room talks over for longer loses its beginning, and says so. */
const mostFrames = 18_000;
const mostEvents = 50_000;

interface Mark {
  readonly startedAt: number;
  endedAt: number | undefined;
  readonly endpoints: readonly Endpoint[];
  readonly lanes: ReadonlyMap<string, LaneBefore>;
}

/** What was seen since the scenario began: frames, events, and how things stood when each step began. */
export class Record {
  #frames: Frame[] = [];
  #events: Event[] = [];
  readonly #marks = new Map<number, Mark>();
  readonly #pods = new Map<string, string>();
  /** Before this instant something was dropped. */
  #droppedTo = 0;

  add(update: Update): void {
    if (update.case === 'frame') {
      this.#frames.push(update.value);
      if (this.#frames.length > mostFrames) this.#drop(this.#frames.splice(0, mostFrames / 10).at(-1)?.to);
    } else {
      this.#events.push(update.value);
      if (this.#events.length > mostEvents) this.#drop(this.#events.splice(0, mostEvents / 10).at(-1)?.at);
    }
  }

  #drop(upTo: Frame['to']): void {
    this.#droppedTo = Math.max(this.#droppedTo, toMs(upTo));
  }

  stepStarted(index: number, run: Run, at: number): void {
    this.#marks.set(index, {
      startedAt: at,
      endedAt: undefined,
      endpoints: run.endpoints,
      lanes: new Map(
        [...run.lanes].map(([id, { state, reason, belief }]) => [
          id,
          { state, reason, addresses: belief.addresses, resolvedAt: belief.resolvedAt },
        ]),
      ),
    });
  }

  stepEnded(index: number, at: number): void {
    const mark = this.#marks.get(index);
    if (mark !== undefined) mark.endedAt = at;
  }

  name(pod: string, uid: string): void {
    this.#pods.set(pod, uid);
  }

  uidOf(name: string): string | undefined {
    return this.#pods.get(name);
  }

  /** Undefined while the window is not over, or when its beginning was dropped. */
  window({ fromStep, toStep }: Span, run: Run): Window | undefined {
    const first = this.#marks.get(fromStep);
    const last = this.#marks.get(toStep);
    if (first === undefined || last?.endedAt === undefined || first.startedAt < this.#droppedTo) return undefined;
    const [from, to] = [first.startedAt, last.endedAt];
    return {
      from,
      to,
      frames: this.#frames.filter((frame) => within(frame, from, to)),
      events: this.#events.filter(({ at }) => toMs(at) >= from && toMs(at) <= to),
      endpointsBefore: first.endpoints,
      lanesBefore: first.lanes,
      changes: run.changes.filter((change) => openedAt(change) >= from && openedAt(change) <= to),
      pods: this.#pods,
    };
  }
}
