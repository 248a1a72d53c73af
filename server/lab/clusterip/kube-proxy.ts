import type { DialMap } from '../addresses.ts';
import type { Clock, Random } from '../clock.ts';
import type { Delays } from '../delays.ts';
import type { KubeObject, Store } from '../store-port.ts';
import { type Rule, rulesOf } from './rules.ts';
import { VirtualPort } from './virtual-port.ts';

export interface KubeProxyOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly delays: Pick<Delays, 'proxySyncMs'>;
  readonly random: Random;
  readonly dialMap: DialMap;
  /** `shared`: virtual addresses don't exist here; each listens on 127.0.0.1 with a port that the dial map knows. */
  readonly addresses: 'own' | 'shared';
  onFault(message: string): void;
}

export interface ProxyState {
  readonly syncs: number;
  readonly ports: readonly {
    readonly name: string;
    readonly address: string;
    readonly listening: boolean;
    readonly backends: readonly string[];
    readonly accepted: number;
    readonly flows: number;
  }[];
}

const serviceLabel = 'kubernetes.io/service-name';

/**
 * kube-proxy, iptables/nftables mode: follows Services and EndpointSlices. An isolated change is applied at once;
 * two syncs are never closer than minSyncPeriod.
 */
export class KubeProxy {
  private readonly options: KubeProxyOptions;
  private readonly ports = new Map<string, VirtualPort>();
  /** Ports of Services that are gone, while flows through them live on. */
  private readonly retired = new Set<VirtualPort>();
  private unsubscribe: (() => void)[] = [];
  private lastSync = Number.NEGATIVE_INFINITY;
  private pending: (() => void) | undefined;
  private syncs = 0;
  private stopped = false;

  constructor(options: KubeProxyOptions) {
    this.options = options;
  }

  start(): void {
    const changed = () => this.schedule();
    this.unsubscribe = [
      this.options.store.subscribe('Service', changed),
      this.options.store.subscribe('EndpointSlice', changed),
    ];
    this.schedule();
  }

  private schedule(): void {
    if (this.stopped || this.pending !== undefined) return;
    const { clock, delays } = this.options;
    const waitMs = this.lastSync + delays.proxySyncMs - clock.monotonic();
    if (waitMs > 0) {
      this.pending = clock.after(waitMs, () => this.sync());
      return;
    }
    // At once, but after everything that belongs to the same turn of the store.
    let cancelled = false;
    queueMicrotask(() => {
      if (!cancelled) this.sync();
    });
    this.pending = () => {
      cancelled = true;
    };
  }

  private sync(): void {
    this.pending = undefined;
    if (this.stopped) return;
    const { store, clock } = this.options;
    this.lastSync = clock.monotonic();
    this.syncs += 1;
    const slices = new Map<string, KubeObject[]>();
    for (const slice of store.list('EndpointSlice')) {
      const key = `${slice.metadata.namespace}/${slice.metadata.labels?.[serviceLabel]}`;
      const list = slices.get(key);
      if (list) list.push(slice);
      else slices.set(key, [slice]);
    }
    const wanted = new Map<string, Rule>();
    for (const service of store.list('Service')) {
      const key = `${service.metadata.namespace}/${service.metadata.name}`;
      for (const rule of rulesOf(service, slices.get(key) ?? [])) wanted.set(`${rule.ip}:${rule.port}`, rule);
    }
    for (const [address, port] of this.ports) {
      if (wanted.has(address)) continue;
      this.ports.delete(address);
      port.retire();
      if (port.openFlows > 0) this.retired.add(port);
    }
    for (const port of this.retired) if (port.openFlows === 0) this.retired.delete(port);
    for (const [address, rule] of wanted) {
      let port = this.ports.get(address);
      if (port === undefined) {
        port = this.create(rule);
        this.ports.set(address, port);
      }
      port.apply(rule);
    }
  }

  private create(rule: Rule): VirtualPort {
    const { clock, random, dialMap, addresses, onFault } = this.options;
    const own = addresses === 'own';
    return new VirtualPort(rule, {
      clock,
      random,
      host: own ? rule.ip : '127.0.0.1',
      port: own ? rule.port : 0,
      dial: ({ ip, port }) => dialMap.dial(ip, port),
      onListening: (port) => dialMap.set(rule.ip, rule.port, port),
      onFault: (error) => onFault(`${rule.name} can't listen on ${rule.ip}:${rule.port}: ${error.message}`),
    });
  }

  state(): ProxyState {
    return {
      syncs: this.syncs,
      ports: [...this.ports].map(([address, port]) => ({
        name: port.current.name,
        address,
        listening: port.listening,
        backends: port.current.backends.map((one) => `${one.ip}:${one.port}`),
        accepted: port.accepted,
        flows: port.openFlows,
      })),
    };
  }

  /** Cuts every flow, as the end of the node would. */
  stop(): void {
    this.stopped = true;
    this.pending?.();
    for (const unsubscribe of this.unsubscribe) unsubscribe();
    for (const port of [...this.ports.values(), ...this.retired]) port.destroy();
    this.ports.clear();
    this.retired.clear();
  }
}
