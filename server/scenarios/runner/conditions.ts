import type { Run } from '../../../model/state.ts';
import { readyUids } from '../../../model/truth.ts';
import type { Conditions } from '../format/plan.ts';

interface Answered {
  readonly all: number;
  readonly pods: ReadonlyMap<string, number>;
}

/** What each lane had answered when the wait began; the run's counts only grow. */
export type Before = ReadonlyMap<string, Answered>;

export function answeredSoFar(run: Run): Before {
  return new Map(
    [...run.lanes].map(([id, lane]) => [
      id,
      { all: lane.counts.answered, pods: new Map([...lane.pods].map(([uid, { calls }]) => [uid, calls])) },
    ]),
  );
}

/** What of the conditions does not hold yet, in words; none: all hold. */
export function unmet(conditions: Conditions, run: Run, before: Before): string[] {
  const { calls, podsReady, settled, everyPodAnswered, listsReadyPods, laneState, cluster, lanes } = conditions;
  const ids = lanes ?? [...run.lanes.values()].filter(({ state }) => state === 'running').map(({ id }) => id);
  const ready = readyUids(run);
  const missing: string[] = [];
  if (settled) missing.push(...unsettled(run));
  if (podsReady !== undefined && ready.length !== podsReady) missing.push(`${ready.length} pods are ready`);
  for (const id of ids) {
    const lane = run.lanes.get(id);
    if (lane === undefined) {
      missing.push(`there is no lane ${id}`);
      continue;
    }
    const had = before.get(id);
    const answered = lane.counts.answered - (had?.all ?? 0);
    if (calls !== undefined && answered < calls) missing.push(`${id} answered ${answered} calls`);
    if (everyPodAnswered) {
      const idle = ready.filter((uid) => (lane.pods.get(uid)?.calls ?? 0) <= (had?.pods.get(uid) ?? 0));
      if (idle.length > 0) missing.push(`${idle.length} of ${ready.length} pods answered nothing on ${id}`);
    }
    if (listsReadyPods) {
      const addresses = new Set(run.endpoints.map(({ address }) => address));
      const listed = lane.belief.addresses;
      const right = listed.length === addresses.size && listed.every((address) => addresses.has(address));
      if (!right) missing.push(`${id} lists ${listed.length} addresses, and ${addresses.size} pods are ready`);
    }
    if (laneState !== undefined && lane.state !== laneState) missing.push(`${id} is ${lane.state}`);
  }
  if (ids.length === 0 && (calls !== undefined || everyPodAnswered)) missing.push('no lane runs');
  if (cluster !== undefined && run.cluster.state !== cluster)
    missing.push(`the Kubernetes API is ${run.cluster.state}`);
  return missing;
}

/** As many pods as asked for, all ready and of the newest template; none ending. */
export function unsettled(run: Run): string[] {
  const { deployment } = run;
  if (deployment === undefined) return ['the Deployment is not known yet'];
  const ready = readyUids(run).length;
  const ending = [...run.pods.values()].filter(({ pod, goneAt }) => goneAt === undefined && pod.terminating).length;
  const missing: string[] = [];
  if (ready !== deployment.replicas) missing.push(`${ready} of ${deployment.replicas} pods are ready`);
  if (ending > 0) missing.push(`${ending} pods are ending`);
  if (deployment.observedGeneration < deployment.generation || deployment.updatedReplicas < deployment.replicas) {
    missing.push('the rollout is under way');
  }
  return missing;
}
