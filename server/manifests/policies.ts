import type { Manifest } from './render.ts';

/** A pod as policies see it, and its namespace. */
export interface Peer {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Port {
  readonly name?: string | undefined;
  readonly number: number;
  readonly protocol: 'TCP' | 'UDP';
}

/**
 * Whether policies let `from` open a connection to a port of `to`: out of the one, and into the other. As the API has it: a pod
 * that no policy of a direction selects is open in that direction; of those that do, one rule that matches is enough.
 */
export function admitted(policies: readonly Manifest[], from: Peer, to: Peer, port: Port): boolean {
  return (
    direction(policies, 'Egress', from, ({ to: peers, ports }) => matches(peers, from, to) && open(ports, port)) &&
    direction(policies, 'Ingress', to, ({ from: peers, ports }) => matches(peers, to, from) && open(ports, port))
  );
}

function direction(
  policies: readonly Manifest[],
  type: 'Ingress' | 'Egress',
  of: Peer,
  rule: (rule: Manifest) => boolean,
): boolean {
  const selecting = policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === of.namespace && spec.policyTypes.includes(type) && selects(spec.podSelector, of.labels),
  );
  return selecting.length === 0 || selecting.some(({ spec }) => (spec[type.toLowerCase()] ?? []).some(rule));
}

/** Absent or empty: everyone. A pod selector alone means pods of the policy's own namespace. */
function matches(peers: readonly Manifest[] | undefined, own: Peer, other: Peer): boolean {
  if (peers === undefined || peers.length === 0) return true;
  return peers.some(({ podSelector, namespaceSelector, ipBlock }) => {
    if (ipBlock !== undefined) return false;
    const place =
      namespaceSelector === undefined
        ? other.namespace === own.namespace
        : selects(namespaceSelector, { 'kubernetes.io/metadata.name': other.namespace });
    return place && selects(podSelector ?? {}, other.labels);
  });
}

function selects(selector: Manifest, labels: Readonly<Record<string, string>>): boolean {
  if (selector.matchExpressions !== undefined) throw new Error('matchExpressions are not understood here');
  return Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
}

function open(ports: readonly Manifest[] | undefined, { name, number, protocol }: Port): boolean {
  if (ports === undefined || ports.length === 0) return true;
  return ports.some(
    (each) =>
      (each.protocol ?? 'TCP') === protocol &&
      (each.port === undefined || each.port === number || (name !== undefined && each.port === name)),
  );
}
