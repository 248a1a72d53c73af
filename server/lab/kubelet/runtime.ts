import { join } from 'node:path';
import type { Environment } from '../clock.ts';
import { prepareEnvoy } from '../envoy/prepare.ts';
import type { Json } from '../store-port.ts';

/** What the kubelet starts for a container. */
export type Program =
  | {
      readonly kind: 'program';
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'unknown-image'; readonly message: string }
  /** The image is known but can't run here; `reason` is what `kubectl get pods` shows. */
  | { readonly kind: 'unavailable'; readonly reason: string; readonly message: string };

export interface ProgramRequest {
  readonly container: Json;
  readonly podIP: string;
  /** Environment from the spec, mount paths already rewritten to folders. */
  readonly env: Readonly<Record<string, string>>;
  /** Args of the spec, mount paths already rewritten. */
  readonly args: readonly string[];
  /** A folder of this container's own. */
  readonly dir: string;
  /** A file of the container by the path it has inside; undefined when no volume holds it. */
  readMounted(path: string): string | undefined;
  /** Where the container's ports listen in place of podIP; undefined: on podIP with the ports of the spec. */
  readonly shared: ((port: number) => Promise<number>) | undefined;
}

/** Stands where the container runtime and its images stand in a cluster: an image name means a local program. */
export interface Runtime {
  readonly images: readonly string[];
  prepare(request: ProgramRequest): Promise<Program>;
}

export interface LocalRuntimeOptions {
  /** The folder of the bundled programs: pod.mjs and keeper.mjs. */
  readonly distDir: string;
  readonly dns: () => { host: string; port: number };
  /** Where Envoy's binary is cached. */
  readonly envoyCacheDir?: string;
  readonly env: Environment;
}

export const knownImages = ['lbscope:* (args: ["pod"])', 'envoyproxy/envoy:*'] as const;

/** Image name without registry, tag and digest. */
export function imageName(image: string): string {
  const untagged = image.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
  return untagged.replace(/^(docker\.io|index\.docker\.io|localhost(:\d+)?)\//, '').replace(/^library\//, '');
}

export const isEnvoyImage = (image: string): boolean => /(^|\/)envoyproxy\/envoy(-\w+)?$/.test(imageName(image));
const isPodImage = (image: string): boolean => /(^|\/)lbscope$/.test(imageName(image));

/** The programs this repository knows how to run: its own pod, and Envoy. */
export function createLocalRuntime(options: LocalRuntimeOptions): Runtime {
  return {
    images: knownImages,
    async prepare(request) {
      const image = String(request.container.image ?? '');
      if (isPodImage(image)) return podProgram(request, options);
      if (isEnvoyImage(image)) return envoyProgram(request, options);
      return {
        kind: 'unknown-image',
        message: `failed to pull and unpack image "${image}": the lab runs local programs only and knows ${knownImages.join(' and ')}`,
      };
    },
  };
}

async function podProgram(request: ProgramRequest, { distDir }: LocalRuntimeOptions): Promise<Program> {
  const [role = 'pod', ...rest] = request.args;
  if (role !== 'pod') {
    return {
      kind: 'unavailable',
      reason: 'RunContainerError',
      message: `lbscope has no program "${role}"; the lab runs "pod"`,
    };
  }
  const env: Record<string, string> = { LISTEN_ADDRESS: request.podIP };
  if (request.shared) {
    env.LISTEN_ADDRESS = '127.0.0.1';
    for (const name of ['PORT', 'CONTROL_PORT', 'JSON_PORT']) {
      const port = Number(request.env[name]);
      if (port > 0) env[name] = String(await request.shared(port));
    }
  }
  return {
    kind: 'program',
    command: process.execPath,
    args: [join(distDir, 'pod.mjs'), ...rest],
    env,
  };
}

async function envoyProgram(request: ProgramRequest, options: LocalRuntimeOptions): Promise<Program> {
  const path = configPath(request.container.args ?? []) ?? '/etc/envoy/envoy.yaml';
  const configYaml = request.readMounted(path);
  if (configYaml === undefined) {
    return { kind: 'unavailable', reason: 'CreateContainerError', message: `no volume of the pod holds ${path}` };
  }
  const dns = options.dns();
  const prepared = await prepareEnvoy({
    configYaml,
    podIP: request.shared ? '127.0.0.1' : request.podIP,
    dnsHost: dns.host,
    dnsPort: dns.port,
    dir: request.dir,
    args: request.args,
    env: options.env as NodeJS.ProcessEnv,
    ...(options.envoyCacheDir === undefined ? {} : { cacheDir: options.envoyCacheDir }),
  });
  if (!prepared.ok) return { kind: 'unavailable', reason: 'EnvoyUnavailable', message: prepared.reason };
  // Envoy does not end when its stdin closes; the keeper does, and takes it along.
  return {
    kind: 'program',
    command: process.execPath,
    args: [join(options.distDir, 'keeper.mjs'), '--', prepared.command, ...prepared.args],
    env: prepared.env,
  };
}

function configPath(args: readonly string[]): string | undefined {
  for (const [index, arg] of args.entries()) {
    if (arg === '-c' || arg === '--config-path') return args[index + 1];
    if (arg.startsWith('--config-path=')) return arg.slice('--config-path='.length);
  }
  return undefined;
}
