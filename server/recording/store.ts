import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { clone, create, fromBinary } from '@bufbuild/protobuf';
import { GapSchema, type RunInfo, RunInfoSchema } from '../../gen/lbscope/agent/v1/runs_pb.js';
import { BatchSchema, KeyframeSchema } from '../../gen/lbscope/recording/v1/recording_pb.js';
import { fromMs, toMs } from '../../model/time.ts';
import { type Fault, faultOf, NotBegunError } from './fault.ts';
import type { Answer, Item, Limits, Wrote } from './port.ts';
import { ForeignFileError, RunFile } from './run-file.ts';
import { count, describe } from './tally.ts';

/** For how long a deleted run can be taken back. */
export const undoMs = 10 * 60_000;

const suffix = '.run';
/** Also keeps ids from being paths. */
const idPattern = /^[\w-]{1,64}$/;
/** Opened files besides the one that is written. */
const mostOpen = 4;
const dayMs = 86_400_000;
/** A run that is recorded is written twice a second: one that was not for this long is not, whoever has its writer's pid now. */
const silentMs = 10 * 60_000;

export interface StoreOptions {
  readonly folder: string;
  readonly limits: Limits;
  /** Wall clock, milliseconds. */
  readonly now: () => number;
  readonly pid?: number;
  readonly isAlive?: (pid: number) => boolean;
  /** For tests: files with a disk of their own. */
  readonly openFile?: (path: string) => RunFile;
}

interface Live {
  readonly runId: string;
  file: RunFile;
  info: RunInfo;
}

export interface Listing {
  /** Newest first; the deleted ones that can be taken back are not among them. */
  readonly runs: readonly RunInfo[];
  readonly bytes: number;
  readonly setAside: readonly string[];
}

/**
 * The folder of runs, one file each, so that a damaged file costs one run and deleting one gives its room back.
 * Synchronous, as SQLite is in Node: it lives in a thread of its own (thread.ts).
 */
export class Store {
  readonly #options: StoreOptions;
  readonly #opened = new Map<string, RunFile>();
  readonly #known = new Map<string, RunInfo>();
  /** Files of a newer lbscope or of another program, by id: left as they are. */
  readonly #foreign = new Set<string>();
  #live: Live | undefined;

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  get folder(): string {
    return this.#options.folder;
  }

  // ---- writing

  write(items: readonly Item[]): Wrote {
    let done = 0;
    for (const item of items) {
      try {
        this.#writeOne(item);
      } catch (error) {
        const fault = faultOf(error);
        const runId = item.kind === 'begin' ? item.runId : this.#live?.runId;
        return {
          done,
          fault: fault.kind === 'damaged' && runId !== undefined ? this.#leaveDamaged(runId, fault) : fault,
        };
      }
      done += 1;
    }
    return { done };
  }

  #writeOne(item: Item): void {
    switch (item.kind) {
      case 'begin':
        this.#begin(item);
        return;
      case 'batch': {
        const live = this.#live;
        if (live === undefined) throw new NotBegunError();
        const { frames, events } = fromBinary(BatchSchema, item.batch);
        const keyframe = item.keyframe === undefined ? undefined : fromBinary(KeyframeSchema, item.keyframe);
        const info = clone(RunInfoSchema, live.info);
        count(info, frames, events);
        live.file.add({ frames, events, keyframe }, info);
        live.info = info;
        return;
      }
      case 'end':
        this.#end(item.at);
        return;
    }
  }

  #begin({ runId, keyframe: bytes, gap }: Item & { kind: 'begin' }): void {
    if (!idPattern.test(runId)) throw new Error('the id of the run is not one');
    const keyframe = fromBinary(KeyframeSchema, bytes);
    const { state } = keyframe;
    if (state === undefined) throw new Error('a keyframe without a state');
    if (this.#live !== undefined && this.#live.runId !== runId) this.#end(toMs(this.#live.info.lastAt));
    mkdirSync(this.folder, { recursive: true });
    const file = this.#live?.file ?? this.#open(runId);
    const info = clone(RunInfoSchema, file.row()?.info ?? describe(state));
    if (gap !== undefined) {
      info.gaps.push(
        create(GapSchema, { from: fromMs(gap.from), to: state.at ?? fromMs(gap.from), reason: gap.reason }),
      );
    }
    file.begin(info, this.#pid, keyframe);
    this.#opened.delete(runId);
    this.#live = { runId, file, info };
    this.prune();
  }

  #end(at: number): void {
    const live = this.#live;
    if (live === undefined) return;
    live.file.end(live.info, at);
    live.file.close();
    this.#live = undefined;
    this.#known.delete(live.runId);
  }

  /** A damaged file is never deleted and never written again: someone may want to mend it. */
  #leaveDamaged(runId: string, fault: Fault): Fault {
    try {
      this.#live?.file.close();
    } catch {
      // It is damaged; that is known.
    }
    this.#live = undefined;
    this.#close(runId);
    const name = this.#setAside(runId);
    return { kind: 'damaged', message: `${fault.message}; it was kept aside as ${name}`, anew: true };
  }

  #setAside(runId: string): string {
    const stamp = new Date(this.#options.now()).toISOString().replace(/[-:]|\.\d+/g, '');
    const name = `${runId}.damaged-${stamp}`;
    for (const part of ['', '-wal', '-shm']) {
      const from = this.#path(runId) + part;
      if (existsSync(from)) renameSync(from, join(this.folder, name + part));
    }
    this.#known.delete(runId);
    return name;
  }

  // ---- the list

  list(): Listing {
    const ids = this.#ids();
    const runs: RunInfo[] = [];
    let bytes = 0;
    for (const id of ids) {
      const info = this.#infoOf(id);
      bytes += this.#bytes(id);
      if (info !== undefined && info.undeleteUntil === undefined) runs.push(info);
    }
    for (const known of this.#known.keys()) if (!ids.includes(known)) this.#known.delete(known);
    runs.sort((a, b) => toMs(b.startedAt) - toMs(a.startedAt) || (a.runId < b.runId ? -1 : 1));
    return {
      runs,
      bytes,
      setAside: this.#names().filter(
        (name) => (/\.damaged-\w+$/.test(name) && !/-(wal|shm)$/.test(name)) || this.#foreign.has(idOf(name)),
      ),
    };
  }

  /** Undefined: there is none, or it was deleted. */
  info(runId: string): RunInfo | undefined {
    if (!idPattern.test(runId) || !existsSync(this.#path(runId))) return undefined;
    return this.#infoOf(runId);
  }

  #infoOf(runId: string): RunInfo | undefined {
    if (this.#live?.runId === runId) {
      return { ...clone(RunInfoSchema, this.#live.info), state: 'live', bytes: this.#bytes(runId) };
    }
    const known = this.#known.get(runId);
    if (known !== undefined) return { ...known, bytes: this.#bytes(runId) };
    if (this.#foreign.has(runId)) return undefined;
    try {
      const row = this.#open(runId).row();
      // Made this instant, or its first transaction was lost: nothing to show, and nothing lost.
      if (row === undefined) return undefined;
      const info = clone(RunInfoSchema, row.info);
      const other =
        row.endedAt === undefined &&
        row.writerPid !== undefined &&
        this.#writtenBy(row.writerPid, toMs(row.info.lastAt));
      info.state = row.endedAt !== undefined ? 'ended' : other ? 'live' : 'cut';
      if (!other) info.endedAt = fromMs(row.endedAt ?? toMs(info.lastAt));
      if (row.deletedAt !== undefined) info.undeleteUntil = fromMs(row.deletedAt + undoMs);
      // What another process writes changes under our hands.
      if (!other) this.#known.set(runId, info);
      else this.#close(runId);
      return { ...info, bytes: this.#bytes(runId) };
    } catch (error) {
      if (error instanceof ForeignFileError) this.#foreign.add(runId);
      if (faultOf(error).kind === 'damaged') {
        this.#close(runId);
        this.#setAside(runId);
      }
      return undefined;
    }
  }

  /** Changes what a person may change of a run's description. */
  change(runId: string, edit: (info: RunInfo) => void): RunInfo | undefined {
    const live = this.#live?.runId === runId ? this.#live : undefined;
    const file = live?.file ?? this.#open(runId);
    const kept = live?.info ?? file.row()?.info;
    if (kept === undefined) return undefined;
    const info = clone(RunInfoSchema, kept);
    edit(info);
    file.update(info);
    if (live !== undefined) live.info = info;
    this.#known.delete(runId);
    return this.#infoOf(runId);
  }

  setDeleted(runId: string, at: number | undefined): void {
    this.#open(runId).setDeleted(at);
    this.#known.delete(runId);
  }

  /** What a caller is told of a file that could not be read or written; a damaged one is kept aside. */
  refused(runId: string, error: unknown): Answer {
    const fault = faultOf(error);
    if (fault.kind !== 'damaged')
      return { ok: false, code: 'unavailable', message: `run "${runId}": ${fault.message}` };
    // The live one is left to the recorder, which meets the same damage and begins anew.
    if (this.#live?.runId === runId)
      return { ok: false, code: 'data_loss', message: `run "${runId}": ${fault.message}` };
    this.#close(runId);
    const name = this.#setAside(runId);
    return { ok: false, code: 'data_loss', message: `run "${runId}": ${fault.message}; it was kept aside as ${name}` };
  }

  // ---- limits

  /** Deletes what is past its time, then the oldest until all fits; thins the run that is live when it alone is too large. */
  prune(): void {
    const { limits, now } = this.#options;
    const infos = this.#ids()
      .flatMap((id) => this.#infoOf(id) ?? [])
      .sort((a, b) => toMs(a.startedAt) - toMs(b.startedAt));
    let bytes = infos.reduce((sum, info) => sum + info.bytes, 0);
    for (const info of infos) {
      if (info.state === 'live') continue;
      const old = now() - toMs(info.endedAt) > limits.days * dayMs;
      const gone = info.undeleteUntil !== undefined && toMs(info.undeleteUntil) <= now();
      if (!old && !gone && bytes <= limits.bytes) continue;
      this.#remove(info.runId);
      bytes -= info.bytes;
    }
    while (bytes > limits.bytes && this.#live !== undefined) {
      const { file, runId } = this.#live;
      const before = this.#bytes(runId);
      const left = file.thin();
      if (left === undefined) return;
      const info = clone(RunInfoSchema, this.#live.info);
      if (left.fineSince !== undefined) info.fineSince = fromMs(left.fineSince);
      if (left.keptSince !== undefined) {
        info.gaps = info.gaps.filter(({ to }) => toMs(to) > (left.keptSince ?? 0));
        info.gaps.unshift(
          create(GapSchema, {
            from: info.startedAt as NonNullable<typeof info.startedAt>,
            to: fromMs(left.keptSince),
            reason: 'given up for want of room',
          }),
        );
      }
      file.update(info);
      this.#live.info = info;
      bytes -= before - this.#bytes(runId);
    }
  }

  #remove(runId: string): void {
    this.#close(runId);
    for (const part of ['', '-wal', '-shm']) rmSync(this.#path(runId) + part, { force: true });
    this.#known.delete(runId);
  }

  // ---- files

  /** The file of a run, to read. Undefined: there is none, or it was deleted. */
  file(runId: string): RunFile | undefined {
    if (this.#live?.runId === runId) return this.#live.file;
    const info = this.info(runId);
    return info === undefined || info.undeleteUntil !== undefined ? undefined : this.#open(runId);
  }

  #open(runId: string): RunFile {
    const open = this.#opened.get(runId) ?? (this.#options.openFile ?? RunFile.open)(this.#path(runId));
    // The newest last; the one that nobody asked for longest goes.
    this.#opened.delete(runId);
    this.#opened.set(runId, open);
    const [oldest] = this.#opened.keys();
    if (this.#opened.size > mostOpen && oldest !== undefined) this.#close(oldest);
    return open;
  }

  #close(runId: string): void {
    const open = this.#opened.get(runId);
    this.#opened.delete(runId);
    try {
      open?.close();
    } catch {
      // A file that cannot be closed is let go of.
    }
  }

  #names(): string[] {
    try {
      return readdirSync(this.folder);
    } catch {
      return [];
    }
  }

  #ids(): string[] {
    return this.#names().flatMap((name) => {
      const id = idOf(name);
      return name.endsWith(suffix) && idPattern.test(id) ? [id] : [];
    });
  }

  #path(runId: string): string {
    return join(this.folder, runId + suffix);
  }

  /** Where the file of a run is, or would be. The id was checked. */
  pathOf(runId: string): string {
    return this.#path(runId);
  }

  #bytes(runId: string): number {
    let bytes = 0;
    for (const part of ['', '-wal']) {
      bytes += statSync(this.#path(runId) + part, { throwIfNoEntry: false })?.size ?? 0;
    }
    return bytes;
  }

  get #pid(): number {
    return this.#options.pid ?? process.pid;
  }

  #writtenBy(pid: number, lastAt: number): boolean {
    const { now, isAlive: alive = isAlive } = this.#options;
    return pid !== this.#pid && now() - lastAt < silentMs && alive(pid);
  }

  close(): void {
    for (const id of [...this.#opened.keys()]) this.#close(id);
    this.#live?.file.close();
    this.#live = undefined;
  }
}

function idOf(name: string): string {
  return name.slice(0, -suffix.length);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
