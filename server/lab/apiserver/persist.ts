import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { LabStore } from './store.ts';
import { systemTimers, type TimerHandle, type Timers } from './time.ts';

export interface PersistOptions {
  store: LabStore;
  file: string;
  timers?: Timers;
  /** At most one write in this time; a change is on disk this much later at the latest. Default 200 ms. */
  intervalMs?: number;
  onFault?: (error: unknown) => void;
}

export type Loaded =
  | { readonly kind: 'restored'; readonly objects: number }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly problem: string };

/** Puts the file's objects into the store. A file that can't be read is said, not thrown: the lab starts afresh. */
export function loadSnapshot(store: LabStore, file: string): Loaded {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'absent' };
    return { kind: 'unreadable', problem: (error as Error).message };
  }
  try {
    const snapshot = JSON.parse(text);
    if (snapshot?.version !== 1 || !Array.isArray(snapshot.objects))
      return { kind: 'unreadable', problem: 'not a snapshot of this version' };
    store.restore(snapshot);
    return { kind: 'restored', objects: snapshot.objects.length };
  } catch (error) {
    return { kind: 'unreadable', problem: (error as Error).message };
  }
}

export interface Persistence {
  /** Writes now, if anything changed since the last time. */
  flush(): void;
  /** Writes what is left and stops. */
  close(): void;
}

/** Keeps a file up to date with the store: written aside and renamed, so that a crash leaves a whole one. */
export function persist(options: PersistOptions): Persistence {
  const { store, file } = options;
  const timers = options.timers ?? systemTimers;
  const onFault =
    options.onFault ?? ((error: unknown) => console.error('lab store: the snapshot was not written:', error));
  let timer: TimerHandle | undefined;
  let dirty = false;

  function write(): void {
    if (!dirty) return;
    dirty = false;
    try {
      mkdirSync(dirname(file), { recursive: true });
      const aside = `${file}.${process.pid}.tmp`;
      writeFileSync(aside, JSON.stringify(store.snapshot()));
      renameSync(aside, file);
    } catch (error) {
      onFault(error);
    }
  }

  const stopListening = store.onChange(() => {
    dirty = true;
    timer ??= timers.setTimeout(() => {
      timer = undefined;
      write();
    }, options.intervalMs ?? 200);
  });
  process.once('exit', write);

  return {
    flush: write,
    close() {
      stopListening();
      timer?.cancel();
      process.removeListener('exit', write);
      write();
    },
  };
}
