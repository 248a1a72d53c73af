/** The fields this folder reads of Kubernetes objects, as JSON has them. Everything may be missing. */

export interface Meta {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface KubeObject {
  readonly metadata?: Meta;
}

export interface PodObject extends KubeObject {
  readonly spec?: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly reason?: string;
    readonly startTime?: string;
    readonly conditions?: readonly { readonly type?: string; readonly status?: string }[] | null;
    readonly containerStatuses?: readonly ContainerStatus[] | null;
  };
}

export interface ContainerStatus {
  readonly name?: string;
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

export interface ContainerState {
  readonly waiting?: { readonly reason?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: { readonly reason?: string; readonly exitCode?: number; readonly signal?: number };
}

export interface SliceObject extends KubeObject {
  readonly addressType?: string;
  /** null occurs: the API writes it for a slice without endpoints. */
  readonly endpoints?: readonly SliceEndpoint[] | null;
  readonly ports?: readonly SlicePort[] | null;
}

export interface SlicePort {
  readonly name?: string | null;
  readonly port?: number | null;
  readonly protocol?: string | null;
}

export interface SliceEndpoint {
  readonly addresses?: readonly string[] | null;
  readonly conditions?: {
    readonly ready?: boolean | null;
    readonly serving?: boolean | null;
    readonly terminating?: boolean | null;
  } | null;
  readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly uid?: string } | null;
}

export interface ServiceObject extends KubeObject {
  readonly spec?: { readonly selector?: Readonly<Record<string, string>> };
}

export interface DeploymentObject extends KubeObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
  };
}

/** A kind of object as URLs and RBAC name it. */
export interface Resource {
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

export const pods: Resource = { group: '', version: 'v1', plural: 'pods' };
export const services: Resource = { group: '', version: 'v1', plural: 'services' };
export const endpointSlices: Resource = { group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices' };
export const deployments: Resource = { group: 'apps', version: 'v1', plural: 'deployments' };

export function pathOf(resource: Resource, namespace: string, name?: string, subresource?: string): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const parts = [root, 'namespaces', encodeURIComponent(namespace), resource.plural];
  if (name !== undefined) parts.push(encodeURIComponent(name));
  if (subresource !== undefined) parts.push(subresource);
  return parts.join('/');
}

/** "endpointslices.discovery.k8s.io", as `kubectl auth can-i` and RBAC messages write it. */
export function qualifiedName(resource: Resource, subresource?: string): string {
  const plural = subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`;
  return resource.group === '' ? plural : `${plural}.${resource.group}`;
}

/** Label set to selector: {app: 'a', tier: 'b'} -> "app=a,tier=b". */
export function selectorOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(',');
}
