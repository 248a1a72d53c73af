import { recordEvent } from '../apiserver/events.ts';
import { type Clock, kubeTime } from '../apiserver/time.ts';
import type { Json, KubeObject, Store } from '../store-port.ts';
import { condition, controllerOf, isActive, split } from './objects.ts';

const source = 'default-scheduler';

/** Places a pod: on the node with the fewest pods of its owner (ScheduleAnyway spread), then with the fewest in all. */
export function schedulePod(store: Store, clock: Clock, key: string): void {
  const { namespace, name } = split(key);
  const pod = store.get('Pod', namespace, name);
  if (pod === undefined || pod.spec?.nodeName || pod.metadata.deletionTimestamp !== undefined) return;
  const now = kubeTime(clock.now());
  const nodes = store.list('Node').filter((node) => node.spec?.unschedulable !== true && fits(pod, node));
  if (nodes.length === 0) {
    const message = `0/${store.list('Node').length} nodes are available.`;
    let told = false;
    store.modify(
      'Pod',
      namespace,
      name,
      (copy) => {
        if (condition(copy, 'PodScheduled')?.message === message) return undefined;
        told = true;
        copy.status = {
          ...copy.status,
          conditions: [
            ...others(copy),
            {
              type: 'PodScheduled',
              status: 'False',
              reason: 'Unschedulable',
              message,
              lastProbeTime: null,
              lastTransitionTime: now,
            },
          ],
        };
        return copy;
      },
      { status: true, uid: pod.metadata.uid },
    );
    if (told) recordEvent(store, pod, { type: 'Warning', reason: 'FailedScheduling', message, source });
    return;
  }
  const all = store.list('Pod').filter(isActive);
  const owner = controllerOf(pod)?.uid;
  const load = (node: KubeObject): [number, number] => {
    const here = all.filter((each) => each.spec?.nodeName === node.metadata.name);
    return [here.filter((each) => owner !== undefined && controllerOf(each)?.uid === owner).length, here.length];
  };
  const [best] = nodes
    .map((node) => ({ node, load: load(node) }))
    .sort(
      (a, b) =>
        a.load[0] - b.load[0] || a.load[1] - b.load[1] || a.node.metadata.name.localeCompare(b.node.metadata.name),
    );
  const nodeName = best?.node.metadata.name;
  // The status first: whoever waits for nodeName (the kubelet) must find the condition there.
  store.modify(
    'Pod',
    namespace,
    name,
    (copy) => {
      copy.status = {
        ...copy.status,
        conditions: [
          ...others(copy),
          { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now },
        ],
      };
      return copy;
    },
    { status: true, uid: pod.metadata.uid },
  );
  store.modify(
    'Pod',
    namespace,
    name,
    (copy) => {
      copy.spec = { ...copy.spec, nodeName };
      return copy;
    },
    { uid: pod.metadata.uid },
  );
  recordEvent(store, pod, {
    type: 'Normal',
    reason: 'Scheduled',
    message: `Successfully assigned ${namespace}/${name} to ${nodeName}`,
    source,
  });
}

function others(pod: KubeObject): Json[] {
  return (pod.status?.conditions ?? []).filter((each: Json) => each.type !== 'PodScheduled');
}

function fits(pod: KubeObject, node: KubeObject): boolean {
  const ready = condition(node, 'Ready');
  if (ready !== undefined && ready.status !== 'True') return false;
  const selector = (pod.spec?.nodeSelector ?? {}) as Record<string, string>;
  return Object.entries(selector).every(([label, value]) => node.metadata.labels?.[label] === value);
}
