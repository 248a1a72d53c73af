import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** k8s/ways-in of this checkout or image, whether it runs as dist/agent.mjs or from source. */
export function waysInFolder(from = fileURLToPath(import.meta.url)): string {
  const below = join('k8s', 'ways-in');
  let root = dirname(from);
  while (!existsSync(join(root, below)) && dirname(root) !== root) root = dirname(root);
  return join(root, below);
}
