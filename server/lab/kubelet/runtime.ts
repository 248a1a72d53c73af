import { join } from 'node:path';
import type { Environment } from '../clock.ts';
import { prepareEnvoy } from '../envoy/prepare.ts';
import { type ProxyName, prepareProxy } from '../proxies/prepare.ts';
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
  /** URL of the lab's Kubernetes API, once it listens. */
  readonly api: () => string;
  /** Where Envoy's binary is cached. */
  readonly envoyCacheDir?: string;
  readonly env: Environment;
}

export const knownImages = [
  'lbscope:* (args: ["pod"] or ["ads"])',
  'envoyproxy/envoy:*',
  'haproxy:*',
  'nginx:*',
  'nginxinc/nginx-unprivileged:*',
] as const;

/** Image name without registry, tag and digest. */
export function imageName(image: string): string {
  const untagged = image.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
  return untagged.replace(/^(docker\.io|index\.docker\.io|localhost(:\d+)?)\//, '').replace(/^library\//, '');
}

export const isEnvoyImage = (image: string): boolean => /(^|\/)envoyproxy\/envoy(-\w+)?$/.test(imageName(image));
const isOwnImage = (image: string): boolean => /(^|\/)lbscope$/.test(imageName(image));
const proxyOf = (image: string): ProxyName | undefined =>
  /^(haproxy|nginx)(?:-unprivileged)?$/.exec(imageName(image).split('/').at(-1) ?? '')?.[1] as ProxyName | undefined;

/** The programs this repository knows how to run: its own, and the proxies of its presets where the machine has them. */
export function createLocalRuntime(options: LocalRuntimeOptions): Runtime {
  return {
    images: knownImages,
    async prepare(request) {
      const image = String(request.container.image ?? '');
      if (isOwnImage(image)) return ownProgram(request, options);
      if (isEnvoyImage(image)) return envoyProgram(request, options);
      const proxy = proxyOf(image);
      if (proxy !== undefined) return proxyProgram(proxy, request, options);
      return {
        kind: 'unknown-image',
        message: `failed to pull and unpack image "${image}": the lab runs local programs only and knows ${knownImages.join(' and ')}`,
      };
    },
  };
}

async function ownProgram(request: ProgramRequest, { distDir, api }: LocalRuntimeOptions): Promise<Program> {
  const [role = 'pod', ...rest] = request.args;
  if (role !== 'pod' && role !== 'ads') {
    return {
      kind: 'unavailable',
      reason: 'RunContainerError',
      message: `the lab has no program "${role}": it runs "pod" and "ads"; the agent and the dashboard run beside it`,
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
  // What a pod's service account and KUBERNETES_SERVICE_HOST are in a cluster.
  if (role === 'ads') env.KUBE_SERVER = api();
  return {
    kind: 'program',
    command: process.execPath,
    args: [join(distDir, `${role}.mjs`), ...rest],
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

async function proxyProgram(name: ProxyName, request: ProgramRequest, options: LocalRuntimeOptions): Promise<Program> {
  const reason = name === 'haproxy' ? 'HaproxyUnavailable' : 'NginxUnavailable';
  if (request.shared) {
    const message = `pods share 127.0.0.1 on this machine, where ${name}'s ports would meet those of other proxies`;
    return { kind: 'unavailable', reason, message };
  }
  const path = configPath(request.container.args ?? []) ?? '';
  const config = request.readMounted(path);
  if (config === undefined) {
    return { kind: 'unavailable', reason: 'CreateContainerError', message: `no volume of the pod holds ${path}` };
  }
  const dns = options.dns();
  const prepared = await prepareProxy({
    name,
    config,
    podIP: request.podIP,
    dnsHost: dns.host,
    dnsPort: dns.port,
    dir: request.dir,
    env: options.env,
  });
  if (!prepared.ok) return { kind: 'unavailable', reason, message: prepared.reason };
  return {
    kind: 'program',
    command: process.execPath,
    args: [join(options.distDir, 'keeper.mjs'), '--', prepared.command, ...prepared.args],
    env: {},
  };
}

function configPath(args: readonly string[]): string | undefined {
  for (const [index, arg] of args.entries()) {
    if (arg === '-c' || arg === '-f' || arg === '--config-path') return args[index + 1];
    if (arg.startsWith('--config-path=')) return arg.slice('--config-path='.length);
  }
  return undefined;
}
