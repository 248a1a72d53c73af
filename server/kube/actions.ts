import type { Answer, Api } from './http.ts';

const timeoutMs = 5_000;

/** What became of something asked of the cluster. */
export type Outcome =
  | { readonly kind: 'ok' }
  | { readonly kind: 'not_found'; readonly message: string }
  | { readonly kind: 'forbidden'; readonly verb: string; readonly resource: string }
  | { readonly kind: 'conflict'; readonly message: string }
  | { readonly kind: 'unreachable'; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string };

export interface ActionTarget {
  readonly api: Api;
  readonly namespace: string;
  readonly deployment: string;
}

/** Sets the desired replicas through the scale subresource: the least right that can do it. */
export async function scale(target: ActionTarget, replicas: number): Promise<Outcome> {
  const path = `/apis/apps/v1/namespaces/${target.namespace}/deployments/${target.deployment}/scale`;
  const answer = await target.api.request('PATCH', path, {
    body: { spec: { replicas } },
    contentType: 'application/merge-patch+json',
    timeoutMs,
  });
  return outcome(answer, 'patch', 'deployments/scale');
}

/**
 * Deletes one pod and no other: the UID is a precondition, so a pod that took the name meanwhile is left alone.
 * `gracePeriodSeconds` undefined: the pod's own; 0: delete now.
 */
export async function deletePod(
  target: ActionTarget,
  pod: { readonly name: string; readonly uid: string },
  gracePeriodSeconds: number | undefined,
): Promise<Outcome> {
  const answer = await target.api.request('DELETE', `/api/v1/namespaces/${target.namespace}/pods/${pod.name}`, {
    body: {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid: pod.uid },
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    },
    timeoutMs,
  });
  return outcome(answer, 'delete', 'pods');
}

/** Replaces every pod, as `kubectl rollout restart` does: by an annotation of the pod template. */
export async function restartRollout(target: ActionTarget, at: Date): Promise<Outcome> {
  const path = deploymentPath(target);
  const annotations = { 'kubectl.kubernetes.io/restartedAt': at.toISOString() };
  const answer = await target.api.request('PATCH', path, {
    body: { spec: { template: { metadata: { annotations } } } },
    contentType: 'application/strategic-merge-patch+json',
    timeoutMs,
  });
  return outcome(answer, 'patch', 'deployments');
}

/** Seconds of the preStop sleep of the Deployment's first container; 'none': it has no preStop hook. */
export async function readPreStop(
  target: ActionTarget,
): Promise<Exclude<Outcome, { kind: 'ok' }> | { readonly kind: 'ok'; readonly seconds: number | 'none' }> {
  const answer = await target.api.request('GET', deploymentPath(target), { timeoutMs });
  if (answer.kind !== 'ok') return outcome(answer, 'get', 'deployments') as Exclude<Outcome, { kind: 'ok' }>;
  const preStop = answer.body.spec?.template?.spec?.containers?.[0]?.lifecycle?.preStop;
  if (preStop === undefined || preStop === null) return { kind: 'ok', seconds: 'none' };
  if (typeof preStop.sleep?.seconds === 'number') return { kind: 'ok', seconds: preStop.sleep.seconds };
  return { kind: 'refused', message: 'its preStop hook is not a sleep, so it could not be put back' };
}

/** Changes the template, and so replaces every pod. */
export async function writePreStop(target: ActionTarget, seconds: number | 'none'): Promise<Outcome> {
  const read = await target.api.request('GET', deploymentPath(target), { timeoutMs });
  if (read.kind !== 'ok') return outcome(read, 'get', 'deployments');
  const name = read.body.spec?.template?.spec?.containers?.[0]?.name;
  // Null takes a field away in a strategic merge; containers are merged by their name.
  const preStop = seconds === 'none' ? null : { sleep: { seconds } };
  const answer = await target.api.request('PATCH', deploymentPath(target), {
    body: { spec: { template: { spec: { containers: [{ name, lifecycle: { preStop } }] } } } },
    contentType: 'application/strategic-merge-patch+json',
    timeoutMs,
  });
  return outcome(answer, 'patch', 'deployments');
}

function deploymentPath({ namespace, deployment }: ActionTarget): string {
  return `/apis/apps/v1/namespaces/${namespace}/deployments/${deployment}`;
}

function outcome(answer: Answer, verb: string, resource: string): Outcome {
  if (answer.kind === 'ok') return { kind: 'ok' };
  if (answer.kind === 'unreachable') return answer;
  const { code, message } = answer;
  if (code === 404) return { kind: 'not_found', message };
  if (code === 401 || code === 403) return { kind: 'forbidden', verb, resource };
  if (code === 409) return { kind: 'conflict', message };
  if (code >= 500 || code === 429) return { kind: 'unreachable', message };
  return { kind: 'refused', message };
}
