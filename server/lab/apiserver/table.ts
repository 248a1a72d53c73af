import type { Json, Kind, KubeObject } from '../store-port.ts';
import { age } from './durations.ts';
import { formatSelector } from './selectors.ts';

/** Columns as `kubectl get` prints them; those with wide are for `-o wide`. */
interface Column {
  readonly name: string;
  readonly type?: 'integer';
  readonly wide?: true;
  readonly cell: (object: KubeObject, now: number) => string | number;
}

const name: Column = { name: 'Name', cell: (object) => object.metadata.name };
const ageColumn: Column = { name: 'Age', cell: (object, now) => age(object.metadata.creationTimestamp, now) };

const joined = (values: readonly string[]) => (values.length === 0 ? '<none>' : values.join(','));
const containersOf = (object: KubeObject): Json[] => object.spec?.template?.spec?.containers ?? [];
const workload: Column[] = [
  { name: 'Containers', wide: true, cell: (object) => joined(containersOf(object).map((each) => each.name)) },
  { name: 'Images', wide: true, cell: (object) => joined(containersOf(object).map((each) => each.image)) },
  { name: 'Selector', wide: true, cell: (object) => formatSelector(object.spec?.selector) },
];

const columns: Readonly<Record<Kind, readonly Column[]>> = {
  Pod: [
    name,
    {
      name: 'Ready',
      cell: (pod) =>
        `${containerStatuses(pod).filter((each) => each.ready).length}/${pod.spec?.containers?.length ?? 0}`,
    },
    { name: 'Status', cell: podStatus },
    { name: 'Restarts', cell: restarts },
    ageColumn,
    { name: 'IP', wide: true, cell: (pod) => pod.status?.podIP ?? '<none>' },
    { name: 'Node', wide: true, cell: (pod) => pod.spec?.nodeName ?? '<none>' },
    { name: 'Nominated Node', wide: true, cell: (pod) => pod.status?.nominatedNodeName ?? '<none>' },
    { name: 'Readiness Gates', wide: true, cell: () => '<none>' },
  ],
  Deployment: [
    name,
    { name: 'Ready', cell: (object) => `${object.status?.readyReplicas ?? 0}/${object.spec?.replicas ?? 0}` },
    { name: 'Up-to-date', type: 'integer', cell: (object) => object.status?.updatedReplicas ?? 0 },
    { name: 'Available', type: 'integer', cell: (object) => object.status?.availableReplicas ?? 0 },
    ageColumn,
    ...workload,
  ],
  ReplicaSet: [
    name,
    { name: 'Desired', type: 'integer', cell: (object) => object.spec?.replicas ?? 0 },
    { name: 'Current', type: 'integer', cell: (object) => object.status?.replicas ?? 0 },
    { name: 'Ready', type: 'integer', cell: (object) => object.status?.readyReplicas ?? 0 },
    ageColumn,
    ...workload,
  ],
  Service: [
    name,
    { name: 'Type', cell: (service) => service.spec?.type ?? 'ClusterIP' },
    { name: 'Cluster-IP', cell: (service) => service.spec?.clusterIP ?? '<none>' },
    { name: 'External-IP', cell: (service) => service.spec?.externalName ?? '<none>' },
    { name: 'Port(s)', cell: servicePorts },
    ageColumn,
    {
      name: 'Selector',
      wide: true,
      cell: (service) => joined(Object.entries(service.spec?.selector ?? {}).map(([key, value]) => `${key}=${value}`)),
    },
  ],
  EndpointSlice: [
    name,
    { name: 'AddressType', cell: (slice) => slice.addressType ?? '' },
    {
      name: 'Ports',
      cell: (slice) => unset(joinFew((slice.ports ?? []).map((port: Json) => String(port.port ?? '*')))),
    },
    {
      name: 'Endpoints',
      cell: (slice) => unset(joinFew((slice.endpoints ?? []).flatMap((endpoint: Json) => endpoint.addresses ?? []))),
    },
    ageColumn,
  ],
  Event: [
    {
      name: 'Last Seen',
      cell: (event, now) => age(event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp, now),
    },
    { name: 'Type', cell: (event) => event.type ?? '' },
    { name: 'Reason', cell: (event) => event.reason ?? '' },
    {
      name: 'Object',
      cell: (event) => `${event.involvedObject?.kind?.toLowerCase() ?? ''}/${event.involvedObject?.name ?? ''}`,
    },
    { name: 'Subobject', wide: true, cell: (event) => event.involvedObject?.fieldPath ?? '' },
    {
      name: 'Source',
      wide: true,
      cell: (event) => [event.source?.component, event.source?.host].filter(Boolean).join(', '),
    },
    { name: 'Message', cell: (event) => String(event.message ?? '').trim() },
    { name: 'First Seen', wide: true, cell: (event, now) => age(event.firstTimestamp ?? event.eventTime, now) },
    { name: 'Count', wide: true, type: 'integer', cell: (event) => event.count ?? 1 },
    { ...name, wide: true },
  ],
  Node: [
    name,
    {
      name: 'Status',
      cell: (node) => {
        const ready = (node.status?.conditions ?? []).find((each: Json) => each.type === 'Ready');
        const state = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
        return node.spec?.unschedulable ? `${state},SchedulingDisabled` : state;
      },
    },
    {
      name: 'Roles',
      cell: (node) => {
        const prefix = 'node-role.kubernetes.io/';
        const roles = Object.keys(node.metadata.labels ?? {}).filter((label) => label.startsWith(prefix));
        return joined(roles.map((label) => label.slice(prefix.length)));
      },
    },
    ageColumn,
    { name: 'Version', cell: (node) => node.status?.nodeInfo?.kubeletVersion ?? '' },
    { name: 'Internal-IP', wide: true, cell: (node) => nodeAddress(node, 'InternalIP') },
    { name: 'External-IP', wide: true, cell: (node) => nodeAddress(node, 'ExternalIP') },
    { name: 'OS-Image', wide: true, cell: (node) => node.status?.nodeInfo?.osImage ?? '<unknown>' },
    { name: 'Kernel-Version', wide: true, cell: (node) => node.status?.nodeInfo?.kernelVersion ?? '<unknown>' },
    {
      name: 'Container-Runtime',
      wide: true,
      cell: (node) => node.status?.nodeInfo?.containerRuntimeVersion ?? '<unknown>',
    },
  ],
  Namespace: [name, { name: 'Status', cell: (object) => object.status?.phase ?? 'Active' }, ageColumn],
  ConfigMap: [
    name,
    { name: 'Data', type: 'integer', cell: (map) => Object.keys({ ...map.data, ...map.binaryData }).length },
    ageColumn,
  ],
  Secret: [
    name,
    { name: 'Type', cell: (secret) => secret.type ?? 'Opaque' },
    { name: 'Data', type: 'integer', cell: (secret) => Object.keys(secret.data ?? {}).length },
    ageColumn,
  ],
  ServiceAccount: [
    name,
    { name: 'Secrets', type: 'integer', cell: (object) => object.secrets?.length ?? 0 },
    ageColumn,
  ],
  Role: [name, { name: 'Created At', cell: (object) => object.metadata.creationTimestamp }],
  RoleBinding: [
    name,
    { name: 'Role', cell: (object) => `${object.roleRef?.kind ?? ''}/${object.roleRef?.name ?? ''}` },
    ageColumn,
  ],
  NetworkPolicy: [
    name,
    { name: 'Pod-Selector', cell: (object) => formatSelector(object.spec?.podSelector) },
    ageColumn,
  ],
  PodDisruptionBudget: [
    name,
    { name: 'Min Available', cell: (object) => object.spec?.minAvailable ?? 'N/A' },
    { name: 'Max Unavailable', cell: (object) => object.spec?.maxUnavailable ?? 'N/A' },
    { name: 'Allowed Disruptions', type: 'integer', cell: (object) => object.status?.disruptionsAllowed ?? 0 },
    ageColumn,
  ],
};

export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** A meta.k8s.io/v1 Table. In a watch only the first event needs its columns. */
export function toTable(
  kind: Kind,
  objects: readonly KubeObject[],
  now: number,
  metadata: Json,
  options: { include: IncludeObject; withColumns: boolean },
): Json {
  const defined = columns[kind];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: options.withColumns
      ? defined.map((column) => ({
          name: column.name,
          type: column.type ?? 'string',
          format: column.name === 'Name' ? 'name' : '',
          description: column.name,
          priority: column.wide === true ? 1 : 0,
        }))
      : [],
    rows: objects.map((object) => ({
      cells: defined.map((column) => column.cell(object, now)),
      ...(options.include === 'None' ? {} : { object: options.include === 'Object' ? object : partial(object) }),
    })),
  };
}

export function partial(object: KubeObject): Json {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

function containerStatuses(pod: KubeObject): Json[] {
  return pod.status?.containerStatuses ?? [];
}

/** The reasons of kubectl's printPod, in its order of precedence. */
function podStatus(pod: KubeObject): string {
  let reason: string = pod.status?.reason ?? pod.status?.phase ?? 'Unknown';
  let hasRunning = false;
  for (const status of [...containerStatuses(pod)].reverse()) {
    const { waiting, terminated, running } = status.state ?? {};
    if (waiting?.reason) reason = waiting.reason;
    else if (terminated?.reason) reason = terminated.reason;
    else if (terminated) reason = terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
    else if (status.ready && running) hasRunning = true;
  }
  if (reason === 'Completed' && hasRunning) reason = 'Running';
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  return reason;
}

function restarts(pod: KubeObject, now: number): string {
  let count = 0;
  let last: string | undefined;
  for (const status of containerStatuses(pod)) {
    count += status.restartCount ?? 0;
    const finished = status.lastState?.terminated?.finishedAt;
    if (finished !== undefined && (last === undefined || finished > last)) last = finished;
  }
  return count > 0 && last !== undefined ? `${count} (${age(last, now)} ago)` : String(count);
}

function servicePorts(service: KubeObject): string {
  return joined(
    (service.spec?.ports ?? []).map((port: Json) =>
      port.nodePort
        ? `${port.port}:${port.nodePort}/${port.protocol ?? 'TCP'}`
        : `${port.port}/${port.protocol ?? 'TCP'}`,
    ),
  );
}

function nodeAddress(node: KubeObject, type: string): string {
  return (node.status?.addresses ?? []).find((each: Json) => each.type === type)?.address ?? '<none>';
}

/** kubectl shows three and says how many more there are. */
function joinFew(values: readonly string[]): string {
  return values.length > 3 ? `${values.slice(0, 3).join(',')} + ${values.length - 3} more...` : values.join(',');
}

function unset(text: string): string {
  return text === '' ? '<unset>' : text;
}
