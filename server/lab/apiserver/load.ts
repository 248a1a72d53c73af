import type { KubeObject } from '../store-port.ts';
import { apiVersionOf, resources } from './resources.ts';
import type { LabStore } from './store.ts';
import type { Clock } from './time.ts';
import { createObject, patchObject, type WriteContext } from './writes.ts';

export interface LoadContext {
  readonly clock: Clock;
  readonly random: () => number;
  readonly allocateClusterIP: () => string | undefined;
}

export interface LoadResult {
  readonly created: number;
  readonly updated: number;
  /** Objects that could not be stored, with why; the others are there nevertheless. */
  readonly refused: readonly { readonly object: string; readonly problem: string }[];
}

/**
 * Creates the given objects, or applies them where they exist (replicas that a person changed meanwhile stay as they
 * are). Namespaces first. Called at boot with k8s/base; never throws for what an object says.
 */
export function loadManifests(store: LabStore, objects: readonly KubeObject[], context: LoadContext): LoadResult {
  const write: WriteContext = { store, ...context };
  const order = (object: KubeObject) => (object.kind === 'Namespace' ? 0 : 1);
  let created = 0;
  let updated = 0;
  const refused: { object: string; problem: string }[] = [];
  for (const given of [...objects].sort((a, b) => order(a) - order(b))) {
    const label = `${given?.kind}/${given?.metadata?.name}`;
    const resource = resources.find((each) => each.kind === given?.kind && apiVersionOf(each) === given.apiVersion);
    if (resource === undefined) {
      refused.push({ object: label, problem: `${given?.apiVersion} ${given?.kind} is not served by the lab` });
      continue;
    }
    const namespace = resource.namespaced ? (given.metadata.namespace ?? 'default') : undefined;
    const { name } = given.metadata;
    try {
      const before = store.get(resource.kind, namespace, name);
      if (before === undefined) {
        createObject(write, given, { resource, namespace, dryRun: false });
        created++;
        continue;
      }
      const body = structuredClone(given);
      if (resource.kind === 'Deployment' && body.spec?.replicas !== undefined) delete body.spec.replicas;
      const after = patchObject(write, 'apply', body, { resource, namespace, name, dryRun: false }, 'lab-boot');
      if (after.metadata.resourceVersion !== before.metadata.resourceVersion) updated++;
    } catch (error) {
      refused.push({ object: label, problem: error instanceof Error ? error.message : String(error) });
    }
  }
  return { created, updated, refused };
}
