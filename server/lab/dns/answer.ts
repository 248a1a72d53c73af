import type { Random } from '../clock.ts';
import { type Answer, classIN, type Query, type ResourceRecord, rcodes, types } from './message.ts';
import type { Lookup } from './zone.ts';
import { zoneName } from './zone.ts';

export interface AnswerOptions {
  /** Seconds; CoreDNS's kubernetes plugin: 5. */
  readonly ttlSeconds: number;
  readonly random: Random;
  /** Unix seconds, for the SOA's serial. */
  readonly serial: number;
  /** Whether Services and EndpointSlices were listed once. */
  readonly synced: boolean;
  lookup(labels: readonly string[]): Lookup;
}

/** What CoreDNS answers for a query, as data. */
export function answerQuery(query: Query, options: AnswerOptions): Answer {
  if (query.edns && query.edns.version !== 0) return bare(rcodes.BADVERS);
  // No other zone is served here, and nothing is asked further: a lab must not resolve the world.
  if (query.class !== classIN || !inZone(query.name)) return bare(rcodes.REFUSED);
  const soa = soaRecord(options);
  const negative = (rcode: number): Answer => ({ ...bare(rcode), authoritative: true, authorities: [soa] });
  if (!options.synced) return negative(rcodes.SERVFAIL);

  const labels = query.name === zoneName ? [] : query.name.slice(0, -zoneName.length - 1).split('.');
  const positive = (answers: ResourceRecord[], additionals: ResourceRecord[] = []): Answer => ({
    rcode: rcodes.NOERROR,
    authoritative: true,
    answers,
    authorities: [],
    additionals,
  });
  const ttl = options.ttlSeconds;
  if (labels.length === 0) {
    if (query.type === types.SOA) return positive([soa]);
    if (query.type === types.NS) return positive([{ type: 'NS', name: zoneName, ttl, target: `ns.dns.${zoneName}` }]);
    return negative(rcodes.NOERROR);
  }
  if (query.name === `dns-version.${zoneName}`) {
    return query.type === types.TXT
      ? positive([{ type: 'TXT', name: query.name, ttl, text: '1.1.0' }])
      : negative(rcodes.NOERROR);
  }

  const found = options.lookup(labels);
  if (found.kind === 'nxdomain') return negative(rcodes.NXDOMAIN);
  if (found.kind === 'empty') return negative(rcodes.NOERROR);
  if (found.kind === 'cname') {
    const asked = [types.A, types.AAAA, types.CNAME].some((type) => type === query.type);
    return asked
      ? positive([{ type: 'CNAME', name: query.name, ttl, target: found.target }])
      : negative(rcodes.NOERROR);
  }
  if (query.type === types.A) {
    // CoreDNS's loadbalance plugin: round_robin is a random order.
    const ips = shuffle([...new Set(found.targets.map(({ ip }) => ip))], options.random);
    return positive(ips.map((address) => ({ type: 'A', name: query.name, ttl, address })));
  }
  if (query.type === types.SRV) {
    const targets = found.targets.filter(({ port }) => port > 0);
    if (targets.length === 0) return negative(rcodes.NOERROR);
    const weight = Math.max(1, Math.floor(100 / targets.length));
    const addresses = new Map(targets.map(({ name, ip }) => [name, ip]));
    return positive(
      targets.map(({ name, port }) => ({
        type: 'SRV',
        name: query.name,
        ttl,
        priority: 0,
        weight,
        port,
        target: name,
      })),
      [...addresses].map(([name, address]) => ({ type: 'A', name, ttl, address })),
    );
  }
  // AAAA on an IPv4 name, and every other type: the name exists, the type does not.
  return negative(rcodes.NOERROR);
}

/** An answer that is a code and nothing else. */
export function bare(rcode: number): Answer {
  return { rcode, authoritative: false, answers: [], authorities: [], additionals: [] };
}

const inZone = (name: string): boolean => name === zoneName || name.endsWith(`.${zoneName}`);

function soaRecord({ ttlSeconds, serial }: AnswerOptions): ResourceRecord {
  return {
    type: 'SOA',
    name: zoneName,
    ttl: ttlSeconds,
    mname: `ns.dns.${zoneName}`,
    rname: `hostmaster.${zoneName}`,
    serial,
    minimum: ttlSeconds,
  };
}

/** Fisher-Yates. */
export function shuffle<T>(items: T[], random: Random): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
  return items;
}
