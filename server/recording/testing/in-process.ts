import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Library, type LibraryOptions } from '../library.ts';
import type { RemoteLibrary } from '../remote.ts';

/** For tests: a folder that is gone after `remove`. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'lbscope-recordings-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** For tests: the library without its thread. */
export function inProcess(options: Partial<LibraryOptions> & { folder: string }): RemoteLibrary {
  const library = new Library({ limits: { bytes: 1e9, days: 30 }, ...options });
  return new Proxy({} as RemoteLibrary, {
    get:
      (_, method: keyof Library) =>
      async (...args: unknown[]) =>
        (library[method] as (...given: unknown[]) => unknown).apply(library, args),
  });
}
