import { promises as dns } from 'node:dns';
import type { FailureCode, Lookup, LookupOutcome } from './port.ts';

export interface NodeLookupOptions {
  /** "127.0.0.1:10053". Without one the system is asked, as any program on this machine is (search domains, hosts file). */
  readonly server?: string | undefined;
  /** Limit of one try; with two tries as resolv.conf's defaults. */
  readonly timeoutMs?: number;
}

/** Lookups through node:dns. IPv4 only: the lab and its Services are single-stack. Nothing is cached. */
export function createNodeLookup(options: NodeLookupOptions = {}): Lookup {
  const { server } = options;
  if (server === undefined) {
    return {
      lookup: (host) => ask(async () => (await dns.lookup(host, { all: true, family: 4 })).map((a) => a.address)),
    };
  }
  const resolver = new dns.Resolver({ timeout: options.timeoutMs ?? 2000, tries: 2 });
  resolver.setServers([server]);
  return { lookup: (host) => ask(() => resolver.resolve4(host)) };
}

async function ask(query: () => Promise<string[]>): Promise<LookupOutcome> {
  try {
    const addresses = await query();
    if (addresses.length === 0) return { ok: false, code: 'EMPTY', message: 'no A record' };
    return { ok: true, addresses };
  } catch (error) {
    const code = error instanceof Error ? String(Reflect.get(error, 'code')) : '';
    return {
      ok: false,
      code: codes[code] ?? 'SERVFAIL',
      message: error instanceof Error ? error.message : String(error),
    };
  }
}

/** c-ares' and getaddrinfo's words for what an answer said. */
const codes: Record<string, FailureCode | undefined> = {
  ENOTFOUND: 'NXDOMAIN',
  ENODATA: 'EMPTY',
  ESERVFAIL: 'SERVFAIL',
  EAI_AGAIN: 'SERVFAIL',
  EREFUSED: 'REFUSED',
  ETIMEOUT: 'TIMEOUT',
  ECANCELLED: 'TIMEOUT',
  ECONNREFUSED: 'UNREACHABLE',
};
