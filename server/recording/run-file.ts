import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type RunInfo, RunInfoSchema } from '../../gen/lbscope/agent/v1/runs_pb.js';
import { type Event, EventSchema, type Frame } from '../../gen/lbscope/events/v1/events_pb.js';
import type { Keyframe } from '../../gen/lbscope/recording/v1/recording_pb.js';
import { toMs } from '../../model/time.ts';
import { packFrames, packKeyframe, unpackEvent, unpackFrames, unpackKeyframe } from './blob.ts';
import { chunkMs, mediumMs, merged, windows } from './chunks.ts';
import { DamagedError } from './fault.ts';
import { migrate } from './schema.ts';

/** How long another program may hold the file before that is a fault. */
const busyMs = 1_000;

export interface RunRow {
  readonly info: RunInfo;
  readonly endedAt: number | undefined;
  readonly deletedAt: number | undefined;
  readonly writerPid: number | undefined;
}

/** What one transaction adds to a run. */
export interface Added {
  readonly frames: readonly Frame[];
  readonly events: readonly Event[];
  /** The state after these. */
  readonly keyframe?: Keyframe | undefined;
}

export interface FrameSlice {
  readonly frames: Frame[];
  readonly resolutionMs: number;
  /** The answer ends here for want of room; undefined: it is whole. */
  readonly moreFrom: number | undefined;
}

type Column = 'coarse' | 'medium' | 'fine';

/**
 * One run in one file. Every method is one transaction or one read; what SQLite refuses is thrown (fault.ts reads it)
 * and leaves the file as it was.
 */
export class RunFile {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** Frames that are not yet in a chunk, oldest first, once this object has written any. */
  #tail: readonly Frame[] | undefined;

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Opens a file, or makes it. Throws also when it is of a newer lbscope or of another program. */
  static open(path: string): RunFile {
    const db = new DatabaseSync(path);
    try {
      db.exec(`PRAGMA busy_timeout = ${busyMs}`);
      // Before the first table, or it has no effect: room that thinning frees goes back to the disk.
      db.exec('PRAGMA auto_vacuum = INCREMENTAL');
      db.exec('PRAGMA journal_mode = WAL');
      // In WAL mode NORMAL loses nothing when a process dies, and the last second when the machine does.
      db.exec('PRAGMA synchronous = NORMAL');
      const prepared = migrate(db);
      if (prepared.kind === 'foreign') throw new ForeignFileError(prepared.message);
      return new RunFile(db);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  #sql(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#db.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  #get(text: string, ...values: SQLInputValue[]): Record<string, unknown> | undefined {
    return this.#sql(text).get(...values);
  }

  #transaction(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      // A full disk may have rolled back by itself.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  // ---- the run itself

  row(): RunRow | undefined {
    const row = this.#get('SELECT last_at, ended_at, deleted_at, writer_pid, info FROM run');
    if (row === undefined) return undefined;
    let info: RunInfo;
    try {
      info = fromBinary(RunInfoSchema, row.info as Uint8Array);
    } catch {
      throw new DamagedError('the description of the run cannot be read');
    }
    const number = (value: unknown) => (value === null ? undefined : Number(value));
    return {
      info,
      endedAt: number(row.ended_at),
      deletedAt: number(row.deleted_at),
      writerPid: number(row.writer_pid),
    };
  }

  /** Describes the run, for the first time or anew after a gap, and keeps the state that it begins with. */
  begin(info: RunInfo, writerPid: number | undefined, keyframe: Keyframe): void {
    this.#transaction(() => {
      this.#sql(
        'INSERT INTO run (id, run_id, started_at, last_at, writer_pid, info) VALUES (1, ?, ?, ?, ?, ?) ' +
          'ON CONFLICT (id) DO UPDATE SET last_at = excluded.last_at, writer_pid = excluded.writer_pid, info = excluded.info',
      ).run(info.runId, toMs(info.startedAt), toMs(info.lastAt), writerPid ?? null, bytesOf(info));
      this.#putKeyframe(keyframe);
    });
  }

  update(info: RunInfo): void {
    this.#sql('UPDATE run SET last_at = ?, info = ?').run(toMs(info.lastAt), bytesOf(info));
  }

  setDeleted(at: number | undefined): void {
    this.#sql('UPDATE run SET deleted_at = ?').run(at ?? null);
  }

  // ---- writing

  add(added: Added, info: RunInfo): void {
    let tail = [...this.#held(), ...added.frames];
    this.#transaction(() => {
      for (const event of added.events) {
        this.#sql('INSERT OR REPLACE INTO event (sequence, at, kind, body) VALUES (?, ?, ?, ?)').run(
          event.sequence,
          toMs(event.at),
          event.kind.case ?? '',
          toBinary(EventSchema, event),
        );
      }
      const [first] = added.frames;
      if (first !== undefined) {
        this.#sql('INSERT OR REPLACE INTO tail (first_sequence, body) VALUES (?, ?)').run(
          first.sequence,
          packFrames(added.frames),
        );
      }
      tail = this.#closeChunks(tail, false);
      if (added.keyframe !== undefined) this.#putKeyframe(added.keyframe);
      this.update(info);
    });
    // Only now: a transaction that is rolled back leaves the tail as it was.
    this.#tail = tail;
  }

  #putKeyframe(keyframe: Keyframe): void {
    const { sequence = 0, at } = keyframe.state ?? {};
    this.#sql('INSERT OR REPLACE INTO keyframe (sequence, at, body) VALUES (?, ?, ?)').run(
      sequence,
      toMs(at),
      packKeyframe(keyframe),
    );
  }

  /** All that is whole leaves the tail; `all`: the last, shorter chunk as well. */
  #closeChunks(tail: readonly Frame[], all: boolean): Frame[] {
    const parts = windows(tail, chunkMs);
    const open = all ? [] : (parts.pop() ?? []);
    for (const frames of parts) {
      const [first] = frames;
      const last = frames[frames.length - 1];
      if (first === undefined || last === undefined) continue;
      this.#sql(
        'INSERT OR REPLACE INTO chunk (first_sequence, last_sequence, from_ms, to_ms, frames, coarse, medium, fine) ' +
          'VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      ).run(
        first.sequence,
        last.sequence,
        toMs(first.from),
        toMs(last.to),
        frames.length,
        packFrames(merged(frames, chunkMs)),
        packFrames(merged(frames, mediumMs)),
        packFrames(frames),
      );
      this.#sql('DELETE FROM tail WHERE first_sequence <= ?').run(last.sequence);
    }
    // A batch may have stood on both sides of an edge: what is left of it is written again.
    const [first] = open;
    if (parts.length > 0 && first !== undefined) {
      this.#sql('INSERT OR REPLACE INTO tail (first_sequence, body) VALUES (?, ?)').run(
        first.sequence,
        packFrames(open),
      );
    }
    return open;
  }

  #held(): readonly Frame[] {
    if (this.#tail !== undefined) return this.#tail;
    const rows = this.#sql('SELECT body FROM tail ORDER BY first_sequence').all();
    return rows.flatMap(({ body }) => unpackFrames(body as Uint8Array));
  }

  /** The run is over: its last chunk is closed, and the file is one file again. */
  end(info: RunInfo, endedAt: number): void {
    this.#transaction(() => {
      this.#closeChunks(this.#held(), true);
      this.#sql('UPDATE run SET ended_at = ?, writer_pid = NULL, last_at = ?, info = ?').run(
        endedAt,
        toMs(info.lastAt),
        bytesOf(info),
      );
    });
    this.#tail = undefined;
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  /**
   * Makes room in a run that may not be deleted: the fine frames of its older half go, then, when none is left, its
   * older half itself. Answers what is left from when on; undefined: there is nothing to give.
   */
  thin(): { readonly fineSince?: number; readonly keptSince?: number } | undefined {
    const half = (where: string) =>
      this.#get(
        `SELECT from_ms, first_sequence FROM chunk ${where} ORDER BY first_sequence LIMIT 1 OFFSET ` +
          `(SELECT (count(*) + 1) / 2 FROM chunk ${where})`,
      );
    const fine = half('WHERE fine IS NOT NULL');
    let left: { fineSince?: number; keptSince?: number } | undefined;
    if (fine !== undefined) {
      this.#sql('UPDATE chunk SET fine = NULL WHERE first_sequence < ?').run(fine.first_sequence as number);
      left = { fineSince: fine.from_ms as number };
    } else {
      const middle = half('');
      const start =
        middle === undefined
          ? undefined
          : this.#get(
              'SELECT sequence, at FROM keyframe WHERE at >= ? ORDER BY sequence LIMIT 1',
              middle.from_ms as number,
            );
      if (start === undefined) return undefined;
      this.#transaction(() => {
        // The new first keyframe names frames and events from before it: those stay.
        const keyframe = unpackKeyframe(
          this.#get('SELECT body FROM keyframe WHERE sequence = ?', start.sequence as number)?.body as Uint8Array,
        );
        const named = keyframe.firstFrame > 0 ? keyframe.firstFrame : (start.sequence as number);
        this.#sql('DELETE FROM chunk WHERE last_sequence < ?').run(named);
        this.#sql('DELETE FROM event WHERE sequence < ?').run(Math.min(named, keyframe.eventSteps[0] ?? named));
        this.#sql('DELETE FROM keyframe WHERE sequence < ?').run(start.sequence as number);
      });
      left = { keptSince: start.at as number };
    }
    this.#db.exec('PRAGMA incremental_vacuum');
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    return left;
  }

  // ---- reading

  /** Frames that overlap [from, to), no coarser than asked and no more than `most`, but for one chunk. */
  frames(from: number, to: number, resolutionMs: number, most: number): FrameSlice {
    const column: Column = resolutionMs >= chunkMs ? 'coarse' : resolutionMs >= mediumMs ? 'medium' : 'fine';
    const stored = column === 'coarse' ? chunkMs : column === 'medium' ? mediumMs : 200;
    // Whole multiples of ten seconds: windows of chunks are windows of the answer.
    const widthMs = column === 'coarse' ? Math.floor(resolutionMs / chunkMs) * chunkMs : stored;
    const inside = (frame: Frame) => toMs(frame.to) > from && toMs(frame.from) < to;
    let frames: Frame[] = [];
    let moreFrom: number | undefined;
    // A chunk starts on its edge: what overlaps `from` begins at most one chunk before it.
    const rows = this.#sql(
      `SELECT to_ms, coalesce(${column}, medium) AS body FROM chunk WHERE from_ms >= ? AND from_ms < ? ORDER BY first_sequence`,
    ).iterate(from - chunkMs * 1.5, to);
    for (const row of rows) {
      frames.push(...unpackFrames(row.body as Uint8Array).filter(inside));
      // Merging comes after: at ten seconds and above the unmerged ones are few.
      if (frames.length >= most * (widthMs / stored)) {
        moreFrom = row.to_ms as number;
        break;
      }
    }
    if (moreFrom === undefined) {
      const tail = this.#held().filter(inside);
      frames.push(...(column === 'fine' ? tail : merged(tail, stored)));
    } else if (moreFrom >= to) moreFrom = undefined;
    if (widthMs > stored) frames = merged(frames, widthMs);
    return { frames, resolutionMs: widthMs, moreFrom };
  }

  /** Events in [from, to), of these kinds, in their order. */
  events(from: number, to: number, kinds: readonly string[], most: number): { events: Event[]; moreFrom?: number } {
    const marks = kinds.map(() => '?').join(', ');
    const rows = this.#sql(
      `SELECT at, body FROM event WHERE at >= ? AND at < ? ${kinds.length > 0 ? `AND kind IN (${marks})` : ''} ORDER BY at, sequence LIMIT ?`,
    ).all(from, Math.min(to, Number.MAX_VALUE), ...kinds, most + 1);
    const cut = rows.length > most ? (rows[most]?.at as number) : undefined;
    const kept = cut === undefined ? rows : rows.filter(({ at }) => (at as number) < cut);
    const events = kept.map(({ body }) => unpackEvent(body as Uint8Array)).sort((a, b) => a.sequence - b.sequence);
    return cut === undefined ? { events } : { events, moreFrom: cut };
  }

  /** The newest keyframe at or before the place; where there is none, the oldest. */
  keyframe(place: { readonly at: number } | { readonly sequence: number }): Keyframe | undefined {
    const [column, value] = 'at' in place ? (['at', place.at] as const) : (['sequence', place.sequence] as const);
    const row =
      this.#get(`SELECT body FROM keyframe WHERE ${column} <= ? ORDER BY sequence DESC LIMIT 1`, value) ??
      this.#get('SELECT body FROM keyframe ORDER BY sequence LIMIT 1');
    return row === undefined ? undefined : unpackKeyframe(row.body as Uint8Array);
  }

  /** All keyframes, oldest first. `skip` says after each how many to leave out. */
  *keyframes(skip: (keyframe: Keyframe) => number = () => 0): Generator<Keyframe> {
    let left = 0;
    for (const { body } of this.#sql('SELECT body FROM keyframe ORDER BY sequence').iterate()) {
      left -= 1;
      if (left >= 0) continue;
      const keyframe = unpackKeyframe(body as Uint8Array);
      yield keyframe;
      left = skip(keyframe) + 1;
    }
  }

  eventsNumbered(sequences: readonly number[]): Event[] {
    const select = this.#sql('SELECT body FROM event WHERE sequence = ?');
    return sequences.flatMap((sequence) => {
      const row = select.get(sequence);
      return row === undefined ? [] : [unpackEvent(row.body as Uint8Array)];
    });
  }

  /** Numbered from `first` to `last`, both included, in order; from as far back as they are kept fine, or else coarser. */
  *framesNumbered(first: number, last: number): Generator<Frame> {
    const rows = this.#sql(
      'SELECT coalesce(fine, medium) AS body FROM chunk WHERE last_sequence >= ? AND first_sequence <= ? ORDER BY first_sequence',
    ).iterate(first, last);
    const within = ({ sequence }: Frame) => sequence >= first && sequence <= last;
    for (const { body } of rows) yield* unpackFrames(body as Uint8Array).filter(within);
    yield* this.#held().filter(within);
  }

  *eventsAfter(sequence: number): Generator<Event> {
    for (const { body } of this.#sql('SELECT body FROM event WHERE sequence > ? ORDER BY sequence').iterate(sequence)) {
      yield unpackEvent(body as Uint8Array);
    }
  }

  /** SQLite's own check; the first of what it finds. */
  check(): string | undefined {
    const found = String(Object.values(this.#get('PRAGMA quick_check(1)') ?? { none: 'nothing' })[0]);
    return found === 'ok' ? undefined : found;
  }

  /** For tests: a disk that is full at this many pages. */
  limitPages(pages: number): void {
    this.#db.exec(`PRAGMA max_page_count = ${pages}`);
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }
}

export class ForeignFileError extends Error {}

function bytesOf(info: RunInfo): Uint8Array {
  return toBinary(RunInfoSchema, create(RunInfoSchema, info));
}
