import http from 'node:http';

/** One look at an Envoy's status listener. Never an exception. */
export type Reading =
  | {
      readonly kind: 'read';
      readonly hosts: readonly string[];
      readonly lookups: Lookups | undefined;
      /** How it hears of hosts: it asks DNS, or an ADS server pushes. */
      readonly by: 'dns' | 'push';
    }
  | { readonly kind: 'unreachable'; readonly reason: string };

/** Envoy's own counters of its cluster's updates, by DNS or by push; cumulative since its start. */
export interface Lookups {
  readonly attempt: number;
  readonly success: number;
  readonly failure: number;
  readonly empty: number;
}

export interface EnvoyStatus {
  read(host: string, port: number): Promise<Reading>;
  close(): void;
}

const timeoutMs = 2_000;
const longestAnswer = 8 * 1024 * 1024;
/** The listener routes to Envoy's admin interface through a cluster of this name; it is not an upstream of calls. */
const adminCluster = 'admin';
/** Nor is this: an Envoy that has it is told its hosts through it. */
const adsCluster = 'ads';

export function createEnvoyStatus(): EnvoyStatus {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
  const get = (host: string, port: number, path: string): Promise<{ code: number; text: string } | string> =>
    new Promise((resolve) => {
      const request = http.get({ host, port, path, agent, headers: { accept: 'application/json' } }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (text.length > longestAnswer) request.destroy(new Error('its answer is too large'));
        });
        response.on('end', () => settle({ code: response.statusCode ?? 0, text }));
        response.on('error', (error) => settle(reasonOf(error)));
      });
      const timer = setTimeout(() => {
        settle(`no answer within ${timeoutMs / 1_000} s`);
        request.destroy();
      }, timeoutMs);
      const settle = (outcome: { code: number; text: string } | string): void => {
        clearTimeout(timer);
        resolve(outcome);
      };
      request.on('error', (error) => settle(reasonOf(error)));
    });

  return {
    async read(host, port) {
      const clusters = await get(host, port, '/clusters?format=json');
      if (typeof clusters === 'string') return { kind: 'unreachable', reason: clusters };
      if (clusters.code !== 200) return { kind: 'unreachable', reason: `its status listener answers ${clusters.code}` };
      const parsed = parseClusters(clusters.text);
      if (parsed === undefined) return { kind: 'unreachable', reason: 'what answers there is not an Envoy' };
      const stats = await get(
        host,
        port,
        `/stats?format=json&filter=${encodeURIComponent(`^cluster\\.${quoted(parsed.name)}\\.update_`)}`,
      );
      const lookups = typeof stats === 'string' || stats.code !== 200 ? undefined : parseStats(stats.text);
      return { kind: 'read', hosts: parsed.hosts, lookups, by: parsed.by };
    },
    close: () => agent.destroy(),
  };
}

function quoted(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]/g, '\\$&');
}

/** Hosts of the one cluster that carries calls, "ip:port", sorted. Those a health check or outlier detection keeps out are left out. */
export function parseClusters(text: string): { name: string; hosts: string[]; by: 'dns' | 'push' } | undefined {
  try {
    const { cluster_statuses: statuses } = JSON.parse(text);
    if (!Array.isArray(statuses)) return undefined;
    const cluster = statuses.find((each) => each?.name !== adminCluster && each?.name !== adsCluster);
    if (cluster === undefined) return undefined;
    const hosts: string[] = [];
    for (const host of cluster.host_statuses ?? []) {
      const { address, port_value: port } = host?.address?.socket_address ?? {};
      const health = host?.health_status ?? {};
      if (typeof address !== 'string' || health.failed_active_health_check || health.failed_outlier_check) continue;
      if (health.pending_dynamic_removal) continue;
      hosts.push(`${address}:${port}`);
    }
    const by = statuses.some((each) => each?.name === adsCluster) ? 'push' : 'dns';
    return { name: String(cluster.name), hosts: hosts.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })), by };
  } catch {
    return undefined;
  }
}

export function parseStats(text: string): Lookups | undefined {
  try {
    const counters = { attempt: 0, success: 0, failure: 0, empty: 0 };
    for (const { name, value } of JSON.parse(text).stats ?? []) {
      const counter = /\.update_(attempt|success|failure|empty)$/.exec(String(name))?.[1];
      if (counter !== undefined) counters[counter as keyof typeof counters] = Number(value);
    }
    return counters;
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException)?.code;
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'ECONNRESET') return 'the connection broke';
  return code ?? (error instanceof Error ? error.message : 'the request failed');
}
