import type { GetSnapshotResponse, WatchResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';
import type { Access } from './access.ts';
import type { Actions } from './actions.ts';
import { AgentClock } from './clock.ts';
import { Follower } from './follower.ts';
import type { ReadHistory } from './history.ts';
import type { Notice } from './notice.ts';
import { isEmpty, type Pending, settle } from './pending.ts';
import type { Phase } from './watch.ts';

/** What the page shows. Replaced a few times a second, never changed. */
export type LiveView = {
  phase: Phase;
  /** Everything the agent told, folded; frozen or current. Absent until it has answered once. */
  snapshot: GetSnapshotResponse | undefined;
  /** The agent's clock of this view. */
  nowMs: number;
  /** For how long nothing was heard, while the stream is down or silent. */
  silentMs: number;
  frozen: boolean;
  pending: Pending;
  notice: Notice | undefined;
  /** What this tab may do. */
  access: Access;
};

export type StorePorts = {
  /** Local, monotonic, milliseconds. */
  now(): number;
  /** Runs once before the next paint; not at all while the tab is hidden. */
  beforePaint(run: () => void): void;
};

/** A text changes at most this often; bands move in between. */
const publishEveryMs = 190;
/** Ages go on while nothing is heard. */
const tickEveryMs = 250;
/** What was asked for and never reported back is forgotten after this. */
const pendingForMs = 6_000;
const noticeForMs = 7_000;
/** The picture trails the agent by one frame and its way here, so that the now edge always has data behind it. */
export const trailMs = 260;

export const nothing: LiveView = {
  phase: { kind: 'connecting' },
  snapshot: undefined,
  nowMs: 0,
  silentMs: 0,
  frozen: false,
  pending: {},
  notice: undefined,
  access: { kind: 'asking' },
};

/** What the page asks of its state, be it live or a recorded run. */
export type PageStore = Pick<
  LiveStore,
  | 'actions'
  | 'history'
  | 'lookAt'
  | 'subscribe'
  | 'getView'
  | 'getServerView'
  | 'edgeMs'
  | 'freeze'
  | 'goLive'
  | 'expect'
  | 'refused'
  | 'done'
  | 'dismiss'
>;

/** The state of the page: one fold of what the agent says, published to React at a calm pace. */
export class LiveStore {
  readonly clock = new AgentClock();
  actions: Actions | undefined;
  /** Reads what happened before the 90 s that the stream brings. */
  history: ReadHistory | undefined;
  /** Reads the picture of a moment as it was recorded; rejects where it was not. */
  recorded: ((runId: string, atMs: number) => Promise<GetSnapshotResponse>) | undefined;
  /** Shows a moment of the live run as it was, and stays there; a fault is said. Undefined where moments are sought otherwise. */
  lookAt: ((atMs: number) => Promise<void>) | undefined;
  private readonly follower = new Follower();
  private readonly listeners = new Set<() => void>();
  private readonly ports: StorePorts;
  private view: LiveView = nothing;
  private phase: Phase = { kind: 'connecting' };
  private pending: Pending = {};
  private pendingSince = 0;
  private access: Access = { kind: 'asking' };
  private notice: Notice | undefined;
  private noticeSince = 0;
  private notices = 0;
  private frozen: { snapshot: GetSnapshotResponse; nowMs: number } | undefined;
  private freezeAt: number | undefined;
  private heardMs = 0;
  private publishedMs = 0;
  private scheduled = false;

  constructor(ports: StorePorts) {
    this.ports = ports;
  }

  // ---- towards React

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  getView = (): LiveView => this.view;

  getServerView = (): LiveView => nothing;

  /** The instant at the now edge, for each painted frame. */
  edgeMs(): number {
    if (this.frozen !== undefined) return this.frozen.nowMs - trailMs;
    return this.clock.known ? this.clock.now(this.ports.now()) - trailMs : 0;
  }

  // ---- from the stream

  position(): { runId: string; afterSequence: number } | undefined {
    return this.follower.position();
  }

  receive(message: WatchResponse): void {
    this.heardMs = this.ports.now();
    const at = this.follower.receive(message);
    if (at.restarted) this.clock.reset();
    if (at.instantMs !== undefined) this.clock.measure(at.instantMs, this.heardMs);
    if (this.freezeAt !== undefined && this.follower.sequence >= this.freezeAt) this.freeze();
    this.schedule(false);
  }

  setPhase(phase: Phase): void {
    if (phase.kind === 'live' && this.phase.kind === 'live') return;
    this.phase = phase;
    this.schedule(true);
  }

  /** Ages move on. */
  tick(): void {
    if (this.ports.now() - this.publishedMs >= tickEveryMs) this.schedule(true);
  }

  // ---- from people

  /** Answers which moment that was. */
  freeze(): { runId: string; nowMs: number } | undefined {
    const nowMs = this.now();
    const snapshot = this.follower.snapshot(nowMs);
    if (snapshot === undefined) return undefined;
    this.show(snapshot, nowMs);
    return { runId: snapshot.runId, nowMs };
  }

  /** Shows a moment of the past, as it was. */
  show(snapshot: GetSnapshotResponse, nowMs: number): void {
    this.freezeAt = undefined;
    this.frozen = { snapshot, nowMs };
    this.schedule(true);
  }

  /** Freezes as soon as this sequence is reached; 0: with the first picture. */
  freezeOnceAt(sequence: number): void {
    this.freezeAt = sequence;
  }

  goLive(): void {
    this.frozen = undefined;
    this.freezeAt = undefined;
    this.schedule(true);
  }

  expect = (pending: Pending): (() => void) => {
    const before = this.pending;
    const traffic = pending.traffic === undefined ? before.traffic : { ...before.traffic, ...pending.traffic };
    this.pending = traffic === undefined ? { ...before, ...pending } : { ...before, ...pending, traffic };
    this.pendingSince = this.ports.now();
    this.schedule(true);
    return () => {
      this.pending = {};
      this.schedule(true);
    };
  };

  refused = (text: string): void => this.say({ text, kind: 'refused' });

  /** Says what was done, with the way back where there is one. */
  done = (text: string, undo?: Notice['undo']): void =>
    this.say(undo === undefined ? { text, kind: 'done' } : { text, kind: 'done', undo });

  setAccess(access: Access): void {
    this.access = access;
    this.schedule(true);
  }

  private say(notice: Omit<Notice, 'id'>): void {
    this.notices += 1;
    this.notice = { id: this.notices, ...notice };
    this.noticeSince = this.ports.now();
    this.schedule(true);
  }

  dismiss = (): void => {
    this.notice = undefined;
    this.schedule(true);
  };

  // ---- publication

  private now(): number {
    return this.clock.known ? this.clock.now(this.ports.now()) : 0;
  }

  private schedule(atOnce: boolean): void {
    if (this.scheduled) return;
    if (!atOnce && this.ports.now() - this.publishedMs < publishEveryMs) return;
    this.scheduled = true;
    // In two frames: what is known is put together in one, and shown in the next. Both in one frame are more than fits.
    this.ports.beforePaint(() => {
      this.publishedMs = this.ports.now();
      const nowMs = this.now();
      const ready = this.frozen === undefined ? { nowMs, snapshot: this.follower.snapshot(nowMs) } : undefined;
      this.ports.beforePaint(() => {
        this.scheduled = false;
        this.publish(ready ?? { nowMs, snapshot: this.follower.snapshot(nowMs) });
      });
    });
  }

  private publish(ready: { nowMs: number; snapshot: GetSnapshotResponse | undefined }): void {
    const localMs = this.ports.now();
    const { nowMs, snapshot } = this.frozen ?? ready;
    if (this.notice !== undefined && localMs - this.noticeSince > noticeForMs) this.notice = undefined;
    if (!isEmpty(this.pending)) {
      if (localMs - this.pendingSince > pendingForMs) this.pending = {};
      else if (snapshot !== undefined) {
        this.pending = settle(this.pending, {
          replicas: snapshot.deployment?.replicas,
          running: snapshot.running,
          traffic: snapshot.traffic,
          lanes: snapshot.lanes.map(({ id }) => id),
        });
      }
    }
    this.view = {
      phase: this.phase,
      snapshot,
      nowMs,
      silentMs: this.phase.kind === 'live' || this.heardMs === 0 ? 0 : localMs - this.heardMs,
      frozen: this.frozen !== undefined,
      pending: this.pending,
      notice: this.notice,
      access: this.access,
    };
    for (const listener of this.listeners) listener();
  }
}
