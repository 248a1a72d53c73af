import { create, toBinary } from '@bufbuild/protobuf';
import type { Event, Frame } from '../../gen/lbscope/events/v1/events_pb.js';
import { BatchSchema, KeyframeSchema } from '../../gen/lbscope/recording/v1/recording_pb.js';
import { toKeyframe } from '../../model/keyframe.ts';
import type { Update } from '../../model/state.ts';
import { toMs } from '../../model/time.ts';
import type { Hub } from '../events/hub.ts';
import type { Clock, TimerHandle, Timers } from '../events/port.ts';
import type { Fault } from './fault.ts';
import type { Disk, Item } from './port.ts';

/** With the 200 ms of a frame and the write itself, a crash loses less than a second. */
export const batchMs = 500;
/** A seek folds at most this much; the 90 s of frames that a picture shows must be read anyway. */
export const keyframeMs = 30_000;
/** While something is wrong. */
export const retryMs = 2_000;
/** What may wait for the disk: some twenty minutes of four lanes. */
const mostHeldBytes = 32 * 1024 * 1024;

export interface RecorderOptions {
  readonly hub: Hub;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly mostHeldBytes?: number;
}

type State =
  /** Nothing of the run has been written yet. */
  | { readonly kind: 'starting' }
  | { readonly kind: 'recording' }
  /** What happens is held back; it is tried again. */
  | { readonly kind: 'failing'; readonly fault: Fault }
  /** Too much was held back, or the file is lost: given up from `from` on, until the disk takes a new beginning. */
  | { readonly kind: 'gap'; readonly fault: Fault; readonly from: number };

/**
 * Keeps every run without being asked. It listens to the hub, packs what happened into batches off the path of the
 * calls, and hands them to the disk one at a time. Whatever the disk does, traffic goes on and the screen says it.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #unsubscribe: () => void;
  #frames: Frame[] = [];
  #events: Event[] = [];
  #queue: Item[] = [];
  #held = 0;
  #state: State = { kind: 'starting' };
  /** Whether the newest `begin` is written or on its way, so that what happens has a place. */
  #begun = false;
  /** The first update that the file holds without a gap; before it, keyframes carry all of the state. */
  #heldFrom = 0;
  #keyframeAt = 0;
  #newestAt = 0;
  #timer: TimerHandle | undefined;
  #writing: Promise<void> | undefined;
  #retryAt = 0;
  #closed = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#unsubscribe = options.hub.subscribe((update) => this.#take(update));
  }

  /** Called by the hub for each update, after the fold: only remembers it. */
  #take(update: Update): void {
    if (update.case === 'frame') {
      this.#frames.push(update.value);
      this.#newestAt = toMs(update.value.to);
    } else if (update.value.kind.case === 'runStarted') {
      this.#cut();
      if (this.#newestAt > 0) this.#push({ kind: 'end', at: this.#newestAt });
      this.#newestAt = toMs(update.value.at);
      this.#begin();
      this.#events.push(update.value);
    } else {
      this.#events.push(update.value);
      this.#newestAt = Math.max(this.#newestAt, toMs(update.value.at));
    }
    this.#timer ??= this.#options.timers.setTimeout(() => this.#beat(), batchMs);
  }

  #beat(): void {
    this.#timer = undefined;
    this.#cut();
    this.#work();
    if (!this.#closed) this.#timer ??= this.#options.timers.setTimeout(() => this.#beat(), batchMs);
  }

  /** The state as it is now, and from the next update on everything. */
  #begin(gap?: { from: number; reason: string }): void {
    const { run } = this.#options.hub;
    this.#heldFrom = run.sequence + 1;
    const keyframe = toBinary(KeyframeSchema, toKeyframe(run, this.#heldFrom));
    this.#keyframeAt = run.clock;
    this.#begun = true;
    this.#push({ kind: 'begin', runId: run.runId, keyframe, ...(gap === undefined ? {} : { gap }) });
  }

  /** What came since the last batch becomes one. */
  #cut(): void {
    const [frames, events] = [this.#frames, this.#events];
    this.#frames = [];
    this.#events = [];
    if (frames.length + events.length === 0 || !this.#begun) return;
    const { run } = this.#options.hub;
    const batch = toBinary(BatchSchema, create(BatchSchema, { frames, events }));
    const newest = Math.max(frames.at(-1)?.sequence ?? 0, events.at(-1)?.sequence ?? 0);
    // Of this moment alone; while a new run begins the state is already past the batch.
    if (newest === run.sequence && run.clock - this.#keyframeAt >= keyframeMs) {
      this.#keyframeAt = run.clock;
      const keyframe = toBinary(KeyframeSchema, toKeyframe(run, this.#heldFrom));
      this.#push({ kind: 'batch', batch, keyframe });
    } else this.#push({ kind: 'batch', batch });
  }

  #push(item: Item): void {
    this.#queue.push(item);
    this.#held += sizeOf(item);
    if (this.#held <= (this.#options.mostHeldBytes ?? mostHeldBytes)) return;
    this.#giveUp('fault' in this.#state ? this.#state.fault : behind);
  }

  /** Lets go of what waits. Traffic comes first, and memory is the agent's. */
  #giveUp(fault: Fault, since = this.#options.clock.now()): void {
    this.#queue = [];
    this.#held = 0;
    this.#begun = false;
    this.#become({ kind: 'gap', fault, from: this.#state.kind === 'gap' ? this.#state.from : since });
  }

  #work(): void {
    const now = this.#options.clock.now();
    if (this.#writing !== undefined) return;
    if (this.#state.kind !== 'recording' && now < this.#retryAt) return;
    if (this.#state.kind === 'gap' && !this.#begun) {
      const { from, fault } = this.#state;
      this.#begin({ from, reason: fault.message });
    }
    if (this.#queue.length === 0) return;
    const items = this.#queue;
    this.#queue = [];
    this.#writing = this.#write(items).finally(() => {
      this.#writing = undefined;
    });
  }

  async #write(items: readonly Item[]): Promise<void> {
    const { done, fault } = await this.#options.disk.write(items);
    for (const item of items.slice(0, done)) this.#held -= sizeOf(item);
    // Given up in the meantime: what was counted is gone.
    this.#held = Math.max(0, this.#held);
    const begun = items.some(({ kind }) => kind === 'begin');
    if (fault === undefined) {
      if (this.#state.kind !== 'gap' || begun) this.#become({ kind: 'recording' });
      return;
    }
    this.#retryAt = this.#options.clock.now() + retryMs;
    if (fault.anew === true) {
      // What waits cannot be added to another file: a new beginning is written with the next beat.
      this.#retryAt = 0;
      this.#giveUp(fault, fault.kind === 'damaged' ? this.#options.hub.run.runStartedAt : undefined);
    } else if (this.#state.kind === 'gap') {
      this.#giveUp(fault);
    } else {
      this.#queue = [...items.slice(done), ...this.#queue];
      this.#become({ kind: 'failing', fault });
    }
  }

  #become(state: State): void {
    const before = this.#state;
    this.#state = state;
    const faultOf = (each: State) => ('fault' in each ? each.fault.kind : '');
    if (before.kind === state.kind && faultOf(before) === faultOf(state)) return;
    if (this.#closed) return;
    this.#options.hub.emit({
      kind: {
        case: 'recordingChanged',
        value: {
          state: state.kind === 'starting' ? 'recording' : state.kind,
          fault: faultOf(state),
          message: wordsOf(state),
        },
      },
    });
  }

  /** Writes what there is and closes the run. The caller bounds how long that may take. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    this.#timer?.cancel();
    this.#cut();
    if (this.#newestAt > 0) this.#push({ kind: 'end', at: this.#newestAt });
    await this.#writing;
    this.#retryAt = 0;
    if (this.#begun) this.#work();
    await this.#writing;
  }
}

const behind: Fault = { kind: 'behind', message: 'the disk does not keep up' };

function sizeOf(item: Item): number {
  if (item.kind === 'begin') return item.keyframe.length;
  return item.kind === 'batch' ? item.batch.length + (item.keyframe?.length ?? 0) : 0;
}

function wordsOf(state: State): string {
  switch (state.kind) {
    case 'starting':
    case 'recording':
      return '';
    case 'failing':
      return `Not being recorded: ${state.fault.message}. What happens is held back and written as soon as it can be.`;
    case 'gap':
      return `Not being recorded: ${state.fault.message}. What happens now will be missing from the recording.`;
  }
}
