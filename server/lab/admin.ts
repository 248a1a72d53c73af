import type { ProxyState } from './clusterip/kube-proxy.ts';
import { type Delays, delayFault, shortened } from './delays.ts';
import { type DnsMode, type DnsState, dnsModes } from './dns/server.ts';
import type { ContainerProcess } from './kubelet/kubelet.ts';

/** What the lab's own API beside the Kubernetes API can see and change: how the cluster behaves, never its objects. */
export interface AdminParts {
  readonly delays: Delays;
  readonly dns: {
    state(): DnsState;
    setMode(mode: DnsMode): void;
    setTtl(seconds: number): void;
  };
  delaysChanged(): void;
  processes(): ContainerProcess[];
  proxy(): ProxyState;
  facts(): { range: string; addresses: string; notes: readonly string[]; dialMap: unknown };
}

export interface AdminAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * `/lab/v1/...`, for tests and scenarios. Undefined: not one of ours.
 *
 * | request | what it does |
 * | --- | --- |
 * | `GET /lab/v1/state` | range, notes, delays, DNS, kube-proxy, processes |
 * | `GET /lab/v1/processes` | each container with pid, state and restarts |
 * | `PUT /lab/v1/dns` | `{mode, delayMs?, ttlSeconds?}`: how DNS answers from now on |
 * | `PUT /lab/v1/delays` | `{relistMs: 200, ...}`: changes only those named |
 * | `PUT /lab/v1/api` | `{goneMs}`: the API server is gone for that long (apiserver/server.ts) |
 */
export function handleAdmin(method: string, path: string, body: unknown, parts: AdminParts): AdminAnswer | undefined {
  const delays = () => ({ delays: parts.delays, shortened: shortened(parts.delays) });
  switch (`${method} ${path}`) {
    case 'GET /lab/v1/state':
      return ok({
        ...parts.facts(),
        ...delays(),
        dns: parts.dns.state(),
        proxy: parts.proxy(),
        processes: parts.processes(),
      });
    case 'GET /lab/v1/processes':
      return ok({ processes: parts.processes() });
    case 'GET /lab/v1/dns':
      return ok(parts.dns.state());
    case 'GET /lab/v1/delays':
      return ok(delays());
    case 'PUT /lab/v1/dns':
      return putDns(body, parts);
    case 'PUT /lab/v1/delays':
      return putDelays(body, parts);
    default:
      return undefined;
  }
}

const ok = (body: unknown): AdminAnswer => ({ status: 200, body });
const invalid = (faults: string[]): AdminAnswer => ({ status: 400, body: { faults } });
const isObject = (body: unknown): body is Record<string, unknown> =>
  typeof body === 'object' && body !== null && !Array.isArray(body);

function putDelays(body: unknown, parts: AdminParts): AdminAnswer {
  if (!isObject(body)) return invalid(['the body must be an object of delays']);
  const faults = Object.entries(body).flatMap(([name, value]) => delayFault(name, value) ?? []);
  if (faults.length > 0) return invalid(faults);
  Object.assign(parts.delays, body);
  parts.delaysChanged();
  return ok({ delays: parts.delays, shortened: shortened(parts.delays) });
}

function putDns(body: unknown, parts: AdminParts): AdminAnswer {
  if (!isObject(body)) return invalid(['the body must be an object']);
  const faults: string[] = [];
  for (const name of Object.keys(body)) {
    if (!['mode', 'delayMs', 'ttlSeconds'].includes(name))
      faults.push(`${name} is not known; known are mode, delayMs, ttlSeconds`);
  }
  const { mode, delayMs, ttlSeconds } = body;
  if (mode !== undefined && !(dnsModes as readonly unknown[]).includes(mode)) {
    faults.push(`mode is ${JSON.stringify(mode)}; allowed: ${dnsModes.join(', ')}`);
  }
  const within = (value: unknown, most: number) => typeof value === 'number' && value >= 0 && value <= most;
  if (mode === 'delay' && !within(delayMs, 60_000))
    faults.push(`delayMs is ${JSON.stringify(delayMs)}; allowed: 0 to 60000`);
  if (ttlSeconds !== undefined && !(within(ttlSeconds, 3_600) && Number.isInteger(ttlSeconds))) {
    faults.push(`ttlSeconds is ${JSON.stringify(ttlSeconds)}; allowed: a whole number from 0 to 3600`);
  }
  if (faults.length > 0) return invalid(faults);
  if (mode === 'delay') parts.dns.setMode({ kind: 'delay', delayMs: delayMs as number });
  else if (mode !== undefined) parts.dns.setMode({ kind: mode as Exclude<DnsMode['kind'], 'delay'> });
  if (ttlSeconds !== undefined) parts.dns.setTtl(ttlSeconds as number);
  return ok(parts.dns.state());
}
