import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findEnvoy } from './binary.ts';
import { patchConfig } from './config.ts';
import { validateConfig } from './validate.ts';

export interface EnvoyRequest {
  /** `envoy.yaml` of the ConfigMap, as applied. */
  readonly configYaml: string;
  /** The pod's own loopback address: Envoy listens there, its admin interface too. */
  readonly podIP: string;
  /** The lab's DNS server. */
  readonly dnsHost: string;
  readonly dnsPort: number;
  /** A folder of this pod; the patched configuration is written into it. */
  readonly dir: string;
  /** The container's args; what concerns its configuration file is replaced. */
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Where scripts/lib/envoy.mjs keeps what it fetched; default: .cache/envoy under the working directory. */
  readonly cacheDir?: string;
}

export type PreparedEnvoy =
  | { readonly ok: true; readonly command: string; readonly args: string[]; readonly env: Record<string, string> }
  | { readonly ok: false; readonly reason: string };

/**
 * Called by the kubelet before it starts the container of an Envoy pod. Finds the program, patches and checks the
 * configuration. A reason is what the pod's status and the lane show; nothing is thrown.
 */
export async function prepareEnvoy(request: EnvoyRequest): Promise<PreparedEnvoy> {
  const binary = await findEnvoy({ env: request.env, cacheDir: request.cacheDir });
  if ('unavailable' in binary) return { ok: false, reason: binary.reason };
  const patched = patchConfig(request.configYaml, request);
  if (!patched.ok) return patched;
  const configFile = join(request.dir, 'envoy.yaml');
  try {
    await mkdir(request.dir, { recursive: true });
    const temporary = `${configFile}.${randomUUID()}`;
    await writeFile(temporary, patched.yaml);
    await rename(temporary, configFile);
  } catch (error) {
    return { ok: false, reason: `Envoy's configuration could not be written: ${(error as Error).message}` };
  }
  const checked = await validateConfig(binary.path, configFile);
  if (!checked.ok) return checked;
  return { ok: true, ...envoyCommand({ binary: binary.path, configFile, args: request.args }) };
}

/** Exactly the container's own arguments, but for the configuration's path and what only one machine with many Envoys needs. */
export function envoyCommand(options: { binary: string; configFile: string; args?: readonly string[] }): {
  command: string;
  args: string[];
  env: Record<string, string>;
} {
  const kept: string[] = [];
  const given = options.args ?? [];
  for (let i = 0; i < given.length; i++) {
    const arg = given[i] as string;
    if (arg === '-c' || arg === '--config-path') i++;
    else if (!arg.startsWith('--config-path=')) kept.push(arg);
  }
  // Several Envoys on one machine would share memory for hot restart under the same id.
  if (!kept.includes('--disable-hot-restart')) kept.push('--disable-hot-restart');
  return { command: options.binary, args: ['--config-path', options.configFile, ...kept], env: {} };
}
