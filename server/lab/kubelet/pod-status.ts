import { apiTime } from '../clock.ts';
import type { Json, KubeObject } from '../store-port.ts';
import type { Container } from './container.ts';
import type { Exit } from './instance.ts';

export interface PodFacts {
  readonly now: number;
  readonly startTime: string;
  readonly podIP: string;
  readonly hostIP: string;
  readonly containers: readonly Container[];
}

/** The whole status of a pod from what its containers are doing; conditions keep the time of their last transition. */
export function podStatus(pod: KubeObject, facts: PodFacts): Json {
  const containerStatuses = facts.containers.map(containerStatus);
  const phase = podPhase(pod, facts.containers);
  const unready = containerStatuses.filter((status) => !status.ready).map((status) => status.name);
  const done = phase === 'Succeeded' || phase === 'Failed';
  const ready = unready.length === 0 && !done;
  const why = done
    ? { reason: phase === 'Succeeded' ? 'PodCompleted' : 'PodFailed' }
    : { reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` };
  const wanted: Json[] = [
    { type: 'PodReadyToStartContainers', status: done ? 'False' : 'True' },
    { type: 'Initialized', status: 'True' },
    { type: 'Ready', status: ready ? 'True' : 'False', ...(ready ? {} : why) },
    { type: 'ContainersReady', status: ready ? 'True' : 'False', ...(ready ? {} : why) },
    { type: 'PodScheduled', status: 'True' },
  ];
  const before: Json[] = pod.status?.conditions ?? [];
  const conditions = [
    ...wanted.map((condition) => {
      const old = before.find((one) => one.type === condition.type);
      const lastTransitionTime = old?.status === condition.status ? old.lastTransitionTime : apiTime(facts.now);
      return { ...condition, lastProbeTime: null, lastTransitionTime };
    }),
    ...before.filter((old) => !wanted.some((one) => one.type === old.type)),
  ];
  return {
    ...pod.status,
    phase,
    conditions,
    hostIP: facts.hostIP,
    hostIPs: [{ ip: facts.hostIP }],
    podIP: facts.podIP,
    podIPs: [{ ip: facts.podIP }],
    startTime: facts.startTime,
    containerStatuses,
    qosClass: pod.status?.qosClass ?? qosClass(pod),
  };
}

export function podPhase(pod: KubeObject, containers: readonly Container[]): string {
  const policy = pod.spec.restartPolicy ?? 'Always';
  if (containers.every(({ state }) => state.kind === 'terminated')) {
    const failed = containers.some(({ state }) => state.kind === 'terminated' && state.exit.exitCode !== 0);
    if (pod.metadata.deletionTimestamp !== undefined || policy === 'Never') return failed ? 'Failed' : 'Succeeded';
    if (policy === 'OnFailure' && !failed) return 'Succeeded';
    return 'Running';
  }
  const begun = containers.every(({ state, last }) => state.kind !== 'waiting' || last !== undefined);
  return begun ? 'Running' : 'Pending';
}

export function containerStatus(container: Container): Json {
  const { spec, state, last, restartCount } = container;
  const running = state.kind === 'running' ? state : undefined;
  return {
    name: spec.name,
    image: spec.image,
    imageID: spec.image,
    ...(running ? { containerID: running.instance.containerID } : last ? { containerID: last.containerID } : {}),
    ready: running?.ready ?? false,
    started: running?.started ?? false,
    restartCount,
    state: stateOf(state),
    lastState: last ? { terminated: terminated(last) } : {},
  };
}

function stateOf(state: Container['state']): Json {
  switch (state.kind) {
    case 'waiting':
      return { waiting: { reason: state.reason, ...(state.message ? { message: state.message } : {}) } };
    case 'running':
      return { running: { startedAt: apiTime(state.instance.startedAt) } };
    case 'terminated':
      return { terminated: terminated(state.exit) };
  }
}

function terminated(exit: Exit): Json {
  return {
    exitCode: exit.exitCode,
    ...(exit.exitCode > 128 && exit.exitCode < 160 ? { signal: exit.exitCode - 128 } : {}),
    reason: exit.reason,
    ...(exit.message ? { message: exit.message } : {}),
    startedAt: exit.startedAt === undefined ? null : apiTime(exit.startedAt),
    finishedAt: exit.finishedAt === undefined ? null : apiTime(exit.finishedAt),
    containerID: exit.containerID,
  };
}

/** https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/ */
export function qosClass(pod: KubeObject): string {
  const all: Json[] = (pod.spec.containers ?? []).map((container: Json) => container.resources ?? {});
  if (all.every(({ requests, limits }) => !requests && !limits)) return 'BestEffort';
  const guaranteed = all.every(({ requests, limits }) =>
    ['cpu', 'memory'].every(
      (what) => limits?.[what] !== undefined && (requests?.[what] ?? limits[what]) === limits[what],
    ),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
