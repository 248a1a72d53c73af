import { isDeepStrictEqual } from 'node:util';
import { mapMatches } from '../apiserver/selectors.ts';
import type { Json, KubeObject, Store } from '../store-port.ts';
import { isReady, ownerReference, split } from './objects.ts';

/** The controller's default, --max-endpoints-per-slice. */
const endpointsPerSlice = 100;

/** Services with a selector, and the pods it selects, to EndpointSlices. Writes only what changed. */
export function reconcileEndpoints(store: Store, key: string): void {
  const { namespace, name } = split(key);
  const service = store.get('Service', namespace, name);
  // Slices of a Service that is gone go with it, by their owner reference.
  if (service === undefined || service.metadata.deletionTimestamp !== undefined) return;
  const selector = service.spec?.selector;
  if (Object.keys(selector ?? {}).length === 0 || service.spec?.type === 'ExternalName') return;
  const pods = store.list('Pod', namespace).filter((pod) => mapMatches(selector, pod.metadata.labels) && counts(pod));

  // Pods whose named ports resolve differently need slices of their own.
  const groups = new Map<string, { ports: Json[]; endpoints: Map<string, Json> }>();
  for (const pod of pods) {
    const ports = portsOf(service, pod);
    const group = groups.get(JSON.stringify(ports)) ?? { ports, endpoints: new Map<string, Json>() };
    groups.set(JSON.stringify(ports), group);
    group.endpoints.set(pod.status.podIP, endpointOf(service, pod));
  }
  const mine = store
    .list('EndpointSlice', namespace)
    .filter((slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === name && managed(slice));
  const unused = new Set(mine);
  for (const group of groups.values()) {
    const same = mine.filter((slice) => isDeepStrictEqual(slice.ports ?? [], group.ports));
    fill(store, service, group, same, unused);
  }
  // An empty Service keeps one slice without endpoints, as the real controller's placeholder.
  const keep = groups.size === 0 ? mine[0] : undefined;
  for (const slice of unused) {
    if (slice === keep) write(store, slice, null);
    else store.delete('EndpointSlice', namespace, slice.metadata.name, { uid: slice.metadata.uid });
  }
  if (groups.size === 0 && keep === undefined) createSlice(store, service, [], null);
}

/** Endpoints stay in the slice they are in; new ones fill up slices with room, then make new ones. */
function fill(
  store: Store,
  service: KubeObject,
  group: { ports: Json[]; endpoints: Map<string, Json> },
  slices: readonly KubeObject[],
  unused: Set<KubeObject>,
): void {
  const left = new Map(group.endpoints);
  const next = slices.map((slice) => {
    const kept: Json[] = [];
    for (const endpoint of slice.endpoints ?? []) {
      const address = endpoint.addresses?.[0];
      const now = left.get(address);
      if (now === undefined) continue;
      left.delete(address);
      kept.push(now);
    }
    return { slice, kept };
  });
  const fresh = [...left.values()];
  for (const { kept } of next) while (kept.length < endpointsPerSlice && fresh.length > 0) kept.push(fresh.shift());
  for (const { slice, kept } of next) {
    if (kept.length === 0) continue;
    unused.delete(slice);
    write(store, slice, kept);
  }
  while (fresh.length > 0) {
    // An empty slice of this Service is used again before a new one is made.
    const spare = next.find(({ slice, kept }) => kept.length === 0 && unused.has(slice))?.slice;
    const part = fresh.splice(0, endpointsPerSlice);
    if (spare === undefined) createSlice(store, service, group.ports, part);
    else {
      unused.delete(spare);
      write(store, spare, part);
    }
  }
}

function write(store: Store, slice: KubeObject, endpoints: Json[] | null): void {
  const { namespace, name, uid } = slice.metadata;
  store.modify(
    'EndpointSlice',
    namespace,
    name,
    (copy) => {
      if (isDeepStrictEqual(copy.endpoints ?? null, endpoints)) return undefined;
      copy.endpoints = endpoints;
      return copy;
    },
    { uid },
  );
}

function createSlice(store: Store, service: KubeObject, ports: Json[], endpoints: Json[] | null): void {
  const { namespace = 'default', name, labels } = service.metadata;
  store.create({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: {
        ...labels,
        'kubernetes.io/service-name': name,
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        ...(service.spec?.clusterIP === 'None' ? { 'service.kubernetes.io/headless': '' } : {}),
      },
      ownerReferences: [ownerReference(service)],
    },
    addressType: 'IPv4',
    endpoints,
    ports,
  });
}

function managed(slice: KubeObject): boolean {
  return slice.metadata.labels?.['endpointslice.kubernetes.io/managed-by'] === 'endpointslice-controller.k8s.io';
}

/** A pod without an address, or one that has ended, is no endpoint; a terminating one still is. */
function counts(pod: KubeObject): boolean {
  const { podIP, phase } = pod.status ?? {};
  return typeof podIP === 'string' && podIP !== '' && phase !== 'Failed' && phase !== 'Succeeded';
}

/** KEP-1672: terminating pods are never ready, but serve as long as their probe says so. */
function endpointOf(service: KubeObject, pod: KubeObject): Json {
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const serving = isReady(pod);
  const always = service.spec?.publishNotReadyAddresses === true;
  return {
    addresses: [pod.status.podIP],
    conditions: { ready: always || (serving && !terminating), serving, terminating },
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid },
  };
}

function portsOf(service: KubeObject, pod: KubeObject): Json[] {
  const ports: Json[] = [];
  for (const port of service.spec?.ports ?? []) {
    const target = port.targetPort ?? port.port;
    const number = typeof target === 'number' ? target : containerPort(pod, String(target), port.protocol ?? 'TCP');
    if (number === undefined) continue;
    ports.push({
      name: port.name ?? '',
      port: number,
      protocol: port.protocol ?? 'TCP',
      ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
    });
  }
  return ports;
}

function containerPort(pod: KubeObject, name: string, protocol: string): number | undefined {
  for (const container of pod.spec?.containers ?? []) {
    for (const port of container.ports ?? []) {
      if (port.name === name && (port.protocol ?? 'TCP') === protocol) return port.containerPort;
    }
  }
  return undefined;
}
