import { isIP } from 'node:net';
import type { DnsProfileName, Policy as PolicyName, Profile, Resolver as ResolverName } from '../../model/words.ts';
import type { Clock, Timers } from '../events/port.ts';
import type { TlsOptions } from '../transport/port.ts';
import { parseTarget, portNumber } from './address.ts';
import { type BackoffCurve, connectionBackoff } from './backoff.ts';
import { LeastRequest } from './policy/least-request.ts';
import { PickFirst } from './policy/pick-first.ts';
import type { Policy, PolicyHelper, PolicySubchannel } from './policy/port.ts';
import { RandomPolicy } from './policy/random.ts';
import { RoundRobin } from './policy/round-robin.ts';
import { DnsResolver } from './resolver/dns.ts';
import { createKubernetesResolver } from './resolver/kubernetes.ts';
import type { Lookup, Resolver, ResolverListener, SliceWatch } from './resolver/port.ts';
import { dnsProfile } from './resolver/profiles.ts';
import { createStaticResolver } from './resolver/static.ts';
import type { RetrySpec } from './retry.ts';

/** The part of a lane that a channel needs; a path is data. */
export interface ChannelSpec {
  /** host:port for static and dns; service.namespace:port for kubernetes, where the port may be a name. */
  readonly target: string;
  readonly resolver: ResolverName;
  readonly policy: PolicyName;
  /** Whose behaviour of that resolver; default grpc-go for dns, a reflector for kubernetes. */
  readonly profile?: Profile;
  /** For the poll profile; default 30 min, what grpc-go had until 1.26. */
  readonly pollIntervalMs?: number;
  /** Least time between lookups in place of the profile's 30 s; Infinity: never again after a success. */
  readonly floorMs?: number;
  /** pick_first: each list is shuffled (gRFC A62). */
  readonly shuffle?: boolean;
  /** least_request: how many endpoints are drawn (gRFC A48's choiceCount); default 2. */
  readonly choices?: number;
  /** Calls that don't say otherwise wait in TRANSIENT_FAILURE, too. */
  readonly waitForReady?: boolean;
  /** Undefined: plaintext. */
  readonly tls?: TlsOptions | undefined;
  /** File with the bearer token that each call shows (per-RPC credentials); only with TLS, as in gRPC. */
  readonly callTokenFile?: string | undefined;
  /** Undefined: no retry policy; transparent retries are always on. */
  readonly retry?: RetrySpec | undefined;
  /** GRPC_ARG_KEEPALIVE_TIME_MS: PING after this much silence while calls are in flight; default 0, off, as in grpc-go. */
  readonly pingIntervalMs?: number;
  /** GRPC_ARG_KEEPALIVE_TIMEOUT_MS; default 20 s. */
  readonly pingTimeoutMs?: number;
  /** Without any call for this long the channel lets go of everything; 30 min in all three implementations. */
  readonly idleTimeoutMs?: number;
}

export interface ResolverParts {
  readonly lookup: Lookup;
  /** Undefined where there is no cluster: a kubernetes lane then is a faulty specification. */
  readonly sliceWatch: SliceWatch | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: () => number;
}

/** What is wrong with a specification, in one sentence; undefined if nothing is. */
export function faultOf(spec: ChannelSpec): string | undefined {
  const target = parseTarget(spec.target);
  if (target === undefined) return `target "${spec.target}" is not host:port`;
  if (spec.resolver !== 'kubernetes') {
    return portNumber(target.port) === undefined ? `port "${target.port}" is not a number from 1 to 65535` : undefined;
  }
  return target.host.split('.').length >= 2 ? undefined : `target "${spec.target}" is not service.namespace:port`;
}

/** Throws on a specification that faultOf objects to: who makes a channel checks first. */
export function createResolver(spec: ChannelSpec, parts: ResolverParts, listener: ResolverListener): Resolver {
  const fault = faultOf(spec);
  const target = parseTarget(spec.target);
  if (fault !== undefined || target === undefined) throw new TypeError(fault);
  const { host } = target;
  const port = portNumber(target.port) ?? 0;
  switch (spec.resolver) {
    case 'static':
      return createStaticResolver({ ...parts, host, port }, listener);
    case 'dns': {
      // All three implementations take an address as it is, and ask nobody.
      if (isIP(host) !== 0) return createStaticResolver({ ...parts, host, port }, listener);
      const profile = dnsProfile(dnsProfileOf(spec.profile), {
        pollIntervalMs: spec.pollIntervalMs,
        floorMs: spec.floorMs,
        policy: spec.policy,
      });
      return new DnsResolver({ ...parts, host, port, profile }, listener);
    }
    case 'kubernetes': {
      const { sliceWatch } = parts;
      if (sliceWatch === undefined) throw new TypeError('a kubernetes resolver needs a cluster');
      const [name = '', namespace = ''] = host.split('.');
      return createKubernetesResolver(
        {
          service: { namespace, name },
          port: port || target.port,
          sliceWatch,
          kuberesolver: spec.profile === 'kuberesolver',
        },
        listener,
      );
    }
  }
}

/** A profile of another resolver counts as none. */
function dnsProfileOf(profile: Profile | undefined): DnsProfileName {
  return profile === undefined || profile === 'kuberesolver' ? 'grpc-go' : profile;
}

/** Between two attempts to connect: one curve (gRPC's connection-backoff document), and how each client's jitter differs. */
export function backoffOf(spec: Pick<ChannelSpec, 'resolver' | 'profile'>): BackoffCurve {
  const whose = spec.resolver === 'dns' ? dnsProfileOf(spec.profile) : undefined;
  return {
    ...connectionBackoff,
    jitterOnFirst: whose === 'grpc-java',
    jitterAddsUp: whose === 'grpc-js',
  };
}

type PolicySpec = Pick<ChannelSpec, 'resolver' | 'policy' | 'profile' | 'shuffle' | 'choices'>;

export function createPolicy<S extends PolicySubchannel>(spec: PolicySpec, helper: PolicyHelper<S>): Policy<S> {
  // Whose habits of asking for addresses: the same policy asks at other moments in other implementations.
  const whose = spec.resolver === 'dns' ? dnsProfileOf(spec.profile) : undefined;
  const habits = { whileConnecting: whose === 'grpc-js' };
  switch (spec.policy) {
    case 'pick_first':
      return new PickFirst(helper, {
        shuffle: spec.shuffle === true,
        asks: whose === 'grpc-js' ? 'with the next call' : 'on loss',
        asksPerAttempt: whose === 'grpc-go',
      });
    case 'round_robin':
      return new RoundRobin(helper, habits);
    case 'least_request':
      return new LeastRequest(helper, spec.choices ?? 2, habits);
    case 'random':
      return new RandomPolicy(helper, habits);
  }
}
