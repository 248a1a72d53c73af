/** Where a proxy's pod is in the lab: no network and no file system of its own. */
export interface ProxyPlace {
  readonly podIP: string;
  readonly dnsHost: string;
  readonly dnsPort: number;
  /** A folder of this container; stands where the container has /tmp. */
  readonly dir: string;
}

/**
 * The one patch between ConfigMap and lab for HAProxy: it listens on the pod's own address, and asks the lab's DNS server in
 * the place of those in /etc/resolv.conf.
 */
export function patchHaproxy(config: string, place: ProxyPlace): string {
  return config
    .replaceAll('0.0.0.0:', `${place.podIP}:`)
    .replace(/^(\s*)parse-resolv-conf$/gm, `$1nameserver lab ${place.dnsHost}:${place.dnsPort}`);
}

/** Addresses of a name as the system's resolver gives them; undefined: it has none. */
export type LookUp = (name: string) => Promise<readonly string[] | undefined>;

export type PatchedConfig =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string };

/**
 * The same for nginx. Besides:
 *
 * 1. `resolver` names the lab's DNS server.
 * 2. A name in an upstream is looked up once, at the start, with the system's resolver, which knows no name of the lab: the
 *    lab asks its DNS in nginx's place, at the same moment, and writes the addresses that nginx would have found. No
 *    address: nginx would not have started, in the same words.
 */
export async function patchNginx(config: string, place: ProxyPlace, lookUp: LookUp): Promise<PatchedConfig> {
  let text = config
    .replaceAll('0.0.0.0:', `${place.podIP}:`)
    .replaceAll('/tmp/', `${place.dir}/`)
    .replace(/^(\s*)resolver \S+/gm, `$1resolver ${place.dnsHost}:${place.dnsPort}`);
  const server = /^(\s*)server ([a-z0-9-]+(?:\.[a-z0-9-]+)+):(\d+);$/gm;
  for (const [whole, indent, name = '', port] of config.matchAll(server)) {
    if (/^\d+(\.\d+){3}$/.test(name)) continue;
    const addresses = await lookUp(name);
    if (addresses === undefined || addresses.length === 0) {
      return { ok: false, reason: `nginx does not start: host not found in upstream "${name}:${port}"` };
    }
    text = text.replace(whole, addresses.map((address) => `${indent}server ${address}:${port};`).join('\n'));
  }
  return { ok: true, text };
}
