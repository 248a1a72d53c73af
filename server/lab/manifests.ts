import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import type { KubeObject } from './store-port.ts';

export type Manifests =
  | { readonly kind: 'objects'; readonly objects: KubeObject[] }
  | { readonly kind: 'fault'; readonly reason: string };

/**
 * The objects that a folder's kustomization.yaml lists under `resources`, in its order; nothing else of kustomize.
 * A listed folder is read in the same way.
 */
export function readManifests(folder: string): Manifests {
  const objects: KubeObject[] = [];
  let file = join(folder, 'kustomization.yaml');
  try {
    const resources: unknown = parse(readFileSync(file, 'utf8'))?.resources;
    if (!Array.isArray(resources)) return { kind: 'fault', reason: `${file} has no list "resources"` };
    for (const resource of resources) {
      file = join(folder, String(resource));
      if (statSync(file).isDirectory()) {
        const below = readManifests(file);
        if (below.kind === 'fault') return below;
        objects.push(...below.objects);
        continue;
      }
      for (const document of parseAllDocuments(readFileSync(file, 'utf8'))) {
        const [error] = document.errors;
        if (error) return { kind: 'fault', reason: `${file} is not YAML: ${error.message.split('\n')[0]}` };
        const object = document.toJS();
        if (object !== null) objects.push(object);
      }
    }
    return { kind: 'objects', objects };
  } catch (error) {
    return { kind: 'fault', reason: `${file} can't be read: ${(error as Error).message}` };
  }
}
