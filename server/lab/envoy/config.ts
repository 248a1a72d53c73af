import { isMap, parseDocument, visit } from 'yaml';

/**
 * The one patch between the ConfigMap `envoy-config` and what the lab's Envoy runs. Everything else stays as it is
 * in a cluster.
 *
 * 1. Lookups go to the lab's DNS server rather than to the one in /etc/resolv.conf: each c-ares resolver gets the
 *    list `resolvers` with that one address.
 * 2. A pod in a cluster has a network of its own; here it has a loopback address of its own. So `0.0.0.0` (all of the
 *    pod's interfaces) and `127.0.0.1` (the pod's loopback) both become the pod's address, ports unchanged. The admin
 *    interface is still on loopback only, as every pod address of the lab is.
 */
export interface EnvoyPlace {
  readonly podIP: string;
  readonly dnsHost: string;
  readonly dnsPort: number;
}

export type PatchedConfig =
  | { readonly ok: true; readonly yaml: string }
  | { readonly ok: false; readonly reason: string };

const caresType = 'type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig';
const podWide = new Set(['0.0.0.0', '127.0.0.1']);

export function patchConfig(configYaml: string, place: EnvoyPlace): PatchedConfig {
  const document = parseDocument(configYaml);
  const fault = document.errors[0];
  if (fault !== undefined) return { ok: false, reason: `envoy.yaml is not YAML: ${fault.message.split('\n')[0]}` };
  if (!isMap(document.contents)) return { ok: false, reason: 'envoy.yaml holds no configuration' };

  visit(document, {
    Map(_, node) {
      const address = node.get('socket_address');
      if (isMap(address)) {
        const host = address.get('address');
        if (typeof host === 'string' && podWide.has(host)) address.set('address', place.podIP);
      }
      if (node.get('@type') === caresType) {
        node.set(
          'resolvers',
          document.createNode([{ socket_address: { address: place.dnsHost, port_value: place.dnsPort } }]),
        );
        // The new part holds the lab's own address, which may be 127.0.0.1: it must not be visited.
        return visit.SKIP;
      }
      return undefined;
    },
  });
  return { ok: true, yaml: document.toString({ lineWidth: 0 }) };
}
