import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DialMap } from '../addresses.ts';
import { apiTime, type Clock, type Environment } from '../clock.ts';
import type { Delays } from '../delays.ts';
import { failEnvoyHealthCheck } from '../envoy/drain.ts';
import type { Json, KubeObject, Store } from '../store-port.ts';
import { Container, type StartOutcome } from './container.ts';
import { containerEnv, expand } from './container-env.ts';
import { type Exit, spawnInstance } from './instance.ts';
import { podStatus } from './pod-status.ts';
import { act, type ProbeTarget } from './probe-action.ts';
import type { ProbeOutcome } from './probe-outcome.ts';
import type { ProcessRegister } from './register.ts';
import { isEnvoyImage, type Runtime } from './runtime.ts';
import { mountRewriter, prepareVolumes } from './volumes.ts';

/** Something that `kubectl describe pod` shows. */
export interface PodEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** `spec.containers{name}`. */
  readonly fieldPath?: string;
}

/** What all pods of this kubelet share. */
export interface PodContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly delays: Delays;
  readonly runtime: Runtime;
  readonly register: ProcessRegister;
  readonly dialMap: DialMap;
  /** Undefined with own addresses; else gives a free port on 127.0.0.1. */
  readonly freePort: (() => Promise<number>) | undefined;
  /** Below it each pod has a folder by its UID. */
  readonly podsDir: string;
  readonly env: Environment;
  hostIP(nodeName: string): string;
  event(pod: KubeObject, event: PodEvent): void;
  /** The pod's last process is gone and so is its object. */
  ended(uid: string): void;
}

/**
 * One pod's life on its node: starting -> running -> terminating -> gone. The object in the store is the wish,
 * the worker makes it so and writes the status.
 */
export class PodWorker {
  readonly uid: string;
  readonly podIP: string;
  readonly containers: readonly Container[];
  private readonly context: PodContext;
  private readonly dir: string;
  private readonly startTime: string;
  private pod: KubeObject;
  private phase: 'running' | 'terminating' | 'closed' = 'running';
  private publishing = false;

  constructor(pod: KubeObject, podIP: string, context: PodContext) {
    this.uid = pod.metadata.uid;
    this.pod = pod;
    this.podIP = podIP;
    this.context = context;
    this.dir = join(context.podsDir, this.uid);
    this.startTime = pod.status?.startTime ?? apiTime(context.clock.now());
    const before = new Map<string, Json>(
      (pod.status?.containerStatuses ?? []).map((status: Json) => [status.name, status]),
    );
    this.containers = (pod.spec.containers ?? []).map(
      (spec: Json) => new Container(spec, this.host(spec.name), fromStatus(before.get(spec.name))),
    );
  }

  get object(): KubeObject {
    return this.pod;
  }

  start(): void {
    try {
      mkdirSync(this.dir, { recursive: true });
    } catch {
      // A full disk: its volumes make the folder too, and are what is told of (FailedMount).
    }
    if (this.pod.metadata.deletionTimestamp !== undefined) {
      void this.terminate(this.pod.metadata.deletionGracePeriodSeconds ?? 0);
      return;
    }
    const { phase } = this.pod.status ?? {};
    if (phase === 'Succeeded' || phase === 'Failed') return;
    this.publish();
    for (const container of this.containers) container.start();
  }

  /** The object changed: the only wish after the start that matters is its end. */
  update(pod: KubeObject): void {
    this.pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined) void this.terminate(pod.metadata.deletionGracePeriodSeconds ?? 0);
  }

  relist(): void {
    for (const container of this.containers) container.relist();
  }

  /** Delete: preStop, SIGTERM, grace, SIGKILL; then the object goes. */
  private async terminate(graceSeconds: number): Promise<void> {
    if (this.phase === 'closed') return;
    const again = this.phase === 'terminating';
    this.phase = 'terminating';
    if (!again) {
      for (const { spec, state } of this.containers) {
        if (state.kind === 'running') this.event('Normal', 'Killing', `Stopping container ${spec.name}`, spec.name);
      }
    }
    await Promise.all(this.containers.map((container) => container.stop('delete', graceSeconds * 1000)));
    if (again || this.phase !== 'terminating') return;
    this.publishNow();
    this.close();
    const { namespace, name } = this.pod.metadata;
    this.context.store.delete('Pod', namespace, name, { gracePeriodSeconds: 0, uid: this.uid });
  }

  /** Delete now: the object is gone already; SIGTERM, and SIGKILL about 1 s later. */
  async objectGone(): Promise<void> {
    if (this.phase === 'closed') return;
    const { forceKillMs } = this.context.delays;
    this.phase = 'closed';
    for (const { spec, state } of this.containers) {
      if (state.kind === 'running') this.event('Normal', 'Killing', `Stopping container ${spec.name}`, spec.name);
    }
    await Promise.all(this.containers.map((container) => container.stop('force', forceKillMs)));
    this.cleanUp();
  }

  /** The lab ends: processes at once, the object stays as it is for the next start. */
  async end(): Promise<void> {
    this.phase = 'closed';
    await Promise.all(this.containers.map((container) => container.end()));
  }

  private close(): void {
    this.phase = 'closed';
    this.cleanUp();
  }

  private cleanUp(): void {
    rmSync(this.dir, { recursive: true, force: true });
    this.context.ended(this.uid);
  }

  private event(type: 'Normal' | 'Warning', reason: string, message: string, container?: string): void {
    const fieldPath = container === undefined ? {} : { fieldPath: `spec.containers{${container}}` };
    this.context.event(this.pod, { type, reason, message, ...fieldPath });
  }

  /** Several changes in one turn become one write. */
  private publish(): void {
    if (this.publishing) return;
    this.publishing = true;
    queueMicrotask(() => {
      this.publishing = false;
      if (this.phase !== 'closed') this.publishNow();
    });
  }

  private publishNow(): void {
    const { store, clock } = this.context;
    const { namespace, name } = this.pod.metadata;
    store.modify(
      'Pod',
      namespace,
      name,
      (pod) => {
        pod.status = podStatus(pod, {
          now: clock.now(),
          startTime: this.startTime,
          podIP: this.podIP,
          hostIP: this.context.hostIP(pod.spec.nodeName),
          containers: this.containers,
        });
        return pod;
      },
      { status: true, uid: this.uid },
    );
  }

  private host(container: string) {
    const { context } = this;
    return {
      clock: context.clock,
      delays: context.delays,
      restartPolicy: this.pod.spec.restartPolicy ?? 'Always',
      podName: `${this.pod.metadata.name}_${this.pod.metadata.namespace}(${this.uid})`,
      start: (spec: Json) => this.startContainer(spec),
      target: (spec: Json) => this.target(spec),
      hook: (action: Json, spec: Json, limitMs: number) => this.hook(action, spec, limitMs),
      changed: () => this.publish(),
      event: (type: 'Normal' | 'Warning', reason: string, message: string) =>
        this.event(type, reason, message, container),
    };
  }

  private async startContainer(spec: Json): Promise<StartOutcome> {
    const { context } = this;
    try {
      const prepared = this.prepare(spec);
      if (prepared.kind === 'fault') return { kind: 'wait', reason: prepared.reason, message: prepared.message };
      const { freePort } = context;
      const program = await context.runtime.prepare({
        container: spec,
        podIP: this.podIP,
        env: prepared.env,
        args: prepared.args,
        dir: join(this.dir, 'containers', spec.name),
        readMounted: (path) => readIfThere(prepared.rewrite(path), path),
        shared:
          freePort &&
          (async (port) => {
            const local = await freePort();
            context.dialMap.set(this.podIP, port, local);
            return local;
          }),
      });
      if (program.kind === 'unknown-image') {
        return { kind: 'wait', reason: 'ErrImagePull', message: program.message, again: 'ImagePullBackOff' };
      }
      if (program.kind === 'unavailable') return { kind: 'wait', reason: program.reason, message: program.message };
      const { PATH, HOME, TMPDIR, LANG } = context.env;
      return await spawnInstance({
        command: program.command,
        args: program.args,
        // Nothing else of the lab's environment reaches a pod, as nothing of a node's does.
        env: { PATH, HOME, TMPDIR, LANG, ...prepared.env, ...program.env, LBSCOPE_SUPERVISED: '1' },
        cwd: this.dir,
        what: `${this.pod.metadata.namespace}/${this.pod.metadata.name}/${spec.name}`,
        clock: context.clock,
        register: context.register,
      });
    } catch (error) {
      return { kind: 'wait', reason: 'RunContainerError', message: (error as Error).message };
    }
  }

  private prepare(spec: Json) {
    const { context, pod } = this;
    const { namespace } = pod.metadata;
    const data = (kind: 'ConfigMap' | 'Secret', name: string): Record<string, string> | undefined => {
      const object = context.store.get(kind, namespace, name);
      if (object === undefined) return undefined;
      if (kind === 'ConfigMap') return object.data ?? {};
      const entries = Object.entries<string>(object.data ?? {});
      return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));
    };
    const volumes = prepareVolumes(pod, this.dir, data);
    if (volumes.kind === 'fault') {
      this.event('Warning', 'FailedMount', volumes.message);
      return { kind: 'fault' as const, reason: 'ContainerCreating', message: volumes.message };
    }
    const hostIP = context.hostIP(pod.spec.nodeName);
    const outcome = containerEnv(spec, { pod, podIP: this.podIP, hostIP, data });
    if (outcome.kind === 'fault') {
      return { kind: 'fault' as const, reason: 'CreateContainerConfigError', message: outcome.message };
    }
    const rewrite = mountRewriter(spec, volumes.folders);
    const env = Object.fromEntries(Object.entries(outcome.env).map(([name, value]) => [name, rewrite(value)]));
    const args = (spec.args ?? []).map((arg: string) => rewrite(expand(String(arg), env)));
    return { kind: 'ready' as const, env, args: args as string[], rewrite };
  }

  private target(spec: Json): ProbeTarget {
    const { context, podIP } = this;
    return {
      dial: (port) => context.dialMap.dial(podIP, port),
      portNames: new Map((spec.ports ?? []).map((port: Json) => [port.name, port.containerPort])),
      command: (words) => {
        // The pod's own loopback is its address here.
        const [command = '', ...args] = words.map((word) => word.replace(/\b127\.0\.0\.1\b|\blocalhost\b/g, podIP));
        return { command, args, env: { PATH: context.env.PATH, POD_IP: podIP }, cwd: this.dir };
      },
    };
  }

  private async hook(action: Json, spec: Json, limitMs: number): Promise<ProbeOutcome> {
    const words: string[] = action.exec?.command ?? [];
    const sleep = /(?:^|[\s;&])sleep\s+(\d+(?:\.\d+)?)\s*$/.exec(words.join(' '));
    if (isEnvoyImage(spec.image) && action.exec) {
      // There is no container to run bash in; the same request, then the hook's sleep.
      const { host } = this.context.dialMap.dial(this.podIP, 0);
      if (!(await failEnvoyHealthCheck(host))) return { kind: 'failure', message: "Envoy's admin interface is silent" };
      await this.sleep(Number(sleep?.[1] ?? 0) * 1000);
      return { kind: 'success' };
    }
    if (sleep && words[0] === 'sleep') {
      await this.sleep(Number(sleep[1]) * 1000);
      return { kind: 'success' };
    }
    return act(action, this.target(spec), limitMs);
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.context.clock.after(ms, resolve);
    });
  }
}

/** What an earlier lab left in the status: its processes died with it, as containers do when a node restarts. */
function fromStatus(status: Json): { restartCount: number; last: Exit | undefined } | undefined {
  if (!status) return undefined;
  const running = status.state?.running;
  const ended = status.state?.terminated ?? status.lastState?.terminated;
  if (!running && !ended) return undefined;
  const time = (text: string | undefined) => (text ? Date.parse(text) : undefined);
  return {
    restartCount: status.restartCount ?? 0,
    last: running
      ? {
          exitCode: 255,
          reason: 'Unknown',
          message: 'the lab was started again',
          startedAt: time(running.startedAt),
          finishedAt: undefined,
          containerID: status.containerID ?? '',
        }
      : {
          exitCode: ended.exitCode,
          reason: ended.reason,
          startedAt: time(ended.startedAt),
          finishedAt: time(ended.finishedAt),
          containerID: ended.containerID ?? '',
        },
  };
}

function readIfThere(file: string, path: string): string | undefined {
  // A path that no volume holds is a file of the image, which the lab does not have.
  if (file === path) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
