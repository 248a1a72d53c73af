import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

export type EnvoyBinary = { readonly path: string } | { readonly unavailable: true; readonly reason: string };

/**
 * ENVOY_BIN, then PATH, then the cache that scripts/lib/envoy.mjs fills (CACHE/VERSION/envoy). Never downloads:
 * that is done before the lab starts. A pod asks again at each start, so an Envoy installed meanwhile is found.
 */
export async function findEnvoy(options: { env?: NodeJS.ProcessEnv; cacheDir?: string } = {}): Promise<EnvoyBinary> {
  const { env = process.env, cacheDir = resolve('.cache', 'envoy') } = options;
  if (env.ENVOY_BIN) {
    const path = resolve(env.ENVOY_BIN);
    if (await executable(path)) return { path };
    return { unavailable: true, reason: `ENVOY_BIN is ${env.ENVOY_BIN}, which is not a program that can be run` };
  }
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'envoy');
    if (isAbsolute(folder) && (await executable(path))) return { path };
  }
  for (const version of await cachedVersions(cacheDir)) {
    const path = join(cacheDir, version, 'envoy');
    if (await executable(path)) return { path };
  }
  return {
    unavailable: true,
    reason: 'no Envoy was found: neither ENVOY_BIN, nor PATH, nor the cache that npm start fills with pip has one',
  };
}

/** Newest first. */
async function cachedVersions(cacheDir: string): Promise<string[]> {
  try {
    const names = await readdir(cacheDir);
    return names
      .filter((name) => /^\d+\.\d+\.\d+$/.test(name))
      .sort((a, b) => b.localeCompare(a, undefined, { numeric: true }));
  } catch {
    return [];
  }
}

async function executable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
