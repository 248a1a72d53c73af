export interface Settings {
  readonly namespace: string;
  readonly service: string;
  /** The Service's port that Envoy is to dial: a number, or a name. */
  readonly servicePort: number | string;
  /** The cluster's name in Envoy's configuration. */
  readonly cluster: string;
  readonly port: number;
  readonly listenAddress: string;
  /** An API server without TLS, such as the lab's; undefined: that of the cluster this runs in. */
  readonly kubeServer: string | undefined;
}

export type ParsedSettings = { ok: true; settings: Settings } | { ok: false; faults: string[] };

/** Reads the environment; all faults at once. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): ParsedSettings {
  const faults: string[] = [];
  const name = (variable: string, fallback: string): string => {
    const value = env[variable] || fallback;
    if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value))
      faults.push(`${variable} is "${value}"; allowed: 1 to 63 of a-z, 0-9 and -`);
    return value;
  };
  const port = Number(env.PORT || 18_000);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    faults.push(`PORT is "${env.PORT}"; allowed: a whole number from 0 to 65535`);
  const servicePort = name('SERVICE_PORT', 'grpc');
  const settings: Settings = {
    namespace: name('NAMESPACE', 'lbscope'),
    service: name('SERVICE', 'greeter'),
    servicePort: /^\d+$/.test(servicePort) ? Number(servicePort) : servicePort,
    cluster: name('CLUSTER', 'greeter'),
    port,
    listenAddress: env.LISTEN_ADDRESS || '0.0.0.0',
    kubeServer: env.KUBE_SERVER || undefined,
  };
  return faults.length === 0 ? { ok: true, settings } : { ok: false, faults };
}
