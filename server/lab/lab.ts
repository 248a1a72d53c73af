import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { claimRange, createDialMap, type Range } from './addresses.ts';
import { type AdminParts, handleAdmin } from './admin.ts';
import { kubernetesVersion } from './apiserver/discovery.ts';
import { recordEvent } from './apiserver/events.ts';
import { loadManifests } from './apiserver/load.ts';
import { loadSnapshot, persist } from './apiserver/persist.ts';
import { type ApiServer, type ApiServerOptions, startApiServer } from './apiserver/server.ts';
import { createStore } from './apiserver/store.ts';
import { systemTimers } from './apiserver/time.ts';
import { type Environment, systemClock } from './clock.ts';
import { KubeProxy } from './clusterip/kube-proxy.ts';
import { startControllers } from './controllers/controllers.ts';
import { shortened } from './delays.ts';
import { DnsServer } from './dns/server.ts';
import { findFolders } from './folders.ts';
import { kubeconfig } from './kubeconfig.ts';
import { Kubelet } from './kubelet/kubelet.ts';
import { createLogSource } from './kubelet/log-source.ts';
import { ProcessRegister } from './kubelet/register.ts';
import { createLocalRuntime } from './kubelet/runtime.ts';
import { readManifests } from './manifests.ts';
import { ensureNodes, nodeNames } from './nodes.ts';
import type { Options } from './options.ts';
import type { KubeObject, Store } from './store-port.ts';

/** The line on stdout that says that everything below it may be used. */
export interface ReadyMessage {
  readonly lab: 'ready';
  readonly api: string;
  readonly dns: string;
  readonly kubeconfig: string;
  readonly range: string;
  /** What differs from a cluster, or from what was asked for. */
  readonly notes: readonly string[];
}

export interface Lab {
  readonly ready: ReadyMessage;
  readonly store: Store;
  /** Ends every pod without grace; the objects stay on disk for `--resume`. */
  stop(): Promise<void>;
}

export type StartOutcome =
  | { readonly kind: 'running'; readonly lab: Lab }
  /** Something outside is in the way; the sentence says what and what to do. */
  | { readonly kind: 'refused'; readonly reason: string };

const host = '127.0.0.1';

/** Composition of the embedded cluster, read top to bottom. */
export async function startLab(options: Options, env: Environment): Promise<StartOutcome> {
  const stateDir = resolve(options.stateDir);
  const files = {
    register: join(stateDir, 'processes.json'),
    objects: join(stateDir, 'objects.json'),
    range: join(stateDir, 'range.json'),
    pods: join(stateDir, 'pods'),
    kubeconfig: join(stateDir, 'kubeconfig'),
  };
  const folders = findFolders(env, options.base);
  const notes: string[] = [];

  const manifests = readManifests(folders.base);
  if (manifests.kind === 'fault') return { kind: 'refused', reason: manifests.reason };
  const booted = manifests.objects.filter((object) => !runsBesideTheLab(object));
  for (const object of booted) applyBootPatch(object, options.pods);

  // What an earlier lab left behind would hold addresses: it goes first.
  const opened = await ProcessRegister.open(files.register);
  if (opened.kind === 'taken') {
    return {
      kind: 'refused',
      reason: `another lab (process ${opened.pid}) uses ${options.stateDir}: end it first, or give this one a --state-dir of its own`,
    };
  }
  const { register, reaped } = opened;
  if (reaped.length > 0) notes.push(`${reaped.length} processes of an earlier lab were ended`);

  const before = options.resume ? readRange(files.range) : undefined;
  const range = await claimRange({
    ...(before ? { prefer: before.second, podCounter: before.podCounter } : {}),
    shared: options.addresses === 'shared',
  });
  if (range.addresses === 'shared') notes.push(sharedNote(range));
  const dialMap = createDialMap(range.addresses);

  const clock = systemClock;
  const random = Math.random;
  const store = createStore({ clock, random });
  const resumed = options.resume ? loadSnapshot(store, files.objects) : { kind: 'absent' as const };
  if (resumed.kind === 'unreadable')
    notes.push(`the last run's objects can't be read (${resumed.problem}): started anew`);
  const fresh = resumed.kind !== 'restored';
  if (fresh) rmSync(files.objects, { force: true });
  keepPodFolders(files.pods, fresh ? [] : store.list('Pod'));
  const persistence = persist({ store, file: files.objects });

  const dns = await DnsServer.start({
    store,
    clock,
    random,
    host,
    port: options.dnsPort,
    ttlSeconds: options.ttlSeconds,
  });
  if (options.dnsPort !== 0 && dns.port !== options.dnsPort) {
    notes.push(`port ${options.dnsPort} is taken: DNS uses ${dns.port}`);
  }

  const delays = { ...options.delays };
  const hostIP = (nodeName: string) => range.nodeIP(Math.max(0, (nodeNames as readonly string[]).indexOf(nodeName)));
  const kubelet = new Kubelet({
    store,
    clock,
    delays,
    register,
    range,
    dialMap,
    podsDir: files.pods,
    env,
    hostIP,
    runtime: createLocalRuntime({
      distDir: folders.dist,
      dns: () => ({ host, port: dns.port }),
      api: () => apiServer.url,
      envoyCacheDir: folders.envoyCache,
      env,
    }),
    event: (pod, event) =>
      recordEvent(store, pod, { ...event, source: { component: 'kubelet', host: pod.spec.nodeName } }),
  });
  const proxy = new KubeProxy({
    store,
    clock,
    delays,
    random,
    dialMap,
    addresses: range.addresses,
    onFault: (message) => process.stderr.write(`kube-proxy: ${message}\n`),
  });

  const allocateClusterIP = (): string | undefined =>
    range.freeServiceIP(new Set(store.list('Service').map(({ spec }) => String(spec?.clusterIP))));
  ensureNodes(store, clock.now(), kubernetesVersion.gitVersion, range.nodeIP);
  if (!fresh) moveServices(store, range, allocateClusterIP);

  if (fresh) {
    const loaded = loadManifests(store, booted, { clock, random, allocateClusterIP });
    for (const { object, problem } of loaded.refused) notes.push(`${object} was not taken: ${problem}`);
  }
  const apiServer = await listen(options.apiPort, {
    store,
    clock,
    timers: systemTimers,
    random,
    allocateClusterIP,
    logs: createLogSource((uid, container, previous) => kubelet.logs(uid, container, previous), clock),
    ...labRoutes({
      delays,
      dns,
      delaysChanged: () => kubelet.delaysChanged(),
      processes: () => kubelet.processes(),
      proxy: () => proxy.state(),
      facts: () => ({ range: range.cidr, addresses: range.addresses, notes, dialMap: dialMap.entries() }),
    }),
  });
  const api = apiServer.url;
  if (options.apiPort !== 0 && !api.endsWith(`:${options.apiPort}`)) {
    notes.push(`port ${options.apiPort} is taken: the Kubernetes API uses ${api.slice(api.lastIndexOf(':') + 1)}`);
  }
  const controllers = startControllers({ store, clock, timers: systemTimers });

  kubelet.start();
  proxy.start();
  // Services and EndpointSlices are all there: the store is in this process.
  dns.setSynced();

  save(files.kubeconfig, kubeconfig(api), 0o600);
  const saveRange = () => save(files.range, JSON.stringify({ second: range.second, podCounter: range.podCounter }));
  saveRange();
  notes.push(...shortened(delays));

  let stopping: Promise<void> | undefined;
  const stop = async () => {
    dns.setSynced(false);
    proxy.stop();
    controllers.stop();
    await kubelet.stop();
    await apiServer.close();
    await dns.close();
    persistence.close();
    saveRange();
    register.close();
    await range.release();
  };
  return {
    kind: 'running',
    lab: {
      store,
      ready: { lab: 'ready', api, dns: `${host}:${dns.port}`, kubeconfig: files.kubeconfig, range: range.cidr, notes },
      stop: () => {
        stopping ??= stop();
        return stopping;
      },
    },
  };
}

/** The part of `/lab/v1` that is not about objects; the API server asks it first. */
function labRoutes(parts: AdminParts) {
  return {
    labRoutes: (method: string, path: string, body: unknown) => handleAdmin(method, path, body, parts),
  };
}

/** The wanted port, one of the next ten, or any. */
async function listen(wanted: number, options: Omit<ApiServerOptions, 'listen'>): Promise<ApiServer> {
  for (let port = wanted; wanted > 0 && port < Math.min(wanted + 10, 65_536); port++) {
    try {
      return await startApiServer({ ...options, listen: { host, port } });
    } catch (error) {
      if (!['EADDRINUSE', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  return startApiServer({ ...options, listen: { host, port: 0 } });
}

/** The lab's one change to k8s/base: `--pods` asks for another number of greeters at the first boot. */
export function applyBootPatch(object: KubeObject, pods: number | undefined): void {
  if (pods === undefined || object.kind !== 'Deployment' || object.metadata.name !== 'greeter') return;
  object.spec.replicas = pods;
}

/**
 * On a laptop the agent and the dashboard run beside the lab, under the same supervisor: what belongs to them alone is not
 * booted. Applied with kubectl, it is taken like anything else.
 */
function runsBesideTheLab(object: KubeObject): boolean {
  const component = object.metadata.labels?.['app.kubernetes.io/component'];
  return component === 'agent' || component === 'dashboard';
}

/** The last run's range was taken by another lab: its Services get addresses of this one. */
function moveServices(store: Store, range: Range, allocate: () => string | undefined): void {
  for (const { metadata, spec } of store.list('Service')) {
    if (!spec?.clusterIP || spec.clusterIP === 'None' || range.isServiceIP(spec.clusterIP)) continue;
    const ip = allocate();
    if (ip === undefined) return;
    store.modify('Service', metadata.namespace, metadata.name, (service) => {
      service.spec.clusterIP = ip;
      service.spec.clusterIPs = [ip];
      return service;
    });
  }
}

/** Aside and renamed, so that a full disk leaves the one before whole; and it ends no lab. */
function save(file: string, text: string, mode = 0o644): void {
  try {
    writeFileSync(`${file}.new`, text, { mode });
    renameSync(`${file}.new`, file);
  } catch (error) {
    console.error(`lab: ${file} was not written: ${(error as Error).message}`);
  }
}

/** Folders of pods that are no more would fill the disk over the years. */
function keepPodFolders(dir: string, pods: readonly KubeObject[]): void {
  mkdirSync(dir, { recursive: true });
  const kept = new Set(pods.map(({ metadata }) => metadata.uid));
  for (const name of readdirSync(dir)) if (!kept.has(name)) rmSync(join(dir, name), { recursive: true, force: true });
}

function readRange(file: string): { second: number; podCounter: number } | undefined {
  try {
    const { second, podCounter } = JSON.parse(readFileSync(file, 'utf8'));
    return Number.isInteger(second) && Number.isInteger(podCounter) ? { second, podCounter } : undefined;
  } catch {
    return undefined;
  }
}

function sharedNote(range: Range): string {
  const pods = `127.${range.second}.1.1`;
  return `this machine has no addresses like ${pods}: pods share 127.0.0.1, and clients that dial pod addresses can't reach them; "sudo ifconfig lo0 alias ${pods} up" adds one on macOS`;
}
