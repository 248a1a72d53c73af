import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import type { Json, KubeObject } from '../store-port.ts';
import type { EnvSources } from './container-env.ts';

/** Folder of each of a pod's volumes by its name, or why the pod can't start yet (`FailedMount`). */
export type VolumesOutcome =
  | { readonly kind: 'volumes'; readonly folders: ReadonlyMap<string, string> }
  | { readonly kind: 'fault'; readonly message: string };

/** Makes the pod's volumes below `podDir`. An emptyDir that exists is kept: it lives as long as the pod. */
export function prepareVolumes(pod: KubeObject, podDir: string, data: EnvSources['data']): VolumesOutcome {
  const folders = new Map<string, string>();
  for (const volume of pod.spec.volumes ?? []) {
    const folder = join(podDir, 'volumes', String(volume.name));
    mkdirSync(folder, { recursive: true });
    folders.set(volume.name, folder);
    if (volume.emptyDir) continue;
    const [kind, source, name] = volume.configMap
      ? (['ConfigMap', volume.configMap, volume.configMap.name] as const)
      : (['Secret', volume.secret, volume.secret?.secretName] as const);
    if (!source) {
      const [type] = Object.keys(volume).filter((key) => key !== 'name');
      return {
        kind: 'fault',
        message: `volume "${volume.name}" is a ${type}: the lab knows emptyDir, configMap, secret`,
      };
    }
    const content = data(kind, name);
    if (content === undefined) {
      if (source.optional) continue;
      return {
        kind: 'fault',
        message: `MountVolume.SetUp failed for volume "${volume.name}" : ${kind.toLowerCase()} "${name}" not found`,
      };
    }
    const fault = writeFiles(folder, content, source.items);
    if (fault) return { kind: 'fault', message: `MountVolume.SetUp failed for volume "${volume.name}" : ${fault}` };
  }
  return { kind: 'volumes', folders };
}

function writeFiles(folder: string, content: Record<string, string>, items: Json[] | undefined): string | undefined {
  const files =
    items?.map(({ key, path }) => ({ key, path })) ?? Object.keys(content).map((key) => ({ key, path: key }));
  for (const { key, path } of files) {
    const value = content[key];
    if (value === undefined) return `references non-existent config key: ${key}`;
    const file = resolve(folder, path);
    if (!file.startsWith(folder + sep)) return `path "${path}" leaves the volume`;
    mkdirSync(resolve(file, '..'), { recursive: true });
    writeFileSync(file, value);
  }
  return undefined;
}

/**
 * The lab has no container filesystem: where a value of the environment or the arguments begins with a mount path,
 * the volume's folder takes its place.
 */
export function mountRewriter(container: Json, folders: ReadonlyMap<string, string>): (value: string) => string {
  const mounts = (container.volumeMounts ?? [])
    .map((mount: Json) => ({
      path: String(mount.mountPath).replace(/\/+$/, ''),
      folder: join(folders.get(mount.name) ?? '', mount.subPath ?? ''),
    }))
    .sort((a: { path: string }, b: { path: string }) => b.path.length - a.path.length);
  return (value) => {
    for (const { path, folder } of mounts) {
      if (value === path || value.startsWith(`${path}/`)) return folder + value.slice(path.length);
    }
    return value;
  };
}
