import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Environment } from './clock.ts';

/** Where this checkout keeps what the lab starts and boots from, whether it runs as dist/lab.mjs or from source. */
export interface Folders {
  /** pod.mjs and keeper.mjs. */
  readonly dist: string;
  /** kustomization.yaml and the objects it lists. */
  readonly base: string;
  readonly envoyCache: string;
}

export function findFolders(
  env: Environment,
  base: string | undefined,
  from = fileURLToPath(import.meta.url),
): Folders {
  let root = dirname(from);
  while (!existsSync(join(root, 'package.json')) && dirname(root) !== root) root = dirname(root);
  const dist = resolve(env.LBSCOPE_DIST ?? join(root, 'dist'));
  return { dist, base: resolve(base ?? join(root, 'k8s', 'base')), envoyCache: join(root, '.cache', 'envoy') };
}
