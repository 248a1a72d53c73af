import type { DnsProfileName, Policy } from '../../../model/words.ts';
import type { FailureCode } from './port.ts';

/** How a gRPC implementation's DNS resolver behaves, as data. Read in their sources, the [run] facts of each tried. */
export interface DnsProfile {
  /** Least time between two lookups; 30 s in all three. Infinity: the first answer is kept for good. */
  readonly floorMs: number;
  /** What the client has by itself: a difference is said. */
  readonly usualFloorMs: number;
  readonly floorFrom: 'start' | 'finish';
  /** A request before the floor is over: waits for the mark, or is forgotten. */
  readonly early: 'defer' | 'discard';
  /** A request while a lookup runs, or one waits for the mark already: causes another afterwards, or is covered by it. */
  readonly meanwhile: 'remember' | 'discard';
  /** A request while the backoff after a failed lookup runs. */
  readonly inBackoff: 'wait' | 'ask';
  /** After a failed lookup: tried again by itself, or, once its backoff is over, only if somebody asked meanwhile. */
  readonly retries: 'by itself' | 'when asked';
  /** What a backoff counts from: the moment the failed lookup began, or its failure. */
  readonly backoffFrom: 'start' | 'finish';
  readonly firstBackoffMs: number;
  /** Whether the first step has jitter, too; later ones always have +-20 %. */
  readonly firstBackoffJitter: boolean;
  /** A step grows from the last one with its jitter, not from the bare curve. */
  readonly backoffJitterAddsUp: boolean;
  /** For so long a failure is repeated without asking anyone; 0 in all but the JVM. */
  readonly failureKeptMs: number;
  /** Answers that empty the channel, healthy connections included. */
  readonly drops: ReadonlySet<FailureCode>;
  /** Lookups by themselves; undefined is gRPC's way. */
  readonly pollMs: number | undefined;
}

/** What a lane may change about its profile. */
export interface DnsOverrides {
  /** poll only; 30 min was grpc-go's until 1.26. */
  readonly pollIntervalMs?: number | undefined;
  /** Least time between lookups in place of the profile's. Infinity: never again after a success. */
  readonly floorMs?: number | undefined;
  /** What of a bad answer becomes of connections is the policy's doing in some. */
  readonly policy?: Policy | undefined;
}

/** defaultMinTimeBetweenResolutions, minTimeBetweenResolutionsMs, networkaddress.cache.ttl: 30 s in all three. */
const usualFloorMs = 30_000;

/**
 * The watcher waits for a request, then for 30 s after the last success; requests have a buffer of one. NXDOMAIN counts
 * as an answer without addresses, which the policy refuses: so it is also tried again, from backoff step 1 (1.6 s) on.
 */
const grpcGo: DnsProfile = {
  floorMs: usualFloorMs,
  usualFloorMs,
  floorFrom: 'finish',
  early: 'defer',
  meanwhile: 'remember',
  inBackoff: 'wait',
  retries: 'by itself',
  backoffFrom: 'finish',
  firstBackoffMs: 1600,
  firstBackoffJitter: true,
  backoffJitterAddsUp: false,
  failureKeptMs: 0,
  drops: new Set<FailureCode>(['NXDOMAIN', 'EMPTY']),
  pollMs: undefined,
};

/**
 * minTimeBetweenResolutionsMs runs from the start of a lookup; requests before the mark run at the mark, as one. A failure ends
 * the floor, and what follows it is a request's doing: while all is healthy, a failed lookup is not tried again. The backoff runs
 * beside the lookup (startResolutionWithBackoff).
 */
const grpcJs: DnsProfile = {
  floorMs: usualFloorMs,
  usualFloorMs,
  floorFrom: 'start',
  early: 'defer',
  meanwhile: 'discard',
  inBackoff: 'wait',
  retries: 'when asked',
  backoffFrom: 'start',
  firstBackoffMs: 1000,
  firstBackoffJitter: false,
  backoffJitterAddsUp: true,
  failureKeptMs: 0,
  drops: new Set<FailureCode>(['EMPTY']),
  pollMs: undefined,
};

/**
 * refresh() is forgotten while a lookup runs or within networkaddress.cache.ttl (30 s) of a success; a negative TTL
 * forgets it for good, 0 never. The lookup itself is the JVM's, which keeps a failure for 10 s
 * (networkaddress.cache.negative.ttl): retries within that time fail without asking.
 */
const grpcJava: DnsProfile = {
  floorMs: usualFloorMs,
  usualFloorMs,
  floorFrom: 'finish',
  early: 'discard',
  meanwhile: 'discard',
  inBackoff: 'ask',
  retries: 'by itself',
  backoffFrom: 'finish',
  firstBackoffMs: 1000,
  firstBackoffJitter: true,
  backoffJitterAddsUp: false,
  failureKeptMs: 10_000,
  drops: new Set<FailureCode>(),
  pollMs: undefined,
};

/**
 * PickFirstLoadBalancer.handleNameResolutionError of grpc-java shuts its subchannel down whatever failed, a healthy one too, and
 * fails calls until a lookup succeeds. Its round_robin keeps what it has (MultiChildLoadBalancer).
 */
const grpcJavaPickFirst: DnsProfile = {
  ...grpcJava,
  drops: new Set<FailureCode>(['NXDOMAIN', 'EMPTY', 'SERVFAIL', 'REFUSED', 'TIMEOUT', 'UNREACHABLE', 'FORBIDDEN']),
};

/** Not gRPC's behaviour (grpc-go's until 1.26): asks each interval, whatever the connections do. */
function poll(pollMs: number): DnsProfile {
  return { ...grpcGo, early: 'discard', meanwhile: 'discard', pollMs };
}

export function dnsProfile(profile: DnsProfileName, overrides: DnsOverrides = {}): DnsProfile {
  const own = ownProfile(profile, overrides);
  return overrides.floorMs === undefined ? own : { ...own, floorMs: overrides.floorMs };
}

function ownProfile(profile: DnsProfileName, { policy, pollIntervalMs = 1_800_000 }: DnsOverrides): DnsProfile {
  switch (profile) {
    case 'grpc-go':
      return grpcGo;
    case 'grpc-js':
      return grpcJs;
    case 'grpc-java':
      return policy === 'pick_first' ? grpcJavaPickFirst : grpcJava;
    case 'poll':
      return poll(pollIntervalMs);
  }
}

/** The floor in words, and by how much it differs from what the client has: never shortened in silence. */
export function floorWords({ floorMs, usualFloorMs }: DnsProfile): string {
  const usual = `${usualFloorMs / 1000} s`;
  if (floorMs === usualFloorMs) return `at most one lookup per ${usual}`;
  if (floorMs === Number.POSITIVE_INFINITY) return `the first answer is kept for good, in place of ${usual}`;
  const changed = floorMs < usualFloorMs ? 'shortened' : 'lengthened';
  if (floorMs === 0) return `no least time between lookups, ${changed} from ${usual}`;
  return `at most one lookup per ${floorMs / 1000} s, ${changed} from ${usual}`;
}
