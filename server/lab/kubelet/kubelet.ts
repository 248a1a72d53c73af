import { createServer } from 'node:net';
import type { DialMap, Range } from '../addresses.ts';
import type { Clock, Environment } from '../clock.ts';
import type { Delays } from '../delays.ts';
import type { KubeObject, Store } from '../store-port.ts';
import type { LogRing } from './log-ring.ts';
import { type PodContext, type PodEvent, PodWorker } from './pod-worker.ts';
import type { ProcessRegister } from './register.ts';
import type { Runtime } from './runtime.ts';

export interface KubeletOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly delays: Delays;
  readonly runtime: Runtime;
  readonly register: ProcessRegister;
  readonly range: Pick<Range, 'addresses' | 'nextPodIP' | 'keepPodIP'>;
  readonly dialMap: DialMap;
  /** Pods have their volumes and files below it. */
  readonly podsDir: string;
  readonly env: Environment;
  hostIP(nodeName: string): string;
  event(pod: KubeObject, event: PodEvent): void;
}

export interface ContainerProcess {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly podIP: string;
  readonly pid: number | undefined;
  readonly state: string;
  readonly restartCount: number;
}

/** One kubelet for all the lab's nodes: it runs every pod that has a node. */
export class Kubelet {
  private readonly options: KubeletOptions;
  private readonly context: PodContext;
  private readonly workers = new Map<string, PodWorker>();
  /** Workers whose object is gone while their processes are still ending. */
  private readonly ending = new Set<PodWorker>();
  private unsubscribe = () => {};
  private cancelRelist = () => {};
  private stopped = false;

  constructor(options: KubeletOptions) {
    this.options = options;
    const { store, clock, delays, runtime, register, dialMap, podsDir, env } = options;
    this.context = {
      store,
      clock,
      delays,
      runtime,
      register,
      dialMap,
      podsDir,
      env,
      freePort: options.range.addresses === 'shared' ? freePort : undefined,
      hostIP: options.hostIP,
      event: options.event,
      ended: (uid) => this.workers.delete(uid),
    };
  }

  /** Takes over the pods that the store holds already, then follows it. */
  start(): void {
    const { store, range } = this.options;
    const pods = store.list('Pod');
    // Old addresses first, so that no new pod gets one of them.
    for (const pod of pods) if (pod.status?.podIP) range.keepPodIP(pod.status.podIP);
    this.unsubscribe = store.subscribe('Pod', ({ type, object }) => {
      if (type === 'DELETED') this.gone(object);
      else this.seen(object);
    });
    for (const pod of pods) this.seen(pod);
    this.relist();
  }

  private seen(pod: KubeObject): void {
    if (this.stopped || !pod.spec?.nodeName) return;
    const known = this.workers.get(pod.metadata.uid);
    if (known) {
      known.update(pod);
      return;
    }
    const { range } = this.options;
    const before: string | undefined = pod.status?.podIP;
    const podIP = before !== undefined && range.keepPodIP(before) ? before : range.nextPodIP();
    if (podIP === undefined) {
      this.options.event(pod, {
        type: 'Warning',
        reason: 'FailedCreatePodSandBox',
        message: 'no pod address is left: start the lab anew',
      });
      return;
    }
    const worker = new PodWorker(pod, podIP, this.context);
    this.workers.set(pod.metadata.uid, worker);
    worker.start();
  }

  private gone(pod: KubeObject): void {
    const worker = this.workers.get(pod.metadata.uid);
    if (worker === undefined || this.stopped) return;
    this.workers.delete(pod.metadata.uid);
    this.ending.add(worker);
    void worker.objectGone().finally(() => this.ending.delete(worker));
  }

  /** PLEG: the only way an exit becomes known. */
  private relist(): void {
    if (this.stopped) return;
    for (const worker of this.workers.values()) worker.relist();
    this.cancelRelist = this.options.clock.after(this.options.delays.relistMs, () => this.relist());
  }

  /** The relist begins anew with the present delay, so that a changed one counts at once. */
  delaysChanged(): void {
    this.cancelRelist();
    this.relist();
  }

  /** Output of a container: of its present instance, or of the one before. Undefined when there is none. */
  logs(uid: string, container: string | undefined, previous = false): LogRing | undefined {
    const found = this.workers
      .get(uid)
      ?.containers.find(({ spec }) => container === undefined || spec.name === container);
    return found?.log(previous);
  }

  processes(): ContainerProcess[] {
    return [...this.workers.values(), ...this.ending].flatMap((worker) =>
      worker.containers.map(({ spec, state, restartCount }) => ({
        namespace: worker.object.metadata.namespace ?? '',
        pod: worker.object.metadata.name,
        container: spec.name as string,
        podIP: worker.podIP,
        pid: state.kind === 'running' ? state.instance.pid : undefined,
        state: state.kind === 'waiting' ? state.reason : state.kind,
        restartCount,
      })),
    );
  }

  /** Ends every process without grace; the objects stay as they are. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.unsubscribe();
    this.cancelRelist();
    await Promise.all([...this.workers.values(), ...this.ending].map((worker) => worker.end()));
    this.workers.clear();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
