import type { LaneSpec } from '../../gen/lbscope/events/v1/events_pb.js';

interface Service {
  readonly namespace: string;
  readonly name: string;
}

/** What a lane needs from the cluster's network before its first call. */
export type ClusterTarget =
  /** The addresses of the Service's ready endpoints. */
  | { readonly kind: 'pods'; readonly service: Service; readonly port: number | string }
  /** An answer of the cluster's DNS, and the addresses in it: pods of a headless Service, or a virtual IP. */
  | { readonly kind: 'name'; readonly service: Service; readonly port: number; readonly host: string };

const serviceName = /^([a-z0-9-]+)\.([a-z0-9-]+)(\.svc(\..+)?)?$/;

/** Undefined: an address or a name that is not the cluster's own; whether it is reached is between it and the network. */
export function clusterTarget({ resolver, target }: LaneSpec): ClusterTarget | undefined {
  const colon = target.lastIndexOf(':');
  const host = target.slice(0, colon);
  const [, name = '', namespace = '', domain = ''] = serviceName.exec(host) ?? [];
  if (name === '') return undefined;
  const service = { namespace, name };
  const port = target.slice(colon + 1);
  if (resolver === 'kubernetes') return { kind: 'pods', service, port: /^\d+$/.test(port) ? Number(port) : port };
  // "name.namespace" alone may be any host: only ".svc" makes it the cluster's.
  return domain === '' ? undefined : { kind: 'name', service, port: Number(port), host };
}
