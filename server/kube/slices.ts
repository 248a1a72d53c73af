import type { SliceObject, SlicePort } from './objects.ts';

/** One endpoint of a Service, after joining. */
export interface JoinedEndpoint {
  readonly ip: string;
  readonly port: number;
  readonly podUid: string;
  readonly pod: string;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

/**
 * A Service's slices as one list, sorted by address. A Service has many slices (100 endpoints each), and while the
 * controller moves an endpoint from one to another it may be in both: the ready one wins. nil ready is ready, nil
 * serving follows ready, nil terminating is false (KEP-1672). IPv4 only.
 *
 * `port` is a port's name or number. A number that no port of a slice has, where the slice has one port only, means
 * that port: a Service's port may differ from its target, and slices hold targets alone.
 */
export function joinSlices(slices: Iterable<SliceObject>, port?: number | string): JoinedEndpoint[] {
  const joined = new Map<string, JoinedEndpoint>();
  for (const slice of slices) {
    if (slice.addressType !== undefined && slice.addressType !== 'IPv4') continue;
    const number = portOf(slice.ports ?? [], port);
    if (number === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      // The addresses of one endpoint are interchangeable; kube-proxy too takes the first.
      const ip = endpoint.addresses?.[0];
      if (ip === undefined) continue;
      const ready = endpoint.conditions?.ready ?? true;
      const next: JoinedEndpoint = {
        ip,
        port: number,
        podUid: endpoint.targetRef?.uid ?? '',
        pod: endpoint.targetRef?.name ?? '',
        ready,
        serving: endpoint.conditions?.serving ?? ready,
        terminating: endpoint.conditions?.terminating ?? false,
      };
      const key = `${ip}:${number}`;
      const before = joined.get(key);
      if (before === undefined || rank(next) > rank(before)) joined.set(key, next);
    }
  }
  return [...joined.entries()].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, endpoint]) => endpoint);
}

function rank(endpoint: JoinedEndpoint): number {
  return endpoint.ready ? 2 : endpoint.serving ? 1 : 0;
}

function portOf(all: readonly SlicePort[], wanted: number | string | undefined): number | undefined {
  const ports = all.filter((p) => typeof p.port === 'number' && (p.protocol ?? 'TCP') === 'TCP');
  if (wanted === undefined) return ports[0]?.port ?? undefined;
  const found = ports.find((p) => (typeof wanted === 'number' ? p.port === wanted : (p.name ?? '') === wanted));
  if (found !== undefined) return found.port ?? undefined;
  return typeof wanted === 'number' && ports.length === 1 ? (ports[0]?.port ?? undefined) : undefined;
}
