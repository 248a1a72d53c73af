import type { Json, KubeObject, Store } from '../store-port.ts';

/** One port of one address that a name stands for; CoreDNS calls it a msg.Service. */
export interface Target {
  readonly ip: string;
  readonly port: number;
  /** The name an SRV record leads to. */
  readonly name: string;
}

export type Lookup =
  | { readonly kind: 'targets'; readonly targets: readonly Target[] }
  | { readonly kind: 'cname'; readonly target: string }
  /** The name exists, but holds nothing of itself. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'nxdomain' };

export const zoneName = 'cluster.local';

const serviceLabel = 'kubernetes.io/service-name';
const nxdomain: Lookup = { kind: 'nxdomain' };
const empty: Lookup = { kind: 'empty' };

/**
 * What CoreDNS's kubernetes plugin knows: Services and EndpointSlices, followed by watch, never cached.
 * Lookups follow its `findServices` and `parseRequest` step by step.
 */
export class Zone {
  private readonly store: Store;
  private readonly services = new Map<string, KubeObject>();
  private readonly slices = new Map<string, Map<string, KubeObject>>();
  private readonly unsubscribe: (() => void)[];

  constructor(store: Store) {
    this.store = store;
    this.unsubscribe = [
      store.subscribe('Service', ({ type, object }) => {
        if (type === 'DELETED') this.services.delete(key(object.metadata.namespace, object.metadata.name));
        else this.setService(object);
      }),
      store.subscribe('EndpointSlice', ({ type, object }) => {
        if (type === 'DELETED') this.dropSlice(object);
        else this.setSlice(object);
      }),
    ];
    for (const service of store.list('Service')) this.setService(service);
    for (const slice of store.list('EndpointSlice')) this.setSlice(slice);
  }

  close(): void {
    for (const unsubscribe of this.unsubscribe) unsubscribe();
  }

  private setService(service: KubeObject): void {
    this.services.set(key(service.metadata.namespace, service.metadata.name), service);
  }

  private setSlice(slice: KubeObject): void {
    const service = slice.metadata.labels?.[serviceLabel];
    if (service === undefined || slice.addressType !== 'IPv4') {
      this.dropSlice(slice);
      return;
    }
    const at = key(slice.metadata.namespace, service);
    const slices = this.slices.get(at) ?? new Map<string, KubeObject>();
    slices.set(slice.metadata.name, slice);
    this.slices.set(at, slices);
  }

  private dropSlice(slice: KubeObject): void {
    for (const [at, slices] of this.slices) {
      if (!at.startsWith(`${slice.metadata.namespace}/`)) continue;
      if (slices.delete(slice.metadata.name) && slices.size === 0) this.slices.delete(at);
    }
  }

  /** `labels` are those before `cluster.local`, from left to right, in lower case. */
  lookup(labels: readonly string[]): Lookup {
    const rest = [...labels];
    const kind = rest.pop();
    if (kind === undefined) return empty;
    if (kind !== 'svc' && kind !== 'pod') return nxdomain;
    const namespace = rest.pop();
    if (namespace === undefined) return empty;
    if (this.store.get('Namespace', undefined, namespace) === undefined) return nxdomain;
    const name = rest.pop();
    if (name === undefined) return empty;
    if (kind === 'pod') return rest.length === 0 ? podName(name, namespace) : nxdomain;
    if (rest.length > 2) return nxdomain;
    const service = this.services.get(key(namespace, name));
    if (service === undefined) return nxdomain;
    if (rest.length === 2) {
      const [port, protocol] = rest.map((label) => label.replace(/^_/, ''));
      return this.find(service, undefined, { port: port!, protocol: protocol! });
    }
    return this.find(service, rest[0], undefined);
  }

  private find(
    service: KubeObject,
    endpoint: string | undefined,
    asked: { port: string; protocol: string } | undefined,
  ): Lookup {
    const { namespace, name } = service.metadata;
    const serviceName = `${name}.${namespace}.svc.${zoneName}`;
    if (service.spec.type === 'ExternalName') {
      if (endpoint !== undefined || asked !== undefined) return nxdomain;
      return { kind: 'cname', target: String(service.spec.externalName).replace(/\.$/, '') };
    }
    const matches = (port: Json) =>
      asked === undefined ||
      (asked.port === (port.name ?? '').toLowerCase() && asked.protocol === (port.protocol ?? 'TCP').toLowerCase());
    const targets: Target[] = [];
    if (service.spec.clusterIP === 'None' || endpoint !== undefined) {
      const seen = new Set<string>();
      for (const slice of this.slices.get(key(namespace, name))?.values() ?? []) {
        for (const one of slice.endpoints ?? []) {
          // A headless name holds ready endpoints only (nil ready = ready); it never falls back to terminating ones.
          if (one.conditions?.ready === false) continue;
          for (const ip of one.addresses ?? []) {
            const host = (one.hostname ?? ip.replaceAll('.', '-')).toLowerCase();
            if (endpoint !== undefined && endpoint !== host) continue;
            for (const port of slice.ports ?? []) {
              if (!matches(port) || seen.has(`${ip}:${port.port}`)) continue;
              // Slices may overlap for a moment: join and de-duplicate.
              seen.add(`${ip}:${port.port}`);
              targets.push({ ip, port: port.port, name: `${host}.${serviceName}` });
            }
          }
        }
      }
    } else if (service.spec.clusterIP) {
      for (const port of service.spec.ports ?? []) {
        if (matches(port)) targets.push({ ip: service.spec.clusterIP, port: port.port, name: serviceName });
      }
    }
    return targets.length === 0 ? nxdomain : { kind: 'targets', targets };
  }
}

/** `pods insecure`, as kubeadm sets it: 127-77-1-1.ns.pod.cluster.local is 127.77.1.1, whether it runs or not. */
function podName(name: string, namespace: string): Lookup {
  const ip = name.replaceAll('-', '.');
  if (!/^(\d{1,3}\.){3}\d{1,3}$/.test(ip) || ip.split('.').some((part) => Number(part) > 255)) return nxdomain;
  return { kind: 'targets', targets: [{ ip, port: 0, name: `${name}.${namespace}.pod.${zoneName}` }] };
}

const key = (namespace: string | undefined, name: string): string => `${namespace}/${name}`;
