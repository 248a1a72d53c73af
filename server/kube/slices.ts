import type { Timers } from '../events/port.ts';
import type { Api } from './http.ts';
import { type KubeObject, Reflector, type ReflectorState } from './reflector.ts';

/** One endpoint of a Service after joining its slices. Conditions as in KEP-1672; nil ready counts as ready. */
export interface JoinedEndpoint {
  readonly ip: string;
  readonly podUid: string;
  readonly pod: string;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  /** Port number by name; the unnamed port has the name "". */
  readonly ports: ReadonlyMap<string, number>;
}

/**
 * Joins the EndpointSlices of one Service: there may be many, an address may stand in two of them while it moves, and
 * `endpoints: null` occurs.
 */
export class SliceSet {
  readonly #slices = new Map<string, KubeObject>();

  replace(slices: readonly KubeObject[]): void {
    this.#slices.clear();
    for (const slice of slices) this.put(slice);
  }

  put(slice: KubeObject): void {
    const name = slice?.metadata?.name;
    if (typeof name === 'string') this.#slices.set(name, slice);
  }

  remove(slice: KubeObject): void {
    this.#slices.delete(slice?.metadata?.name);
  }

  /** By IP, sorted. Of an address that stands twice, the entry that is ready wins, then the one that serves. */
  endpoints(): JoinedEndpoint[] {
    const joined = new Map<string, JoinedEndpoint>();
    for (const slice of this.#slices.values()) {
      if ((slice.addressType ?? 'IPv4') !== 'IPv4') continue;
      const ports = new Map<string, number>();
      for (const port of slice.ports ?? []) {
        if (typeof port?.port === 'number') ports.set(port.name ?? '', port.port);
      }
      for (const endpoint of slice.endpoints ?? []) {
        const conditions = endpoint?.conditions ?? {};
        const ready = conditions.ready ?? true;
        for (const ip of endpoint?.addresses ?? []) {
          if (typeof ip !== 'string') continue;
          const entry: JoinedEndpoint = {
            ip,
            podUid: endpoint.targetRef?.uid ?? '',
            pod: endpoint.targetRef?.name ?? '',
            ready,
            serving: conditions.serving ?? ready,
            terminating: conditions.terminating ?? false,
            ports,
          };
          const before = joined.get(ip);
          if (before === undefined || rank(entry) > rank(before)) joined.set(ip, entry);
        }
      }
    }
    return [...joined.values()].sort((a, b) => a.ip.localeCompare(b.ip, 'en', { numeric: true }));
  }
}

function rank(endpoint: JoinedEndpoint): number {
  return (endpoint.ready ? 2 : 0) + (endpoint.serving ? 1 : 0);
}

/** A Service's port as a client names it, on one endpoint: a number is taken as it is, a name is looked up. */
export function portOf(endpoint: JoinedEndpoint, port: number | string): number | undefined {
  return typeof port === 'number' ? port : endpoint.ports.get(port);
}

export function slicesPath(namespace: string): string {
  return `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
}

export function slicesOf(service: string): string {
  return `kubernetes.io/service-name=${service}`;
}

export interface SliceListener {
  onEndpoints(addresses: readonly { readonly host: string; readonly port: number }[]): void;
  onState(state: ReflectorState, message: string): void;
}

/** Watches the ready endpoints of Services; what a kube-watch lane resolves with. Each watch has its own connection. */
export function createSliceWatch(options: { connect: () => Api; timers: Timers; random: () => number }) {
  return {
    watch(
      service: { readonly namespace: string; readonly name: string },
      port: number | string,
      listener: SliceListener,
    ): { stop(): void } {
      const slices = new SliceSet();
      const api = options.connect();
      const publish = (): void => {
        const addresses: { host: string; port: number }[] = [];
        for (const endpoint of slices.endpoints()) {
          const number = portOf(endpoint, port);
          if (endpoint.ready && number !== undefined) addresses.push({ host: endpoint.ip, port: number });
        }
        listener.onEndpoints(addresses);
      };
      const reflector = new Reflector({
        api,
        path: slicesPath(service.namespace),
        what: `endpointslices in namespace ${service.namespace}`,
        labelSelector: slicesOf(service.name),
        timers: options.timers,
        random: options.random,
        listener: {
          onList(items) {
            slices.replace(items);
            publish();
          },
          onEvent(type, slice) {
            if (type === 'DELETED') slices.remove(slice);
            else slices.put(slice);
            publish();
          },
          onState: (state, message) => listener.onState(state, message),
        },
      });
      reflector.start();
      return {
        stop() {
          reflector.stop();
          api.close();
        },
      };
    },
  };
}
