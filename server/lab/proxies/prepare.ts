import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type PatchedConfig, type ProxyPlace, patchHaproxy, patchNginx } from './config.ts';
import { findProgram } from './program.ts';

/** Proxies other than Envoy that the lab can run. */
export type ProxyName = 'haproxy' | 'nginx';

export interface ProxyRequest extends ProxyPlace {
  readonly name: ProxyName;
  /** The file of the ConfigMap, as applied. */
  readonly config: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type PreparedProxy =
  | { readonly ok: true; readonly command: string; readonly args: readonly string[] }
  | { readonly ok: false; readonly reason: string };

/** A check takes a few milliseconds; more than this is a machine in trouble. */
const limitMs = 15_000;

/**
 * Called by the kubelet before it starts the container. Finds the program, patches the configuration and lets the program
 * itself check it. A reason is what the pod's status and the lane show; nothing is thrown.
 */
export async function prepareProxy(request: ProxyRequest): Promise<PreparedProxy> {
  const { name, dir, config } = request;
  const found = await findProgram(name, request.env);
  if ('unavailable' in found) return { ok: false, reason: found.reason };
  const patched: PatchedConfig =
    name === 'haproxy'
      ? { ok: true, text: patchHaproxy(config, request) }
      : await patchNginx(config, request, lookUpWith(request));
  if (!patched.ok) return patched;
  const file = join(dir, `${name}.conf`);
  try {
    await mkdir(dir, { recursive: true });
    const temporary = `${file}.${randomUUID()}`;
    await writeFile(temporary, patched.text);
    await rename(temporary, file);
  } catch (error) {
    return { ok: false, reason: `the configuration could not be written: ${(error as Error).message}` };
  }
  const { check, run } = words[name](file, dir);
  const fault = await refusal(found.path, check);
  if (fault !== undefined) return { ok: false, reason: `${name} refuses its configuration: ${fault}` };
  return { ok: true, command: found.path, args: run };
}

const words: Record<ProxyName, (file: string, dir: string) => { check: string[]; run: string[] }> = {
  haproxy: (file) => ({ check: ['-c', '-f', file], run: ['-db', '-f', file] }),
  nginx(file, dir) {
    const place = ['-p', dir, '-e', 'stderr', '-c', file];
    // One process: a worker of a master that was ended by force would live on.
    return { check: ['-t', ...place], run: [...place, '-g', 'daemon off; master_process off;'] };
  },
};

function refusal(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((done) => {
    execFile(program, args, { timeout: limitMs, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      if (error === null) return done(undefined);
      if (error.killed) return done(`no answer within ${limitMs / 1000} s`);
      const lines = `${stderr}\n${stdout}`.split('\n').map((line) => line.trim());
      const said = lines.find((line) => /\[(emerg|ALERT)\]/.test(line)) ?? lines.find((line) => line !== '');
      // nginx begins with the date and its process.
      done((said ?? error.message).replace(/^[\d/]+ [\d:]+ (\[\w+\]) \d+#\d+: /, '$1 ').slice(0, 400));
    });
  });
}

function lookUpWith({ dnsHost, dnsPort }: ProxyRequest): (name: string) => Promise<readonly string[] | undefined> {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  resolver.setServers([`${dnsHost}:${dnsPort}`]);
  return async (name) => {
    try {
      return await resolver.resolve4(name);
    } catch {
      return undefined;
    }
  };
}
