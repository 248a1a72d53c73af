import type { Json, KubeObject } from '../store-port.ts';

/** One endpoint that kube-proxy may send a new connection to. */
export interface Backend {
  readonly ip: string;
  readonly port: number;
}

/** One port of a Service's virtual address and where its new connections go. */
export interface Rule {
  /** namespace/service:port, as kube-proxy names a service port. */
  readonly name: string;
  readonly ip: string;
  readonly port: number;
  /** Empty: connections are rejected. */
  readonly backends: readonly Backend[];
  /** Session affinity ClientIP, in ms; undefined: none. */
  readonly affinityMs: number | undefined;
}

/** Kubernetes' default timeout of session affinity ClientIP. */
const affinitySeconds = 10_800;

/** What kube-proxy's iptables and nftables modes would install for a Service and its EndpointSlices. TCP only. */
export function rulesOf(service: KubeObject, slices: readonly KubeObject[]): Rule[] {
  const { clusterIP, ports, sessionAffinity, sessionAffinityConfig, type } = service.spec ?? {};
  if (!clusterIP || clusterIP === 'None' || type === 'ExternalName') return [];
  const affinityMs =
    sessionAffinity === 'ClientIP'
      ? (sessionAffinityConfig?.clientIP?.timeoutSeconds ?? affinitySeconds) * 1000
      : undefined;
  return (ports ?? [])
    .filter((port: Json) => (port.protocol ?? 'TCP') === 'TCP')
    .map((port: Json) => ({
      name: `${service.metadata.namespace}/${service.metadata.name}${port.name ? `:${port.name}` : ''}`,
      ip: clusterIP,
      port: port.port,
      backends: usableBackends(slices, port.name ?? ''),
      affinityMs,
    }));
}

/**
 * Ready endpoints; only if there is none, those serving while terminating (KEP-1669). nil ready = ready; nil serving
 * follows ready (KEP-1672). The port is found by the Service port's name: the slice controller has resolved targetPort.
 */
export function usableBackends(slices: readonly KubeObject[], portName: string): Backend[] {
  const ready = new Map<string, Backend>();
  const terminating = new Map<string, Backend>();
  for (const slice of slices) {
    if (slice.addressType !== undefined && slice.addressType !== 'IPv4') continue;
    const port = (slice.ports ?? []).find(
      (one: Json) => (one.name ?? '') === portName && (one.protocol ?? 'TCP') === 'TCP' && one.port,
    )?.port;
    if (port === undefined) continue;
    for (const { addresses, conditions } of slice.endpoints ?? []) {
      const isReady = conditions?.ready !== false;
      const isServing = conditions?.serving ?? isReady;
      // kube-proxy uses an endpoint's first address: all of them lead to the same pod.
      const ip: string | undefined = addresses?.[0];
      if (ip === undefined) continue;
      if (isReady) ready.set(`${ip}:${port}`, { ip, port });
      else if (isServing && conditions?.terminating) terminating.set(`${ip}:${port}`, { ip, port });
    }
  }
  return [...(ready.size > 0 ? ready : terminating).values()];
}
