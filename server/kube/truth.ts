import { create } from '@bufbuild/protobuf';
import {
  type Endpoint,
  EndpointSchema,
  type Pod,
  type PodBehavior,
  PodBehaviorSchema,
  PodSchema,
} from '../../gen/lbscope/events/v1/events_pb.js';
import { fromMs } from '../../model/time.ts';
import type { Clock, EventSink, TimerHandle, Timers } from '../events/port.ts';
import type { Api } from './http.ts';
import { type KubeObject, Reflector, type ReflectorState } from './reflector.ts';
import { portOf, SliceSet, slicesOf, slicesPath } from './slices.ts';
import { PodSlots } from './slots.ts';

export interface TruthOptions {
  readonly api: Api;
  readonly namespace: string;
  readonly service: string;
  readonly deployment: string;
  /** Port of the pods, as lanes dial it. */
  readonly port: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: () => number;
  readonly events: EventSink;
  /** Whose an address is, or whether a pod is ready, changed. Told before the frame that the change cuts. */
  readonly onAttribution?: (table: AttributionTable) => void;
}

/** Plain data, whole each time; read in server/traffic/attribution.ts. Instants are milliseconds of the agent's clock. */
interface AttributionTable {
  /** By pod IP, oldest first. */
  readonly addresses: readonly (readonly [ip: string, owners: readonly (readonly [uid: string, from: number])[]])[];
  readonly notReadySince: readonly (readonly [uid: string, since: number])[];
  /** Pods that exist now. */
  readonly pods: readonly (readonly [uid: string, name: string, incarnation: number])[];
}

interface KnownPod {
  pod: Pod;
  readyCondition: boolean;
  /** By the pod itself: its endpoint may be terminating in the slices before the pod's own watch tells. */
  deleted: boolean;
}

interface Interval {
  readonly uid: string;
  readonly from: number;
  to: number | undefined;
}

type Watched = 'pods' | 'endpointslices' | 'deployments';

/** Addresses of pods long gone are asked for by calls still in flight; after this nobody asks. */
const forgetAfterMs = 10 * 60_000;
const selectorRetryMs = 1_000;

/**
 * What the cluster really is, by its own list-and-watch with its own credentials. Lanes are compared with it.
 * Emits the truth events, and tells whose address it was and since when a pod is out of the ready set.
 */
export class Truth {
  readonly #options: TruthOptions;
  readonly #slots = new PodSlots();
  readonly #pods = new Map<string, KnownPod>();
  readonly #slices = new SliceSet();
  #reflectors: Reflector[] = [];
  #selectorTimer: TimerHandle | undefined;
  #stopped = false;
  #endpoints: readonly Endpoint[] = [];
  #replicas: number | undefined;
  #slicesTold = false;
  #deploymentTold = '';
  readonly #states = new Map<Watched, string>();
  /** Pod IP to the pods that had it, oldest first. The lab never reuses one; a cluster may. */
  readonly #intervals = new Map<string, Interval[]>();
  readonly #notReadySince = new Map<string, number>();
  readonly #everReady = new Set<string>();
  #attributionDue = false;

  constructor(options: TruthOptions) {
    this.#options = options;
  }

  start(): void {
    const { namespace, service, deployment } = this.#options;
    this.#watch(
      'endpointslices',
      slicesPath(namespace),
      { labelSelector: slicesOf(service) },
      {
        onList: (items) => {
          this.#slices.replace(items);
          this.#slicesChanged();
        },
        onEvent: (type, slice) => {
          if (type === 'DELETED') this.#slices.remove(slice);
          else this.#slices.put(slice);
          this.#slicesChanged();
        },
      },
    );
    this.#watch(
      'deployments',
      `/apis/apps/v1/namespaces/${namespace}/deployments`,
      { fieldSelector: `metadata.name=${deployment}` },
      {
        onList: (items) => {
          for (const item of items) this.#deploymentSeen(item);
        },
        onEvent: (type, item) => {
          if (type !== 'DELETED') this.#deploymentSeen(item);
        },
      },
    );
    void this.#watchPods();
  }

  stop(): void {
    this.#stopped = true;
    this.#selectorTimer?.cancel();
    for (const reflector of this.#reflectors) reflector.stop();
    this.#options.api.close();
  }

  /** Desired replicas, once the Deployment was seen. */
  get replicas(): number | undefined {
    return this.#replicas;
  }

  /** Pods that exist, oldest first. */
  pods(): readonly Pod[] {
    return [...this.#pods.values()].map(({ pod }) => pod);
  }

  endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /** By UID or name. */
  find(nameOrUid: string): Pod | undefined {
    return this.#pods.get(nameOrUid)?.pod ?? this.pods().find((pod) => pod.name === nameOrUid);
  }

  /** What a pod was told to do; shown with it. */
  setBehavior(uid: string, behavior: Partial<Omit<PodBehavior, '$typeName' | '$unknown'>>): void {
    const known = this.#pods.get(uid);
    if (known === undefined) return;
    const before = known.pod.behavior ?? create(PodBehaviorSchema, { ready: true });
    known.pod = { ...known.pod, behavior: { ...before, ...behavior } };
  }

  #watch(
    resource: Watched,
    path: string,
    selectors: { labelSelector?: string; fieldSelector?: string },
    handlers: {
      onList(items: readonly KubeObject[]): void;
      onEvent(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): void;
    },
  ): void {
    const { api, timers, random, namespace } = this.#options;
    const reflector = new Reflector({
      api,
      path,
      what: `${resource} in namespace ${namespace}`,
      ...selectors,
      timers,
      random,
      listener: {
        onList: (items) => handlers.onList(items),
        onEvent: (type, object) => handlers.onEvent(type, object),
        onState: (state, message) => this.#stateOf(resource, state, message),
      },
    });
    this.#reflectors.push(reflector);
    reflector.start();
  }

  /** One watch per resource, each told by its name. */
  #stateOf(resource: Watched, state: ReflectorState, message: string): void {
    if (this.#states.get(resource) === `${state} ${message}`) return;
    this.#states.set(resource, `${state} ${message}`);
    this.#options.events.emit({
      kind: { case: 'watchState', value: { watcher: 'truth', resource, state, message } },
    });
  }

  /** Pods are selected as the Service selects them, so the Service is read first. */
  async #watchPods(): Promise<void> {
    const { api, namespace, service, timers } = this.#options;
    const answer = await api.request('GET', `/api/v1/namespaces/${namespace}/services/${service}`, {
      timeoutMs: 5_000,
    });
    if (this.#stopped) return;
    const selector = answer.kind === 'ok' ? answer.body?.spec?.selector : undefined;
    if (selector === undefined || selector === null) {
      if (answer.kind === 'status' && answer.code === 403) {
        this.#stateOf('pods', 'forbidden', `not allowed to get services in namespace ${namespace}`);
      } else if (answer.kind === 'status' && answer.code === 404) {
        this.#stateOf('pods', 'lost', `there is no Service ${service} in namespace ${namespace}`);
      } else {
        this.#stateOf('pods', 'lost', answer.kind === 'ok' ? `the Service ${service} selects no pods` : answer.message);
      }
      this.#selectorTimer = timers.setTimeout(() => void this.#watchPods(), selectorRetryMs);
      return;
    }
    const labelSelector = Object.entries(selector as Record<string, string>)
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
    this.#watch(
      'pods',
      `/api/v1/namespaces/${namespace}/pods`,
      { labelSelector },
      {
        onList: (items) => {
          const listed = new Set(items.map((item) => item?.metadata?.uid));
          for (const uid of [...this.#pods.keys()]) if (!listed.has(uid)) this.#podGone(uid);
          const byAge = [...items].sort((a, b) =>
            `${a?.metadata?.creationTimestamp} ${a?.metadata?.name}`.localeCompare(
              `${b?.metadata?.creationTimestamp} ${b?.metadata?.name}`,
            ),
          );
          for (const item of byAge) this.#podSeen(item);
        },
        onEvent: (type, item) => {
          if (type === 'DELETED') this.#podGone(item?.metadata?.uid);
          else this.#podSeen(item);
        },
      },
    );
  }

  #podSeen(object: KubeObject): void {
    const uid = object?.metadata?.uid;
    if (typeof uid !== 'string' || uid === '') return;
    const { clock } = this.#options;
    const now = clock.now();
    const before = this.#pods.get(uid);
    const status = containerOf(object);
    const readyCondition = (object.status?.conditions ?? []).some(
      (condition: KubeObject) => condition?.type === 'Ready' && condition.status === 'True',
    );
    const name = object.metadata.name as string;
    const ip = (object.status?.podIP as string | undefined) ?? '';
    const endpoint = this.#endpoints.find((each) => each.podUid === uid);
    const incarnation = Number(status?.restartCount ?? 0);
    const terminating = object.metadata.deletionTimestamp !== undefined;
    const restarted = before !== undefined && incarnation > before.pod.incarnation;
    const started = Date.parse(status?.state?.running?.startedAt ?? object.status?.startTime ?? '');
    const pod = create(PodSchema, {
      uid,
      name,
      ip,
      node: object.spec?.nodeName ?? '',
      phase: object.status?.phase ?? 'Pending',
      ready: endpoint?.ready ?? false,
      serving: endpoint?.serving ?? false,
      terminating,
      ...(Number.isNaN(started) ? {} : { startedAt: fromMs(started) }),
      incarnation,
      slot: this.#slots.slot(uid, now),
      handle: this.#slots.handle(uid, name),
      // A restarted container has forgotten what it was told.
      ...(before?.pod.behavior !== undefined && !restarted ? { behavior: before.pod.behavior } : {}),
      reason: status?.state?.waiting?.reason ?? status?.state?.terminated?.reason ?? object.status?.reason ?? '',
    });
    this.#pods.set(uid, { pod, readyCondition, deleted: terminating });
    if (ip !== '') this.#addressOf(ip, uid, now);
    if (before === undefined || restarted) this.#tellAttribution();

    const say = (kind: Parameters<EventSink['emit']>[0]['kind']): void =>
      this.#options.events.emit({ at: now, podUid: uid, incarnation, ...(kind === undefined ? {} : { kind }) });
    if (before === undefined) say({ case: 'podAdded', value: { pod } });
    if (restarted) {
      const last = status?.lastState?.terminated;
      say({
        case: 'podRestarted',
        value: { pod, reason: last?.reason ?? '', exitCode: Number(last?.exitCode ?? 0) },
      });
    }
    if (terminating && !(before?.deleted ?? false)) {
      say({
        case: 'podTerminating',
        value: { pod, gracePeriodSeconds: Number(object.metadata.deletionGracePeriodSeconds ?? 0) },
      });
    }
    if (readyCondition && !(before?.readyCondition ?? false)) say({ case: 'podReady', value: { pod } });
    if (!readyCondition && before?.readyCondition === true) say({ case: 'podUnready', value: { pod } });
    // An address or a phase that changed alone is told with the pod, so that the screen has it.
    if (
      before !== undefined &&
      (before.pod.ip !== pod.ip || before.pod.phase !== pod.phase || before.pod.reason !== pod.reason)
    ) {
      if (before.readyCondition === readyCondition && !restarted && terminating === before.deleted) {
        say({ case: 'podAdded', value: { pod } });
      }
    }
  }

  #podGone(uid: unknown): void {
    if (typeof uid !== 'string') return;
    const known = this.#pods.get(uid);
    if (known === undefined) return;
    const now = this.#options.clock.now();
    this.#pods.delete(uid);
    this.#slots.gone(uid, now);
    for (const interval of this.#intervals.get(known.pod.ip) ?? []) if (interval.uid === uid) interval.to = now;
    if (!this.#notReadySince.has(uid) && this.#everReady.has(uid)) this.#notReadySince.set(uid, now);
    this.#tellAttribution();
    const pod = create(PodSchema, { ...known.pod, phase: 'Gone', ready: false, serving: false });
    this.#options.events.emit({ at: now, podUid: uid, kind: { case: 'podGone', value: { pod } } });
    this.#forget(now);
  }

  #addressOf(ip: string, uid: string, now: number): void {
    const intervals = this.#intervals.get(ip) ?? [];
    if (intervals.at(-1)?.uid === uid) return;
    const last = intervals.at(-1);
    if (last !== undefined) last.to ??= now;
    intervals.push({ uid, from: now, to: undefined });
    this.#intervals.set(ip, intervals);
    this.#tellAttribution();
  }

  /** Once for all that this turn brings. */
  #tellAttribution(): void {
    const { onAttribution } = this.#options;
    if (onAttribution === undefined || this.#attributionDue) return;
    this.#attributionDue = true;
    queueMicrotask(() => {
      this.#attributionDue = false;
      onAttribution({
        addresses: [...this.#intervals].map(([ip, owners]) => [
          ip,
          owners.map(({ uid, from }) => [uid, from] as const),
        ]),
        notReadySince: [...this.#notReadySince],
        pods: [...this.#pods].map(([uid, { pod }]) => [uid, pod.name, pod.incarnation] as const),
      });
    });
  }

  #forget(now: number): void {
    for (const [ip, intervals] of this.#intervals) {
      const kept = intervals.filter((interval) => interval.to === undefined || now - interval.to < forgetAfterMs);
      if (kept.length === 0) this.#intervals.delete(ip);
      else this.#intervals.set(ip, kept);
    }
    for (const [uid, since] of this.#notReadySince) {
      if (now - since < forgetAfterMs || this.#pods.has(uid)) continue;
      this.#notReadySince.delete(uid);
      this.#everReady.delete(uid);
    }
  }

  #slicesChanged(): void {
    const { port, service, clock, events } = this.#options;
    const now = clock.now();
    const all: Endpoint[] = [];
    for (const joined of this.#slices.endpoints()) {
      // A slice that names its port otherwise still has one number for the pods' port: the one lanes dial.
      const number = [...joined.ports.values()].includes(port)
        ? port
        : portOf(joined, [...joined.ports.keys()][0] ?? port);
      all.push(
        create(EndpointSchema, {
          address: `${joined.ip}:${number ?? port}`,
          podUid: joined.podUid,
          pod: joined.pod,
          ready: joined.ready,
          serving: joined.serving,
          terminating: joined.terminating,
        }),
      );
    }
    const before = this.#endpoints;
    if (JSON.stringify(before.map(conditions)) === JSON.stringify(all.map(conditions)) && this.#slicesTold) return;
    this.#slicesTold = true;
    this.#endpoints = all;
    const ready = (list: readonly Endpoint[]): Set<string> =>
      new Set(list.filter((e) => e.ready).map((e) => e.address));
    const [was, is] = [ready(before), ready(all)];
    for (const endpoint of all) {
      const known = this.#pods.get(endpoint.podUid);
      if (known !== undefined) {
        const { ready: isReady, serving, terminating } = endpoint;
        known.pod = { ...known.pod, ready: isReady, serving, terminating: terminating || known.pod.terminating };
      }
      if (endpoint.podUid !== '' && endpoint.ready) {
        this.#everReady.add(endpoint.podUid);
        this.#notReadySince.delete(endpoint.podUid);
      }
    }
    const readyUids = new Set(all.filter((e) => e.ready).map((e) => e.podUid));
    for (const { podUid, ready: wasReady } of before) {
      if (!wasReady || readyUids.has(podUid)) continue;
      this.#notReadySince.set(podUid, now);
      const known = this.#pods.get(podUid);
      if (known !== undefined && !all.some((e) => e.podUid === podUid)) {
        known.pod = { ...known.pod, ready: false, serving: false };
      }
    }
    this.#tellAttribution();
    events.emit({
      at: now,
      kind: {
        case: 'sliceChanged',
        value: {
          service,
          added: [...is].filter((address) => !was.has(address)),
          removed: [...was].filter((address) => !is.has(address)),
          all,
        },
      },
    });
  }

  #deploymentSeen(object: KubeObject): void {
    const { spec, status, metadata } = object ?? {};
    if (metadata?.name !== this.#options.deployment) return;
    this.#replicas = Number(spec?.replicas ?? 1);
    // A list after an outage says again what is known.
    const told = JSON.stringify([this.#replicas, status, metadata.generation]);
    const env = environmentOf(object);
    if (told === this.#deploymentTold) return;
    this.#deploymentTold = told;
    this.#options.events.emit({
      kind: {
        case: 'deploymentChanged',
        value: {
          deployment: {
            name: metadata.name,
            replicas: this.#replicas,
            readyReplicas: Number(status?.readyReplicas ?? 0),
            updatedReplicas: Number(status?.updatedReplicas ?? 0),
            generation: Number(metadata.generation ?? 0),
            observedGeneration: Number(status?.observedGeneration ?? 0),
            ...msOf('maxConnectionAgeMs', env.get('GREETER_MAX_CONNECTION_AGE_MS')),
            ...msOf('maxConnectionAgeGraceMs', env.get('GREETER_MAX_CONNECTION_AGE_GRACE_MS')),
          },
        },
      },
    });
  }
}

function conditions(endpoint: Endpoint): unknown[] {
  return [endpoint.address, endpoint.podUid, endpoint.ready, endpoint.serving, endpoint.terminating];
}

function containerOf(object: KubeObject): KubeObject {
  return (object.status?.containerStatuses ?? [])[0];
}

/** What the template gives its containers, by name; what comes from elsewhere (a ConfigMap) is not known. */
function environmentOf(deployment: KubeObject): Map<string, string> {
  const containers: KubeObject[] = deployment.spec?.template?.spec?.containers ?? [];
  return new Map(
    containers.flatMap(({ env = [] }) =>
      (env as { name: string; value?: string }[]).flatMap(({ name, value }) =>
        value === undefined ? [] : [[name, value] as const],
      ),
    ),
  );
}

function msOf<Name extends string>(name: Name, value: string | undefined): { [Key in Name]?: number } {
  return value !== undefined && /^-?\d+$/.test(value) ? ({ [name]: Number(value) } as { [Key in Name]?: number }) : {};
}
