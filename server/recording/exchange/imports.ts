import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { faultOf } from '../fault.ts';
import type { Answer } from '../port.ts';
import type { Store } from '../store.ts';
import { importRun } from './import.ts';

/** Of a file as it is sent; what comes out of a gzipped one has a limit of its own. */
const mostBytes = 512 * 1024 * 1024;
const mostAtOnce = 2;
/** A sender that fell silent. */
const idleMs = 120_000;

interface Spool {
  readonly path: string;
  received: number;
  touchedAt: number;
  reading: boolean;
}

type Refused = Extract<Answer, { ok: false }>;

/** Files that are being taken in: gathered piece by piece beside the runs, and read when they are whole. */
export class Imports {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #spools = new Map<string, Spool>();

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
    // What an earlier agent had begun, nobody goes on with.
    for (const name of names(store.folder)) {
      if (/^import-[\w-]+\.(part|new)(-wal|-shm)?$/.test(name)) rmSync(join(store.folder, name), { force: true });
    }
  }

  add(piece: {
    importId?: string | undefined;
    offset: number;
    data: Uint8Array;
  }): { readonly ok: true; readonly importId: string; readonly received: number } | Refused {
    this.#forgetIdle();
    let importId = piece.importId;
    if (importId === undefined) {
      if (this.#spools.size >= mostAtOnce) {
        return refusal(
          'resource_exhausted',
          `${mostAtOnce} files are being taken in already, which is the most at once`,
        );
      }
      importId = randomUUID();
      mkdirSync(this.#store.folder, { recursive: true });
      const path = join(this.#store.folder, `import-${importId}.part`);
      this.#spools.set(importId, { path, received: 0, touchedAt: this.#now(), reading: false });
    }
    const spool = this.#spools.get(importId);
    if (spool === undefined || spool.reading) {
      return refusal('not_found', `importId is "${importId}": no such import is under way; begin again without one`);
    }
    if (piece.offset !== spool.received) {
      return refusal(
        'invalid_argument',
        `offset is ${piece.offset}: allowed is ${spool.received}, which is what was received`,
      );
    }
    if (spool.received + piece.data.length > mostBytes) {
      this.#drop(importId);
      return refusal('resource_exhausted', `the file has more than ${mostBytes} bytes, which is the most`);
    }
    try {
      appendFileSync(spool.path, piece.data);
    } catch (error) {
      this.#drop(importId);
      return refusal('unavailable', `the file cannot be taken in: ${faultOf(error).message}`);
    }
    spool.received += piece.data.length;
    spool.touchedAt = this.#now();
    return { ok: true, importId, received: spool.received };
  }

  async finish(importId: string): Promise<{ readonly ok: true; readonly runId: string } | Refused> {
    const spool = this.#spools.get(importId);
    if (spool === undefined) return refusal('not_found', `importId is "${importId}": no such import is under way`);
    spool.reading = true;
    const made = join(this.#store.folder, `import-${importId}.new`);
    try {
      const runId = randomUUID();
      const outcome = await importRun(spool.path, made, runId, this.#now());
      if (!outcome.ok)
        return refusal('invalid_argument', `the file is not a run that lbscope exported: ${outcome.message}`);
      renameSync(made, this.#store.pathOf(runId));
      return { ok: true, runId };
    } catch (error) {
      return refusal('unavailable', `the file cannot be taken in: ${faultOf(error).message}`);
    } finally {
      for (const part of ['', '-wal', '-shm']) rmSync(made + part, { force: true });
      this.#drop(importId);
    }
  }

  closeAll(): void {
    for (const importId of [...this.#spools.keys()]) this.#drop(importId);
  }

  #forgetIdle(): void {
    for (const [importId, spool] of this.#spools) {
      if (!spool.reading && this.#now() - spool.touchedAt > idleMs) this.#drop(importId);
    }
  }

  #drop(importId: string): void {
    const spool = this.#spools.get(importId);
    this.#spools.delete(importId);
    if (spool !== undefined) rmSync(spool.path, { force: true });
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function refusal(code: Refused['code'], message: string): Refused {
  return { ok: false, code, message };
}
