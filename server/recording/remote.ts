import { Worker } from 'node:worker_threads';
import type { Library, LibraryOptions } from './library.ts';
import type { Disk } from './port.ts';
import type { Reply, Request } from './thread.ts';

type Methods = { readonly [K in keyof Library]: Library[K] };

/** The library as it is reached from outside its thread. */
export type RemoteLibrary = {
  readonly [K in keyof Methods]: (...args: Parameters<Methods[K]>) => Promise<Awaited<ReturnType<Methods[K]>>>;
};

/** Beside this file in the sources, beside the bundle in dist/. */
const program = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './recordings.mjs', import.meta.url);

/**
 * The thread of the recordings. Should it end without being asked, what was asked of it is rejected, `onLost` is told,
 * and the next question starts another.
 */
export function startLibrary(options: LibraryOptions, onLost: (error: Error) => void): RemoteLibrary {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let worker: Worker | undefined;
  let asked = 0;
  let closed = false;

  function start(): Worker {
    const started = new Worker(program, { workerData: options, name: 'recordings' });
    const end = (error: Error) => {
      if (worker !== started) return;
      worker = undefined;
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
      if (!closed) onLost(error);
    };
    started.on('message', (reply: Reply) => {
      const question = waiting.get(reply.id);
      waiting.delete(reply.id);
      if ('error' in reply) question?.reject(new Error(reply.error));
      else question?.resolve(reply.value);
    });
    started.on('error', end);
    started.on('exit', () => end(new Error('the thread of the recordings has ended')));
    return started;
  }

  function ask(method: keyof Library, args: readonly unknown[]): Promise<unknown> {
    if (closed) return Promise.reject(new Error('the recordings are closed'));
    if (method === 'close') closed = true;
    worker ??= start();
    return new Promise((resolve, reject) => {
      const id = ++asked;
      waiting.set(id, { resolve, reject });
      worker?.postMessage({ id, method, args } satisfies Request);
    });
  }

  return new Proxy({} as RemoteLibrary, {
    // A promise that holds this must not take it for another promise.
    get: (_, method: string) =>
      method === 'then' ? undefined : (...args: unknown[]) => ask(method as keyof Library, args),
  });
}

/** The library as the recorder writes to it: a thread that is lost is a fault like any other. */
export function diskOf(library: Pick<RemoteLibrary, 'write'>): Disk {
  return {
    write: (items) =>
      library.write(items).catch((error: unknown) => ({
        done: 0,
        fault: { kind: 'other', message: error instanceof Error ? error.message : String(error) },
      })),
  };
}
