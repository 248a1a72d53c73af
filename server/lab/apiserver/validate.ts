import { isDeepStrictEqual } from 'node:util';
import type { Json, KubeObject } from '../store-port.ts';
import { selectorMatches } from './selectors.ts';
import type { Cause } from './status.ts';

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

const required = (field: string, message = 'Required value'): Cause => ({
  reason: 'FieldValueRequired',
  field,
  message,
});
const wrong = (field: string, value: unknown, why: string): Cause => ({
  reason: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
});
const immutable = (field: string, value: unknown) => wrong(field, value, 'field is immutable');

/** What keeps `object` (with its defaults) from being stored; `before` when it replaces one. */
export function validate(object: KubeObject, before: KubeObject | undefined): Cause[] {
  const causes: Cause[] = [];
  const { name, labels } = object.metadata;
  const needsLabel = object.kind === 'Namespace' || object.kind === 'Service';
  if (!(needsLabel ? label.test(name) && name.length <= 63 : subdomain.test(name) && name.length <= 253))
    if (!object.kind.startsWith('Role'))
      causes.push(
        wrong(
          'metadata.name',
          name,
          `a lowercase RFC ${needsLabel ? '1123 label' : '1123 subdomain'} must consist of lower case alphanumeric characters or '-'${needsLabel ? '' : " or '.'"}, and must start and end with an alphanumeric character`,
        ),
      );
  for (const [key, value] of Object.entries((labels ?? {}) as Json))
    if (typeof value !== 'string') causes.push(wrong(`metadata.labels.${key}`, value, 'must be a string'));
  switch (object.kind) {
    case 'Deployment':
    case 'ReplicaSet':
      causes.push(...validateWorkload(object, before));
      break;
    case 'Pod':
      causes.push(...validatePodSpec(object.spec, 'spec'));
      if (before !== undefined) causes.push(...validatePodChange(object, before));
      break;
    case 'Service':
      causes.push(...validateService(object, before));
      break;
    case 'ConfigMap':
    case 'Secret':
      if (before?.immutable === true && !isDeepStrictEqual(before.data, object.data))
        causes.push({
          reason: 'FieldValueForbidden',
          field: 'data',
          message: 'Forbidden: field is immutable when `immutable` is set',
        });
      break;
  }
  return causes;
}

/** Sizes that make no sense would otherwise start that many processes. */
const mostReplicas = 1_000;

function validateWorkload(object: KubeObject, before: KubeObject | undefined): Cause[] {
  const { spec } = object;
  const causes = replicaCauses(spec?.replicas);
  if (spec?.selector === undefined) causes.push(required('spec.selector'));
  else if (before !== undefined && !isDeepStrictEqual(before.spec?.selector, spec.selector))
    causes.push(immutable('spec.selector', spec.selector));
  else if (!spec.selector.matchLabels && !spec.selector.matchExpressions)
    causes.push(wrong('spec.selector', spec.selector, 'empty selector is invalid for deployment'));
  if (spec?.template === undefined) return [...causes, required('spec.template')];
  if (spec.selector !== undefined && !selectorMatches(spec.selector, spec.template.metadata?.labels))
    causes.push(
      wrong(
        'spec.template.metadata.labels',
        spec.template.metadata?.labels ?? {},
        '`selector` does not match template `labels`',
      ),
    );
  causes.push(...validatePodSpec(spec.template.spec, 'spec.template.spec'));
  if (object.kind === 'Deployment') {
    const type = spec.strategy?.type;
    if (type !== 'RollingUpdate' && type !== 'Recreate')
      causes.push({
        reason: 'FieldValueNotSupported',
        field: 'spec.strategy.type',
        message: `Unsupported value: ${JSON.stringify(type)}: supported values: "Recreate", "RollingUpdate"`,
      });
    const { maxSurge, maxUnavailable } = spec.strategy?.rollingUpdate ?? {};
    for (const [field, value] of Object.entries({ maxSurge, maxUnavailable }))
      if (value !== undefined && !(Number.isInteger(value) && value >= 0) && !/^\d+%$/.test(String(value)))
        causes.push(wrong(`spec.strategy.rollingUpdate.${field}`, value, 'must be a whole number or a percentage'));
    if (type === 'RollingUpdate' && /^0%?$/.test(String(maxSurge)) && /^0%?$/.test(String(maxUnavailable)))
      causes.push(
        wrong('spec.strategy.rollingUpdate.maxUnavailable', maxUnavailable, 'may not be 0 when `maxSurge` is 0'),
      );
  }
  return causes;
}

export function replicaCauses(replicas: unknown): Cause[] {
  if (!Number.isInteger(replicas)) return [wrong('spec.replicas', replicas, 'must be a whole number')];
  if ((replicas as number) < 0) return [wrong('spec.replicas', replicas, 'must be greater than or equal to 0')];
  if ((replicas as number) > mostReplicas)
    return [
      wrong(
        'spec.replicas',
        replicas,
        `must be at most ${mostReplicas} in the lab, whose pods are processes of this machine`,
      ),
    ];
  return [];
}

function validatePodSpec(spec: Json, at: string): Cause[] {
  const containers = spec?.containers;
  if (!Array.isArray(containers) || containers.length === 0) return [required(`${at}.containers`)];
  const causes: Cause[] = [];
  const seen = new Set<string>();
  for (const [index, container] of containers.entries()) {
    const where = `${at}.containers[${index}]`;
    if (!container?.name) causes.push(required(`${where}.name`));
    else if (!label.test(container.name))
      causes.push(wrong(`${where}.name`, container.name, 'must be a lowercase RFC 1123 label'));
    else if (seen.has(container.name))
      causes.push({
        reason: 'FieldValueInvalid',
        field: `${where}.name`,
        message: `Duplicate value: "${container.name}"`,
      });
    seen.add(container?.name);
    if (!container?.image) causes.push(required(`${where}.image`));
    for (const [number, port] of (container?.ports ?? []).entries())
      if (!isPort(port?.containerPort))
        causes.push(
          wrong(
            `${where}.ports[${number}].containerPort`,
            port?.containerPort,
            'must be between 1 and 65535, inclusive',
          ),
        );
  }
  const grace = spec.terminationGracePeriodSeconds;
  if (grace !== undefined && !(Number.isInteger(grace) && grace >= 0))
    causes.push(wrong(`${at}.terminationGracePeriodSeconds`, grace, 'must be greater than or equal to 0'));
  return causes;
}

const isPort = (port: unknown) => Number.isInteger(port) && (port as number) >= 1 && (port as number) <= 65_535;

function validatePodChange(object: KubeObject, before: KubeObject): Cause[] {
  // Of a running pod only images, the deadline and tolerations may change (ValidatePodUpdate).
  const fixed = (spec: Json) => {
    const {
      activeDeadlineSeconds: _deadline,
      tolerations: _tolerations,
      nodeName: _node,
      ...rest
    } = structuredClone(spec);
    for (const container of [...(rest.containers ?? []), ...(rest.initContainers ?? [])]) delete container.image;
    return rest;
  };
  if (isDeepStrictEqual(fixed(before.spec), fixed(object.spec))) return [];
  return [
    {
      reason: 'FieldValueForbidden',
      field: 'spec',
      message:
        'Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations`',
    },
  ];
}

function validateService(object: KubeObject, before: KubeObject | undefined): Cause[] {
  const { spec } = object;
  const causes: Cause[] = [];
  const ports: Json[] = spec.ports ?? [];
  if (ports.length === 0 && spec.type !== 'ExternalName' && spec.clusterIP !== 'None')
    causes.push(required('spec.ports'));
  for (const [index, port] of ports.entries()) {
    if (!isPort(port.port))
      causes.push(wrong(`spec.ports[${index}].port`, port.port, 'must be between 1 and 65535, inclusive'));
    if (ports.length > 1 && !port.name) causes.push(required(`spec.ports[${index}].name`));
  }
  const old = before?.spec?.clusterIP;
  if (old !== undefined && old !== '' && old !== spec.clusterIP && spec.type !== 'ExternalName')
    causes.push(immutable('spec.clusterIP', spec.clusterIP));
  return causes;
}
