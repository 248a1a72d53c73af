/**
 * The thread that owns the files: SQLite's calls wait for the disk, and a call of the traffic must not.
 * Requests are answered one after the other, in their order, but for an import, which others may overtake.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Library, type LibraryOptions } from './library.ts';

export interface Request {
  readonly id: number;
  readonly method: keyof Library;
  readonly args: readonly unknown[];
}

export type Reply =
  | { readonly id: number; readonly value: unknown }
  /** Something nobody foresaw. */
  | { readonly id: number; readonly error: string };

/** Besides with every run that begins. */
const pruneEveryMs = 60_000;

const port = parentPort;
if (port === null) throw new Error('this is the program of a thread');
const library = new Library(workerData as LibraryOptions);
const pruning = setInterval(() => {
  try {
    library.prune();
  } catch {
    // Full, locked or damaged: the next write says so.
  }
}, pruneEveryMs);

port.on('message', async ({ id, method, args }: Request) => {
  let reply: Reply;
  try {
    const call = library[method] as (...args: unknown[]) => unknown;
    reply = { id, value: await call.apply(library, [...args]) };
  } catch (error) {
    reply = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  port.postMessage(reply);
  if (method === 'close') {
    clearInterval(pruning);
    port.close();
  }
});
