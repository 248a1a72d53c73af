import type { Json, KubeObject } from '../store-port.ts';

/** Environment of a container from its spec, or the message of a CreateContainerConfigError. */
export type EnvOutcome =
  | { readonly kind: 'env'; readonly env: Record<string, string> }
  | { readonly kind: 'fault'; readonly message: string };

export interface EnvSources {
  readonly pod: KubeObject;
  readonly podIP: string;
  readonly hostIP: string;
  /** Data of a ConfigMap or Secret of the pod's namespace; undefined when there is none. */
  data(kind: 'ConfigMap' | 'Secret', name: string): Record<string, string> | undefined;
}

export function containerEnv(container: Json, sources: EnvSources): EnvOutcome {
  const env: Record<string, string> = {};
  for (const from of container.envFrom ?? []) {
    const [kind, reference] = from.configMapRef
      ? (['ConfigMap', from.configMapRef] as const)
      : (['Secret', from.secretRef] as const);
    if (!reference) continue;
    const data = sources.data(kind, reference.name);
    if (data === undefined && !reference.optional) return missing(kind, reference.name);
    for (const [key, value] of Object.entries(data ?? {})) env[`${from.prefix ?? ''}${key}`] = value;
  }
  for (const entry of container.env ?? []) {
    if (entry.valueFrom === undefined) {
      env[entry.name] = expand(String(entry.value ?? ''), env);
      continue;
    }
    const { fieldRef, configMapKeyRef, secretKeyRef, resourceFieldRef } = entry.valueFrom;
    if (fieldRef) {
      const value = field(fieldRef.fieldPath, sources);
      if (value === undefined) return { kind: 'fault', message: `unsupported fieldPath: ${fieldRef.fieldPath}` };
      env[entry.name] = value;
      continue;
    }
    if (resourceFieldRef) return { kind: 'fault', message: 'resourceFieldRef is not supported by the lab' };
    const reference = configMapKeyRef ?? secretKeyRef;
    if (!reference) return { kind: 'fault', message: `env ${entry.name} has no source that the lab knows` };
    const kind = configMapKeyRef ? 'ConfigMap' : 'Secret';
    const data = sources.data(kind, reference.name);
    const value = data?.[reference.key];
    if (value !== undefined) env[entry.name] = value;
    else if (!reference.optional) {
      if (data === undefined) return missing(kind, reference.name);
      return { kind: 'fault', message: `couldn't find key ${reference.key} in ${kind} ${reference.name}` };
    }
  }
  return { kind: 'env', env };
}

const missing = (kind: string, name: string): EnvOutcome => ({
  kind: 'fault',
  message: `${kind.toLowerCase()} "${name}" not found`,
});

/** `$(NAME)` refers to an earlier variable; `$$(NAME)` is a literal; an unknown name stays as it is. */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\$|\(([-._a-zA-Z0-9]+)\))/g, (whole, rest: string, name: string | undefined) => {
    if (rest === '$') return '$';
    return name !== undefined && name in env ? env[name]! : whole;
  });
}

/** The downward API's fields. */
function field(path: string, { pod, podIP, hostIP }: EnvSources): string | undefined {
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed) return pod.metadata[keyed[1] as 'labels' | 'annotations']?.[keyed[2]!] ?? '';
  const fields: Record<string, () => string> = {
    'metadata.name': () => pod.metadata.name,
    'metadata.namespace': () => pod.metadata.namespace ?? '',
    'metadata.uid': () => pod.metadata.uid,
    'spec.nodeName': () => pod.spec.nodeName ?? '',
    'spec.serviceAccountName': () => pod.spec.serviceAccountName ?? 'default',
    'status.podIP': () => podIP,
    'status.podIPs': () => podIP,
    'status.hostIP': () => hostIP,
    'status.hostIPs': () => hostIP,
  };
  return fields[path]?.();
}
