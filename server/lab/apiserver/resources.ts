import type { Kind } from '../store-port.ts';

/** One resource of the API: how it is called in a path, and what may be done with it. */
export interface Resource {
  readonly kind: Kind;
  /** '' is the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  readonly inAll: boolean;
  readonly hasStatus: boolean;
  readonly subresources: readonly string[];
}

interface More {
  short?: string[];
  cluster?: true;
  all?: true;
  status?: true;
  sub?: string[];
}

function resource(kind: Kind, group: string, plural: string, more: More = {}): Resource {
  return {
    kind,
    group,
    version: 'v1',
    plural,
    singular: kind.toLowerCase(),
    shortNames: more.short ?? [],
    namespaced: more.cluster !== true,
    inAll: more.all === true,
    hasStatus: more.status === true,
    subresources: [...(more.status ? ['status'] : []), ...(more.sub ?? [])],
  };
}

const rbac = 'rbac.authorization.k8s.io';

export const resources: readonly Resource[] = [
  resource('ConfigMap', '', 'configmaps', { short: ['cm'] }),
  resource('Event', '', 'events', { short: ['ev'] }),
  resource('Namespace', '', 'namespaces', { short: ['ns'], cluster: true, status: true, sub: ['finalize'] }),
  resource('Node', '', 'nodes', { short: ['no'], cluster: true, status: true }),
  resource('Pod', '', 'pods', { short: ['po'], all: true, status: true, sub: ['log', 'eviction'] }),
  resource('Secret', '', 'secrets'),
  resource('ServiceAccount', '', 'serviceaccounts', { short: ['sa'] }),
  resource('Service', '', 'services', { short: ['svc'], all: true, status: true }),
  resource('Deployment', 'apps', 'deployments', { short: ['deploy'], all: true, status: true, sub: ['scale'] }),
  resource('ReplicaSet', 'apps', 'replicasets', { short: ['rs'], all: true, status: true, sub: ['scale'] }),
  resource('EndpointSlice', 'discovery.k8s.io', 'endpointslices'),
  resource('NetworkPolicy', 'networking.k8s.io', 'networkpolicies', { short: ['netpol'] }),
  resource('PodDisruptionBudget', 'policy', 'poddisruptionbudgets', { short: ['pdb'], status: true }),
  resource('Role', rbac, 'roles'),
  resource('RoleBinding', rbac, 'rolebindings'),
];

/** Groups that answer questions and store nothing. */
export const reviewGroups = [
  { group: 'authentication.k8s.io', kinds: [['SelfSubjectReview', 'selfsubjectreviews']] },
  {
    group: 'authorization.k8s.io',
    kinds: [
      ['SelfSubjectAccessReview', 'selfsubjectaccessreviews'],
      ['SelfSubjectRulesReview', 'selfsubjectrulesreviews'],
    ],
  },
] as const;

const byPath = new Map(resources.map((each) => [`${each.group}/${each.plural}`, each]));

export function findResource(group: string, version: string, plural: string): Resource | undefined {
  const found = byPath.get(`${group}/${plural}`);
  return found?.version === version ? found : undefined;
}

export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** As error messages name it: `pods`, `deployments.apps`. */
export function qualified(resource: Resource): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}
