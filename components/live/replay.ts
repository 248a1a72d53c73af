import { create } from '@bufbuild/protobuf';
import {
  type GetSnapshotResponse,
  ReadHistoryRequestSchema,
  type ReadHistoryResponse,
} from '../../gen/lbscope/agent/v1/agent_pb.js';
import { fold, fromSnapshot, toSnapshot } from '../../model/run.ts';
import type { Run, Update } from '../../model/state.ts';
import { fromMs, toMs } from '../../model/time.ts';
import { reasonOf } from './outcome.ts';
import { type LiveView, nothing, type PageStore, trailMs } from './store.ts';

export const speeds = [0.25, 0.5, 1, 2, 5, 10, 20] as const;

export type ReplayPorts = {
  /** The state at a moment. */
  snapshot(at: number): Promise<GetSnapshotResponse>;
  /** Everything in [from, to), as fine as it is kept. */
  history(from: number, to: number): Promise<Pick<ReadHistoryResponse, 'frames' | 'events' | 'moreFrom'>>;
  past: NonNullable<PageStore['history']>;
  /** Local, monotonic, milliseconds. */
  now(): number;
  /** Runs once before the next paint. */
  beforePaint(run: () => void): void;
};

/** A text changes at most this often; bands move in between. */
const publishEveryMs = 190;
/** Read ahead by this much of the viewer's own time. */
const aheadMs = 8_000;
/** An event may be reported this much late: it stands before the moment, and its number after it. */
const lateMs = 2_000;

/**
 * Plays a recorded run: a keyframe is asked for at the moment one wants to see, what follows is read ahead and folded
 * with the fold of the live page. Pausing, stepping and the speed are the browser's own affair; the agent knows of no
 * viewer. To the dashboard it is a store like the live one.
 */
export class ReplayStore implements PageStore {
  actions: undefined;
  readonly history: NonNullable<PageStore['history']>;
  /** The transport seeks. */
  readonly lookAt = undefined;
  readonly startMs: number;
  endMs: number;
  private readonly ports: ReplayPorts;
  private readonly listeners = new Set<() => void>();
  private view: LiveView = nothing;
  private run: Run | undefined;
  private ahead: Update[] = [];
  private loadedMs = 0;
  /** Counts the jumps: what was read for an earlier one has no place. */
  private jump = 0;
  private wantedMs: number | undefined;
  private seeking = false;
  private reading = false;
  private playing = false;
  private speed = 1;
  private atMs: number;
  /** `atMs` held at this local instant. */
  private sinceMs = 0;
  private publishedMs = Number.NEGATIVE_INFINITY;
  private looping = false;
  private notice: LiveView['notice'];

  constructor(startMs: number, endMs: number, ports: ReplayPorts) {
    this.startMs = startMs;
    this.endMs = endMs;
    this.atMs = startMs;
    this.ports = ports;
    // The picture's own past ends at the moment that is shown: what comes after has not happened yet.
    this.history = (request) => {
      const asked = create(ReadHistoryRequestSchema, request);
      asked.to ??= fromMs(this.playheadMs());
      return ports.past(asked);
    };
  }

  // ---- towards React

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  getView = (): LiveView => this.view;
  getServerView = (): LiveView => nothing;

  get transport(): { atMs: number; playing: boolean; speed: number } {
    return { atMs: this.wantedMs ?? this.playheadMs(), playing: this.playing, speed: this.speed };
  }

  /** Trails by what one publication may lack, so that the edge always has data behind it. */
  edgeMs(): number {
    if (this.run === undefined) return 0;
    return this.playheadMs() - (this.playing ? Math.max(trailMs, publishEveryMs * 1.2 * this.speed) : trailMs);
  }

  // ---- from people

  play(): void {
    if (this.playing) return;
    // At its end it begins again.
    if (this.playheadMs() >= this.endMs - 1) this.seek(this.startMs);
    this.hold();
    this.playing = true;
    this.loop();
    this.publish();
  }

  pause(): void {
    this.hold();
    this.playing = false;
    this.publish();
  }

  setSpeed(speed: number): void {
    this.hold();
    this.speed = speed;
    this.publish();
  }

  /** Jumps. While one is being fetched only the newest wish is kept, so that a drag never queues. */
  seek(atMs: number): void {
    this.wantedMs = Math.min(Math.max(atMs, this.startMs), this.endMs);
    this.publish();
    if (!this.seeking) void this.fetch();
  }

  /** The dashboard's own "freeze" and "go live" are pause and play here. */
  freeze(): undefined {
    this.pause();
  }

  goLive(): void {
    this.play();
  }

  expect = (): (() => void) => () => {};

  refused = (text: string): void => {
    this.notice = { id: (this.notice?.id ?? 0) + 1, text, kind: 'refused' };
    this.publish();
  };

  done = (text: string): void => {
    this.notice = { id: (this.notice?.id ?? 0) + 1, text, kind: 'done' };
    this.publish();
  };

  dismiss = (): void => {
    this.notice = undefined;
    this.publish();
  };

  // ---- time

  private playheadMs(): number {
    if (!this.playing) return this.atMs;
    const at = this.atMs + (this.ports.now() - this.sinceMs) * this.speed;
    // What is not read yet cannot be shown: the picture waits.
    return Math.min(at, Math.max(this.atMs, this.loadedMs), this.endMs);
  }

  private hold(): void {
    this.atMs = this.playheadMs();
    this.sinceMs = this.ports.now();
  }

  private loop(): void {
    if (this.looping) return;
    this.looping = true;
    const turn = () => {
      if (!this.playing) {
        this.looping = false;
        return;
      }
      const at = this.playheadMs();
      // While the reading is behind, time stands still; it must not be made up for in one leap.
      if (at >= this.loadedMs) this.hold();
      if (at >= this.endMs && !this.seeking) {
        this.hold();
        this.playing = false;
        this.publish();
      } else if (this.ports.now() - this.publishedMs >= publishEveryMs) this.publish();
      void this.readAhead();
      this.ports.beforePaint(turn);
    };
    this.ports.beforePaint(turn);
  }

  // ---- what is read

  private async fetch(): Promise<void> {
    this.seeking = true;
    while (this.wantedMs !== undefined) {
      const at = this.wantedMs;
      try {
        const snapshot = await this.ports.snapshot(at);
        this.jump += 1;
        this.run = fromSnapshot(snapshot);
        this.ahead = [];
        this.loadedMs = at;
        this.atMs = at;
        this.sinceMs = this.ports.now();
      } catch (error) {
        this.refused(reasonOf(error));
      }
      if (this.wantedMs === at) this.wantedMs = undefined;
      this.publish();
    }
    this.seeking = false;
    if (this.playing) void this.readAhead();
  }

  private async readAhead(): Promise<void> {
    const { run, jump } = this;
    const enough = this.playheadMs() + aheadMs * Math.max(1, this.speed);
    if (run === undefined || this.reading || this.seeking) return;
    if (this.loadedMs >= Math.min(enough, this.endMs)) return;
    this.reading = true;
    try {
      const from = this.loadedMs;
      const to = Math.min(enough + (aheadMs / 2) * this.speed, this.endMs + 1);
      const { frames, events, moreFrom } = await this.ports.history(from - lateMs, to);
      if (jump === this.jump) {
        const newest = this.ahead.at(-1)?.value.sequence ?? 0;
        const known = new Set(this.ahead.map(({ value }) => value.sequence));
        const read: Update[] = [
          ...frames.map((value) => ({ case: 'frame' as const, value })),
          ...events.map((value) => ({ case: 'event' as const, value })),
        ].filter(({ value }) => value.sequence > run.sequence && !known.has(value.sequence));
        this.ahead.push(...read);
        if (read.some(({ value }) => value.sequence < newest) || frames.length > 0) {
          this.ahead.sort((a, b) => a.value.sequence - b.value.sequence);
        }
        this.loadedMs = moreFrom === undefined ? to : toMs(moreFrom);
      }
    } catch (error) {
      this.pause();
      this.refused(reasonOf(error));
    } finally {
      this.reading = false;
    }
  }

  private publish(): void {
    this.publishedMs = this.ports.now();
    const at = this.playheadMs();
    const { run } = this;
    if (run !== undefined) {
      let taken = 0;
      for (const update of this.ahead) {
        if (instantOf(update) > at) break;
        fold(run, update);
        taken += 1;
      }
      if (taken > 0) this.ahead.splice(0, taken);
    }
    const snapshot = run === undefined ? undefined : toSnapshot(run, at);
    this.view = {
      ...nothing,
      phase: { kind: 'recorded' },
      snapshot,
      nowMs: at,
      frozen: !this.playing,
      notice: this.notice,
    };
    for (const listener of this.listeners) listener();
  }
}

function instantOf(update: Update): number {
  return toMs(update.case === 'frame' ? update.value.to : update.value.at);
}
