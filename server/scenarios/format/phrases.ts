import { plainDuration } from '../../../model/time.ts';
import type { Act, Chosen, Conditions } from './plan.ts';

/** What a step does, in words for the screen, a terminal and a report. */
export function actText(act: Act, replicas: number, labels: ReadonlyMap<string, string> = new Map()): string {
  const label = (lane: string) => labels.get(lane) ?? lane;
  const where = (lane: string | undefined) => (lane === undefined ? 'all lanes' : label(lane));
  switch (act.kind) {
    case 'prepare':
      return `Prepare: ${pods(replicas)}, new clients on every lane`;
    case 'wait':
      return `Wait ${plainDuration(act.ms)}`;
    case 'waitUntil':
      return `Wait until ${conditionsText(act.conditions, label)}`;
    case 'scale':
      return `Scale to ${pods(act.replicas)}`;
    case 'deletePod':
      return act.gracePeriodSeconds === 0
        ? `Delete ${podText(act.chosen, label)} now`
        : `Delete ${podText(act.chosen, label)}`;
    case 'crashPod':
      return `Crash ${podText(act.chosen, label)}`;
    case 'setBehavior':
      return `Make ${podText(act.chosen, label)} ${behaviorText(act.change)}`;
    case 'rollout':
      if (act.preStop === undefined) return 'Restart the rollout';
      return act.preStop === 'none'
        ? 'Roll out without a preStop sleep'
        : `Roll out with a preStop sleep of ${act.preStop} s`;
    case 'maxConnectionAge':
      return act.ageMs < 0
        ? 'No MaxConnectionAge'
        : `MaxConnectionAge of ${plainDuration(act.ageMs)}${act.graceMs < 0 ? '' : `, grace ${plainDuration(act.graceMs)}`}`;
    case 'traffic':
      return `Traffic on ${where(act.lane)}: ${Object.entries(act.change)
        .map(([name, value]) => `${words(name)} ${String(value)}`)
        .join(', ')}`;
    case 'running':
      return `${act.running ? 'Start' : 'Stop'} traffic on ${where(act.lane)}`;
    case 'lane':
      return `Put lane ${act.spec.label || act.spec.id}`;
    case 'removeLane':
      return `Remove lane ${label(act.lane)}`;
    case 'say':
      return act.text;
    case 'ask':
      return 'Ask';
    case 'dns':
      return act.answers === 'normal' ? 'Cluster DNS answers again' : `Cluster DNS ${dnsText[act.answers]}`;
    case 'laneWatch':
      return act.forbidden
        ? 'The cluster forbids lanes to watch EndpointSlices'
        : 'The cluster allows lanes to watch again';
    case 'apiServer':
      return `The Kubernetes API is gone for ${plainDuration(act.goneMs)}`;
  }
}

const dnsText = {
  servfail: 'answers SERVFAIL',
  refused: 'answers REFUSED',
  nxdomain: 'answers NXDOMAIN',
  empty: 'answers without addresses',
  drop: 'does not answer',
} as const;

function pods(n: number): string {
  return `${n} ${n === 1 ? 'pod' : 'pods'}`;
}

export function podText({ pod }: Chosen, label: (lane: string) => string): string {
  switch (pod.kind) {
    case 'oldest':
    case 'newest':
      return `the ${pod.kind} pod`;
    case 'index':
      return `pod number ${pod.index + 1}`;
    case 'mostUsedBy':
      return `the pod that ${label(pod.lane)} uses most`;
    case 'named':
      return `the pod "${pod.name}"`;
  }
}

function behaviorText(change: { ready?: boolean; delayMs?: number; errorRate?: number }): string {
  const parts: string[] = [];
  if (change.ready !== undefined) parts.push(change.ready ? 'ready' : 'unready');
  if (change.delayMs !== undefined)
    parts.push(change.delayMs === 0 ? 'as fast as it can be' : `slow by ${plainDuration(change.delayMs)}`);
  if (change.errorRate !== undefined) parts.push(`fail ${Math.round(change.errorRate * 1000) / 10} % of its calls`);
  return parts.join(' and ');
}

export function conditionsText(conditions: Conditions, label: (lane: string) => string): string {
  const { calls, podsReady, settled, everyPodAnswered, listsReadyPods, laneState, cluster, lanes } = conditions;
  const who = lanes === undefined ? 'every lane' : lanes.map(label).join(' and ');
  const many = (lanes?.length ?? 1) > 1;
  const parts: string[] = [];
  if (settled) parts.push('all pods are ready and none is ending');
  if (podsReady !== undefined) parts.push(`${pods(podsReady)} ${podsReady === 1 ? 'is' : 'are'} ready`);
  if (calls !== undefined) parts.push(`${calls} calls are answered on ${who}`);
  if (everyPodAnswered) parts.push(`every ready pod has answered on ${who}`);
  if (listsReadyPods) parts.push(`${who} ${many ? 'list' : 'lists'} exactly the ready pods`);
  if (laneState !== undefined) parts.push(`${who} ${many ? 'are' : 'is'} ${laneState}`);
  if (cluster !== undefined)
    parts.push(
      cluster === 'lost' ? 'the agent has lost the Kubernetes API' : 'the agent sees the Kubernetes API again',
    );
  return parts.join(' and ');
}

function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
