import type { Profile } from '../../../model/words.ts';
import type { FailureCode } from './port.ts';

/** How a gRPC implementation's DNS resolver behaves, as data. Read in their sources, the [run] facts of each tried. */
export interface DnsProfile {
  /** Least time between two lookups; 30 s in all three. */
  readonly floorMs: number;
  readonly floorFrom: 'start' | 'finish';
  /** A request before the floor is over: waits for the mark, or is forgotten. */
  readonly early: 'defer' | 'discard';
  /** A request while a lookup runs, or one waits for the mark already: causes another afterwards, or is covered by it. */
  readonly meanwhile: 'remember' | 'discard';
  /** A request while the backoff after a failed lookup runs. */
  readonly inBackoff: 'wait' | 'ask';
  readonly firstBackoffMs: number;
  /** Answers that empty the channel, healthy connections included. */
  readonly drops: ReadonlySet<FailureCode>;
  /** Lookups by themselves; undefined is gRPC's way. */
  readonly pollMs: number | undefined;
}

const floorMs = 30_000;

/**
 * The watcher waits for a request, then for 30 s after the last success; requests have a buffer of one. NXDOMAIN counts
 * as an answer without addresses.
 */
const grpcGo: DnsProfile = {
  floorMs,
  floorFrom: 'finish',
  early: 'defer',
  meanwhile: 'remember',
  inBackoff: 'wait',
  firstBackoffMs: 1600,
  drops: new Set<FailureCode>(['NXDOMAIN', 'EMPTY']),
  pollMs: undefined,
};

/** minTimeBetweenResolutionsMs runs from the start of a lookup; one request is kept for its end. */
const grpcJs: DnsProfile = {
  floorMs,
  floorFrom: 'start',
  early: 'defer',
  meanwhile: 'discard',
  inBackoff: 'wait',
  firstBackoffMs: 1000,
  drops: new Set<FailureCode>(['EMPTY']),
  pollMs: undefined,
};

/** refresh() is forgotten while a lookup runs or within networkaddress.cache.ttl (30 s) of a success. */
const grpcJava: DnsProfile = {
  floorMs,
  floorFrom: 'finish',
  early: 'discard',
  meanwhile: 'discard',
  inBackoff: 'ask',
  firstBackoffMs: 1000,
  drops: new Set<FailureCode>(),
  pollMs: undefined,
};

/** Not gRPC's behaviour (grpc-go's until 1.26): asks each interval, whatever the connections do. */
function poll(pollMs: number): DnsProfile {
  return { ...grpcGo, early: 'discard', meanwhile: 'discard', pollMs };
}

/** `pollIntervalMs` is for the poll profile only; 30 min was grpc-go's. */
export function dnsProfile(profile: Profile, pollIntervalMs = 1_800_000): DnsProfile {
  switch (profile) {
    case 'grpc-go':
      return grpcGo;
    case 'grpc-js':
      return grpcJs;
    case 'grpc-java':
      return grpcJava;
    case 'poll':
      return poll(pollIntervalMs);
  }
}
