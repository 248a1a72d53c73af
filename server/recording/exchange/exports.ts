import { gzipSync } from 'node:zlib';
import type { RunInfo } from '../../../gen/lbscope/agent/v1/runs_pb.js';
import type { Pod } from '../../../gen/lbscope/events/v1/events_pb.js';
import { toMs } from '../../../model/time.ts';
import { allChanges } from '../replay.ts';
import { RunFile } from '../run-file.ts';
import type { PodLook } from './chart.ts';
import { countsCsv, eventsCsv } from './csv.ts';
import type { ExportFormat } from './formats.ts';
import { runPage } from './html.ts';
import { toLines } from './lines.ts';

export interface Opened {
  readonly ok: true;
  readonly exportId: number;
  readonly fileName: string;
  readonly mediaType: string;
}

/** Open ones at once; the one that nobody asked for longest is closed. */
const mostOpen = 4;
const pieceBytes = 256 * 1024;
/** The page's charts have so many points at most. */
const chartParts = 300;

/** Exports that are under way. Each has a connection of its own, so that nobody closes the file under it. */
export class Exports {
  readonly #open = new Map<number, { file: RunFile; pieces: Generator<Uint8Array> }>();
  #last = 0;

  open(path: string, info: RunInfo, format: ExportFormat, resolutionMs: number): Opened {
    const file = RunFile.open(path);
    const id = ++this.#last;
    const text = textOf(file, info, format, resolutionMs);
    this.#open.set(id, { file, pieces: piecesOf(text, format === 'jsonl_gz') });
    const [oldest] = this.#open.keys();
    if (this.#open.size > mostOpen && oldest !== undefined) this.close(oldest);
    return { ok: true, exportId: id, fileName: fileName(info, format), mediaType: mediaTypes[format] };
  }

  next(id: number): Uint8Array | undefined {
    const open = this.#open.get(id);
    if (open === undefined) return undefined;
    // The newest last.
    this.#open.delete(id);
    this.#open.set(id, open);
    const step = open.pieces.next();
    if (step.done !== true) return step.value;
    this.close(id);
    return undefined;
  }

  close(id: number): void {
    const open = this.#open.get(id);
    this.#open.delete(id);
    if (open === undefined) return;
    open.pieces.return(undefined);
    open.file.close();
  }

  closeAll(): void {
    for (const id of [...this.#open.keys()]) this.close(id);
  }
}

const mediaTypes: Readonly<Record<ExportFormat, string>> = {
  jsonl: 'application/jsonl',
  jsonl_gz: 'application/gzip',
  csv: 'text/csv',
  events_csv: 'text/csv',
  html: 'text/html',
};

function textOf(file: RunFile, info: RunInfo, format: ExportFormat, resolutionMs: number): Iterable<string> {
  switch (format) {
    case 'jsonl':
    case 'jsonl_gz':
      return toLines(file, info);
    case 'csv':
      return countsCsv(file, resolutionMs);
    case 'events_csv':
      return eventsCsv(file);
    case 'html': {
      const spanMs = toMs(info.lastAt) - toMs(info.startedAt);
      const width = Math.max(2_000, Math.ceil(spanMs / chartParts / 10_000) * 10_000);
      const coarse = spanMs < chartParts * 2_000 ? 2_000 : width;
      const { frames } = file.frames(0, Number.MAX_VALUE, coarse, Number.MAX_SAFE_INTEGER);
      return [runPage(info, frames, allChanges(file), looks(file))];
    }
  }
}

/** Names and colours of all pods that the run ever had, oldest first. */
function looks(file: RunFile): Map<string, PodLook> {
  const pods = new Map<string, PodLook>();
  const add = ({ uid, handle, slot }: Pod) =>
    pods.set(uid, { handle: handle || uid.slice(0, 5), slot: slot <= 8 ? slot : 0 });
  for (const { state } of file.keyframes()) for (const pod of state?.pods ?? []) if (!pods.has(pod.uid)) add(pod);
  for (const { kind } of file.events(0, Number.MAX_VALUE, ['podAdded', 'podReady'], 100_000).events) {
    if ((kind.case === 'podAdded' || kind.case === 'podReady') && kind.value.pod && !pods.has(kind.value.pod.uid)) {
      add(kind.value.pod);
    }
  }
  return pods;
}

function* piecesOf(text: Iterable<string>, gzip: boolean): Generator<Uint8Array> {
  let waiting: string[] = [];
  let size = 0;
  const flush = () => {
    const bytes = Buffer.from(waiting.join(''));
    waiting = [];
    size = 0;
    // Members of one gzip file follow each other (RFC 1952, 2.2).
    return gzip ? gzipSync(bytes) : bytes;
  };
  for (const part of text) {
    waiting.push(part);
    size += part.length;
    if (size >= pieceBytes) yield flush();
  }
  if (size > 0) yield flush();
}

const endings: Readonly<Record<ExportFormat, string>> = {
  jsonl: 'jsonl',
  jsonl_gz: 'jsonl.gz',
  csv: 'csv',
  events_csv: 'events.csv',
  html: 'html',
};

/** Safe on any disk: what a person called it, as far as that goes. */
function fileName(info: RunInfo, format: ExportFormat): string {
  const name = (info.name || info.scenario || info.runId.slice(0, 8))
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60)
    .toLowerCase();
  const day = new Date(toMs(info.startedAt)).toISOString().slice(0, 16).replace(/[-:]/g, '');
  return `lbscope-${day}-${name || 'run'}.${endings[format]}`;
}
