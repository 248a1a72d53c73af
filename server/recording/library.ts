import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  GetRunResponseSchema,
  GetSnapshotResponseSchema,
  ReadHistoryResponseSchema,
} from '../../gen/lbscope/agent/v1/agent_pb.js';
import {
  DeleteRunResponseSchema,
  ImportRunResponseSchema,
  ListRunsResponseSchema,
  type RunInfo,
  UndeleteRunResponseSchema,
  UpdateRunResponseSchema,
} from '../../gen/lbscope/agent/v1/runs_pb.js';
import { toSnapshot } from '../../model/run.ts';
import { fromMs, toMs } from '../../model/time.ts';
import { Exports, type Opened } from './exchange/exports.ts';
import type { ExportFormat } from './exchange/formats.ts';
import { Imports } from './exchange/imports.ts';
import type { Answer, Item, Limits, Wrote } from './port.ts';
import { allChanges, runAt } from './replay.ts';
import type { RunFile } from './run-file.ts';
import { Store, undoMs } from './store.ts';

export interface LibraryOptions {
  readonly folder: string;
  readonly limits: Limits;
  readonly now?: () => number;
}

/** Of one answer: about 3 MB. Who wants more asks on from where it ended. */
const mostFrames = 3_000;
const mostEvents = 10_000;
const pageSize = 50;

/**
 * What can be asked of the recorded runs. Everything goes in and comes out as plain, cloneable data, as this lives in a
 * thread of its own: reading an hour must not delay a call. Answers are protobuf's bytes, made where they cost nobody.
 */
export class Library {
  readonly #store: Store;
  readonly #limits: Limits;
  readonly #now: () => number;
  readonly #exports = new Exports();
  readonly #imports: Imports;

  constructor({ folder, limits, now = Date.now }: LibraryOptions) {
    this.#limits = limits;
    this.#now = now;
    this.#store = new Store({ folder, limits, now });
    this.#imports = new Imports(this.#store, now);
  }

  write(items: readonly Item[]): Wrote {
    return this.#store.write(items);
  }

  prune(): void {
    this.#store.prune();
  }

  listRuns(asked: {
    search?: string | undefined;
    pageSize?: number | undefined;
    pageToken?: string | undefined;
  }): Answer {
    const { runs, bytes, setAside } = this.#store.list();
    const found = runs.filter((info) => matches(info, asked.search ?? ''));
    const after = placeOf(asked.pageToken ?? '');
    const from = after === undefined ? 0 : found.findIndex((info) => isAfter(info, after));
    const page = from < 0 ? [] : found.slice(from, from + (asked.pageSize ?? pageSize));
    const last = page[page.length - 1];
    const more = last !== undefined && from + page.length < found.length;
    return answer(ListRunsResponseSchema, {
      runs: page,
      nextPageToken: more ? tokenOf(last) : '',
      total: found.length,
      bytes,
      bytesLimit: this.#limits.bytes,
      daysLimit: this.#limits.days,
      setAside: [...setAside],
    });
  }

  getRun(runId: string): Answer {
    return this.#with(runId, (file, info) => answer(GetRunResponseSchema, { run: info, changes: allChanges(file) }));
  }

  updateRun(
    runId: string,
    change: { name?: string | undefined; notes?: string | undefined; tags?: readonly string[] | undefined },
  ): Answer {
    return this.#with(runId, (_, info) => {
      const changed = this.#store.change(runId, (kept) => {
        if (change.name !== undefined) kept.name = change.name.trim();
        if (change.notes !== undefined) kept.notes = change.notes;
        if (change.tags !== undefined) kept.tags = [...new Set(change.tags.map((tag) => tag.trim()).filter(Boolean))];
      });
      return answer(UpdateRunResponseSchema, { run: changed ?? info });
    });
  }

  deleteRun(runId: string): Answer {
    return this.#with(runId, (_, info) => {
      if (info.state === 'live') {
        return refusal('failed_precondition', `run "${runId}" is live: begin a new run first, then delete this one`);
      }
      const at = this.#now();
      this.#store.setDeleted(runId, at);
      return answer(DeleteRunResponseSchema, { undeleteUntil: fromMs(at + undoMs) });
    });
  }

  undeleteRun(runId: string): Answer {
    const deleted = this.#store.info(runId);
    if (deleted?.undeleteUntil !== undefined && toMs(deleted.undeleteUntil) <= this.#now()) {
      return refusal('not_found', `run "${runId}" was deleted, and its time to come back is over`);
    }
    if (deleted !== undefined) this.#store.setDeleted(runId, undefined);
    return this.#with(runId, (_, info) => answer(UndeleteRunResponseSchema, { run: info }));
  }

  /** The snapshot that the page had at this moment; `at` absent: at the end. */
  snapshot(runId: string, at: number | undefined): Answer {
    return this.#with(runId, (file, info) => {
      const [first, last] = [toMs(info.startedAt), toMs(info.lastAt)];
      if (at !== undefined && (at < first - 1_000 || at > last + 1_000)) {
        return refusal('out_of_range', `at is ${iso(at)}: the run lasted from ${iso(first)} to ${iso(last)}`);
      }
      const run = runAt(file, { at: at ?? Number.MAX_VALUE });
      if (run === undefined) return refusal('not_found', `of run "${runId}" no state is kept`);
      return answer(GetSnapshotResponseSchema, toSnapshot(run, at ?? run.clock));
    });
  }

  readHistory(
    runId: string,
    asked: { from?: number | undefined; to?: number | undefined; resolutionMs: number; kinds: readonly string[] },
  ): Answer {
    return this.#with(runId, (file, info) => {
      const from = asked.from ?? toMs(info.startedAt);
      const to = asked.to ?? Number.MAX_VALUE;
      const read = file.frames(from, to, asked.resolutionMs, mostFrames);
      const { events, moreFrom } = file.events(from, Math.min(to, read.moreFrom ?? to), asked.kinds, mostEvents);
      // Both end at the same instant, so that the caller can ask on from there.
      const frames = moreFrom === undefined ? read.frames : read.frames.filter((frame) => toMs(frame.from) < moreFrom);
      const more = moreFrom ?? read.moreFrom;
      return answer(ReadHistoryResponseSchema, {
        runId,
        frames,
        events,
        resolutionMs: read.resolutionMs,
        since: info.startedAt as NonNullable<typeof info.startedAt>,
        ...(more === undefined ? {} : { moreFrom: fromMs(more) }),
      });
    });
  }

  /** Begins an export; its bytes are fetched piece by piece, so that no more than one of them is in memory. */
  exportOpen(runId: string, format: ExportFormat, resolutionMs: number): Answer | Opened {
    let opened: Opened | undefined;
    const refused = this.#with(runId, (_, info) => {
      opened = this.#exports.open(this.#store.pathOf(runId), info, format, resolutionMs);
      return { ok: true, body: new Uint8Array() };
    });
    return opened ?? refused;
  }

  /** Undefined: that was all. */
  exportNext(exportId: number): Uint8Array | undefined {
    return this.#exports.next(exportId);
  }

  exportClose(exportId: number): void {
    this.#exports.close(exportId);
  }

  /** A piece of a file that is taken in; with the last one it is read, checked, and becomes a run or a refusal. */
  async importRun(piece: {
    importId?: string | undefined;
    offset: number;
    data: Uint8Array;
    last: boolean;
  }): Promise<Answer> {
    const taken = this.#imports.add(piece);
    if (!taken.ok) return taken;
    const { importId, received } = taken;
    if (!piece.last) return answer(ImportRunResponseSchema, { importId, received });
    const outcome = await this.#imports.finish(importId);
    if (!outcome.ok) return outcome;
    const run = this.#store.info(outcome.runId);
    return answer(ImportRunResponseSchema, { importId, received, ...(run === undefined ? {} : { run }) });
  }

  close(): void {
    this.#exports.closeAll();
    this.#imports.closeAll();
    this.#store.close();
  }

  /** With a run that is there and can be read; whatever cannot is a refusal, and the file stays as it is. */
  #with(runId: string, work: (file: RunFile, info: RunInfo) => Answer): Answer {
    const info = this.#store.info(runId);
    const file = this.#store.file(runId);
    if (info === undefined || file === undefined) {
      return refusal('not_found', `there is no run "${runId}"; ListRuns names those there are`);
    }
    try {
      return work(file, info);
    } catch (error) {
      return this.#store.refused(runId, error);
    }
  }
}

export function answer<S extends DescMessage>(schema: S, init: MessageInitShape<S>): Answer {
  return { ok: true, body: toBinary(schema, create(schema, init)) };
}

export function refusal(code: Extract<Answer, { ok: false }>['code'], message: string): Answer {
  return { ok: false, code, message };
}

function matches(info: RunInfo, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const lanes = info.lanes.flatMap(({ id, label }) => [id, label]);
  const text = [info.name, info.notes, info.scenario, info.outcome, info.runId, info.clusterNamespace]
    .concat(info.tags, lanes)
    .join('\n')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

/** The place of a run in the list, so that runs that come or go between two pages move nothing. */
function tokenOf(info: RunInfo): string {
  return `${toMs(info.startedAt)}_${info.runId}`;
}

function placeOf(token: string): { at: number; runId: string } | undefined {
  const [, at, runId] = /^(\d+(?:\.\d+)?)_([\w-]+)$/.exec(token) ?? [];
  return at === undefined || runId === undefined ? undefined : { at: Number(at), runId };
}

function isAfter(info: RunInfo, place: { at: number; runId: string }): boolean {
  const at = toMs(info.startedAt);
  return at < place.at || (at === place.at && info.runId > place.runId);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
