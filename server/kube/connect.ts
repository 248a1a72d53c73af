import { existsSync } from 'node:fs';
import type https from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { type Api, createApi } from './http.ts';

/** How client-node calls the cluster of a pod's own service account. */
const inCluster = 'inCluster';

export interface KubeOptions {
  /** Path of a kubeconfig file. */
  readonly kubeconfig?: string | undefined;
  /** URL of an API server that needs no TLS set-up, such as the lab's. */
  readonly server?: string | undefined;
  /** Bearer token, for `server`. */
  readonly token?: string | undefined;
}

export type Connected =
  | {
      readonly kind: 'api';
      readonly connect: () => Api;
      readonly server: string;
      readonly namespace: string | undefined;
      /** Reached by a kubeconfig: the cluster's network may be out of reach. */
      readonly outside: boolean;
    }
  | { readonly kind: 'fault'; readonly message: string };

/**
 * Finds the API server: an explicit URL, a kubeconfig, or the service account of the pod this runs in.
 * `connect` makes one Api per watcher, so that none waits for another's connections.
 */
export function connectKube(options: KubeOptions): Connected {
  if (options.server !== undefined) {
    const { server, token } = options;
    let origin: string;
    try {
      const url = new URL(server);
      origin = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
    } catch {
      return {
        kind: 'fault',
        message: `"${server}" is no URL of a Kubernetes API; it looks like http://127.0.0.1:8001`,
      };
    }
    const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
    return {
      kind: 'api',
      server: origin,
      namespace: undefined,
      outside: false,
      connect: () => createApi({ server: origin, credentials: async () => ({ headers, tls: {} }) }),
    };
  }
  const config = new KubeConfig();
  try {
    if (options.kubeconfig !== undefined) {
      if (!existsSync(options.kubeconfig))
        return { kind: 'fault', message: `there is no kubeconfig at ${options.kubeconfig}` };
      config.loadFromFile(options.kubeconfig);
    } else config.loadFromDefault();
  } catch {
    return { kind: 'fault', message: `the kubeconfig ${options.kubeconfig ?? ''} cannot be read`.replace('  ', ' ') };
  }
  // client-node refuses plain http (kubectl proxy, the lab) unless told that this is meant.
  config.clusters = config.clusters.map((each) =>
    each.server.startsWith('http:') ? { ...each, skipTLSVerify: true } : each,
  );
  const cluster = config.getCurrentCluster();
  if (cluster === null) return { kind: 'fault', message: 'the kubeconfig names no current cluster' };
  return {
    kind: 'api',
    server: cluster.server,
    namespace: config.getContextObject(config.getCurrentContext())?.namespace,
    outside: cluster.name !== inCluster,
    connect: () =>
      createApi({
        server: cluster.server,
        credentials: async () => {
          // Read for each request: in a cluster the token file is renewed about every hour.
          const opts: https.RequestOptions = {};
          await config.applyToHTTPSOptions(opts);
          const headers: Record<string, string> = {};
          for (const [name, value] of Object.entries(opts.headers ?? {})) headers[name] = String(value);
          if (opts.auth) headers.authorization = `Basic ${Buffer.from(opts.auth).toString('base64')}`;
          const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = opts;
          const tls: https.AgentOptions = {};
          if (ca !== undefined) tls.ca = ca;
          if (cert !== undefined) tls.cert = cert;
          if (key !== undefined) tls.key = key;
          if (pfx !== undefined) tls.pfx = pfx;
          if (passphrase !== undefined) tls.passphrase = passphrase;
          if (rejectUnauthorized !== undefined) tls.rejectUnauthorized = rejectUnauthorized;
          if (servername !== undefined) tls.servername = servername;
          return { headers, tls };
        },
      }),
  };
}
