import type { Json } from '../store-port.ts';
import { apiVersionOf, type Resource, resources, reviewGroups } from './resources.ts';

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** The version that the lab says it is: what it serves behaves like it. */
export const kubernetesVersion = { major: '1', minor: '34', gitVersion: 'v1.34.0+lbscope' };

export function versionInfo(): Json {
  return {
    ...kubernetesVersion,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: 'node',
    platform: `${process.platform}/${process.arch}`,
  };
}

function groupNames(): string[] {
  const stored = resources.map((each) => each.group).filter((group) => group !== '');
  return [...new Set([...stored, ...reviewGroups.map((each) => each.group)])];
}

function groupInfo(group: string): Json {
  const version = { groupVersion: `${group}/v1`, version: 'v1' };
  return { name: group, versions: [version], preferredVersion: version };
}

function apiResources(of: readonly Resource[]): Json[] {
  return of.flatMap((each) => [
    {
      name: each.plural,
      singularName: each.singular,
      namespaced: each.namespaced,
      kind: each.kind,
      verbs,
      ...(each.shortNames.length > 0 ? { shortNames: each.shortNames } : {}),
      ...(each.inAll ? { categories: ['all'] } : {}),
    },
    ...each.subresources.map((sub) => ({
      name: `${each.plural}/${sub}`,
      singularName: '',
      namespaced: each.namespaced,
      ...subresourceKind(each, sub),
    })),
  ]);
}

function subresourceKind(resource: Resource, sub: string): Json {
  if (sub === 'scale') return { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'] };
  // drain looks for exactly this to know that it may evict.
  if (sub === 'eviction') return { group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] };
  if (sub === 'log') return { kind: resource.kind, verbs: ['get'] };
  return { kind: resource.kind, verbs: sub === 'finalize' ? ['update'] : ['get', 'patch', 'update'] };
}

/** Answers `/api`, `/apis` and below; undefined when the path is none of discovery's. */
export function discover(path: readonly string[], address: string): Json | undefined {
  const [root, first, second, ...rest] = path;
  if (rest.length > 0) return undefined;
  if (root === 'api') {
    if (first === undefined)
      return {
        kind: 'APIVersions',
        versions: ['v1'],
        serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
      };
    if (first !== 'v1' || second !== undefined) return undefined;
    const core = resources.filter((each) => each.group === '');
    return { kind: 'APIResourceList', groupVersion: 'v1', resources: apiResources(core) };
  }
  if (root !== 'apis') return undefined;
  const names = groupNames();
  if (first === undefined) return { kind: 'APIGroupList', apiVersion: 'v1', groups: names.map(groupInfo) };
  if (!names.includes(first)) return undefined;
  if (second === undefined) return { kind: 'APIGroup', apiVersion: 'v1', ...groupInfo(first) };
  if (second !== 'v1') return undefined;
  const reviews = reviewGroups.find((each) => each.group === first);
  const list =
    reviews === undefined
      ? apiResources(resources.filter((each) => each.group === first))
      : reviews.kinds.map(([kind, plural]) => ({
          name: plural,
          singularName: kind.toLowerCase(),
          namespaced: false,
          kind,
          verbs: ['create'],
        }));
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${first}/v1`, resources: list };
}

/**
 * A tiny OpenAPI v3: no schemas, only that PATCH knows `fieldValidation`. kubectl looks for that before it applies, to
 * leave the check of fields to the server.
 */
export function openapi(path: readonly string[]): Json | undefined {
  const groups = new Map(
    [...new Set(resources.map(apiVersionOf))].map((each) => [each === 'v1' ? 'api/v1' : `apis/${each}`, each]),
  );
  if (path.length === 0)
    return {
      paths: Object.fromEntries(
        [...groups.keys()].map((each) => [each, { serverRelativeURL: `/openapi/v3/${each}?hash=1` }]),
      ),
    };
  const key = path.join('/');
  const apiVersion = groups.get(key);
  if (apiVersion === undefined) return undefined;
  const paths: Json = {};
  for (const each of resources.filter((one) => apiVersionOf(one) === apiVersion)) {
    const where = `/${key}/${each.namespaced ? 'namespaces/{namespace}/' : ''}${each.plural}/{name}`;
    paths[where] = { patch: patchOperation(each) };
  }
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: kubernetesVersion.gitVersion }, paths };
}

function patchOperation(resource: Resource): Json {
  const parameter = (name: string) => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } });
  return {
    operationId: `patch${resource.kind}`,
    parameters: [parameter('dryRun'), parameter('fieldManager'), parameter('fieldValidation'), parameter('force')],
    responses: { 200: { description: 'OK' } },
    'x-kubernetes-action': 'patch',
    'x-kubernetes-group-version-kind': { group: resource.group, kind: resource.kind, version: resource.version },
  };
}

/** What kubectl up to 1.28 wants of `/openapi/v2` before it applies; as JSON and, for it, as protobuf (gnostic's Document). */
export const openapiV2Type = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** Without definitions kubectl skips its own check of fields. */
export function openapiV2(): Json {
  return { swagger: '2.0', info: { title: 'Kubernetes', version: kubernetesVersion.gitVersion }, paths: {} };
}

export function openapiV2Bytes(): Buffer {
  const field = (number: number, value: Buffer) =>
    Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), value]);
  const { swagger, info } = openapiV2();
  const described = Buffer.concat([field(1, Buffer.from(info.title)), field(2, Buffer.from(info.version))]);
  // swagger = 1, info = 2, paths = 8; each is shorter than the 128 bytes that one length byte can say.
  return Buffer.concat([field(1, Buffer.from(swagger)), field(2, described), field(8, Buffer.alloc(0))]);
}
