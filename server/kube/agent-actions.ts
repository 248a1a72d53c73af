import type { EventSink } from '../events/port.ts';
import { deletePod, type Outcome, readPreStop, restartRollout, scale, writePreStop } from './actions.ts';
import type { Api } from './http.ts';
import { type BehaviorChange, controlPod } from './pod-control.ts';
import type { Truth } from './truth.ts';

export interface ClusterActionsOptions {
  readonly api: Api;
  readonly namespace: string;
  readonly deployment: string;
  readonly controlPort: number;
  readonly truth: Truth;
  readonly events: EventSink;
}

type Refused = {
  readonly ok: false;
  readonly code: 'not_found' | 'permission_denied' | 'unavailable' | 'failed_precondition' | 'resource_exhausted';
  readonly message: string;
};

/**
 * What the API asks of the cluster. Each is told as an event *before* it is asked for, so that it stands before its effects
 * on the time axis; a refusal is told to who asked.
 */
export function clusterActions(options: ClusterActionsOptions) {
  const { truth, events, deployment, namespace } = options;

  const refusal = (outcome: Exclude<Outcome, { kind: 'ok' }>, what: string): Refused => {
    switch (outcome.kind) {
      case 'not_found':
        return { ok: false, code: 'not_found', message: `${what}: ${outcome.message}` };
      case 'forbidden':
        return {
          ok: false,
          code: 'permission_denied',
          message: `${what}: the cluster does not allow to ${outcome.verb} ${outcome.resource} in namespace ${namespace}`,
        };
      case 'unreachable':
        return { ok: false, code: 'unavailable', message: `${what}: ${outcome.message}` };
      default:
        return { ok: false, code: 'failed_precondition', message: `${what}: ${outcome.message}` };
    }
  };
  const noPod = (pod: string): Refused => {
    const names = truth.pods().map(({ name }) => name);
    return {
      ok: false,
      code: 'not_found',
      message: `pod is "${pod}": there is no such pod; there are ${names.slice(0, 10).join(', ') || 'none'}${names.length > 10 ? ` and ${names.length - 10} more` : ''}`,
    };
  };

  return {
    async scale(replicas: number) {
      const from = truth.replicas ?? truth.pods().filter((pod) => !pod.terminating).length;
      events.emit({ kind: { case: 'scaleAsked', value: { from, to: replicas } } });
      const outcome = await scale(options, replicas);
      if (outcome.kind !== 'ok') return refusal(outcome, `scaling ${deployment} to ${replicas}`);
      return { ok: true as const, from, to: replicas };
    },

    async deletePod(nameOrUid: string, gracePeriodSeconds: number | undefined) {
      const pod = truth.find(nameOrUid);
      if (pod === undefined) return noPod(nameOrUid);
      const grace = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
      events.emit({ podUid: pod.uid, kind: { case: 'deleteAsked', value: { pod: pod.name, ...grace } } });
      const outcome = await deletePod(options, pod, gracePeriodSeconds);
      if (outcome.kind !== 'ok') return refusal(outcome, `deleting ${pod.name}`);
      return { ok: true as const, uid: pod.uid };
    },

    async restartRollout() {
      events.emit({ kind: { case: 'rolloutAsked', value: {} } });
      const outcome = await restartRollout(options, new Date());
      if (outcome.kind !== 'ok') return refusal(outcome, `restarting the rollout of ${deployment}`);
      return { ok: true as const };
    },

    /** Seconds of the pods' preStop sleep; refused where their hook is of another kind. */
    async preStop() {
      const outcome = await readPreStop(options);
      if (outcome.kind !== 'ok') return refusal(outcome, `reading ${deployment}`);
      return { ok: true as const, seconds: outcome.seconds };
    },

    async setPreStop(seconds: number | 'none') {
      const outcome = await writePreStop(options, seconds);
      if (outcome.kind !== 'ok') return refusal(outcome, `changing the preStop hook of ${deployment}`);
      return { ok: true as const };
    },

    async setPodBehavior(nameOrUid: string, change: BehaviorChange) {
      const pod = truth.find(nameOrUid);
      if (pod === undefined) return noPod(nameOrUid);
      if (pod.ip === '') {
        return {
          ok: false as const,
          code: 'failed_precondition' as const,
          message: `pod ${pod.name} has no address yet`,
        };
      }
      events.emit({ podUid: pod.uid, kind: { case: 'behaviorAsked', value: { pod: pod.name, ...change } } });
      const outcome = await controlPod(pod.ip, options.controlPort, change);
      if (outcome.kind !== 'ok') return refusal(outcome, `changing ${pod.name}`);
      const { crash: _, ...behavior } = change;
      truth.setBehavior(pod.uid, behavior);
      return { ok: true as const, uid: pod.uid };
    },
  };
}
