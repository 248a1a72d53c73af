import type { Policy as PolicyName, Profile, Resolver as ResolverName } from '../../model/words.ts';
import type { Clock, Timers } from '../events/port.ts';
import { parseTarget, portNumber } from './address.ts';
import { PickFirst } from './policy/pick-first.ts';
import type { Policy, PolicyHelper, PolicySubchannel } from './policy/port.ts';
import { RoundRobin } from './policy/round-robin.ts';
import { DnsResolver } from './resolver/dns.ts';
import { createKubernetesResolver } from './resolver/kubernetes.ts';
import type { Lookup, Resolver, ResolverListener, SliceWatch } from './resolver/port.ts';
import { dnsProfile } from './resolver/profiles.ts';
import { createStaticResolver } from './resolver/static.ts';

/** The part of a lane that a channel needs; a path is data. */
export interface ChannelSpec {
  /** host:port for static and dns; service.namespace:port for kubernetes, where the port may be a name. */
  readonly target: string;
  readonly resolver: ResolverName;
  readonly policy: PolicyName;
  /** Whose DNS behaviour; ignored by other resolvers. Default grpc-go. */
  readonly profile?: Profile;
  /** For the poll profile; default 30 min, what grpc-go had until 1.26. */
  readonly pollIntervalMs?: number;
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
      const profile = dnsProfile(spec.profile ?? 'grpc-go', spec.pollIntervalMs);
      return new DnsResolver({ ...parts, host, port, profile }, listener);
    }
    case 'kubernetes': {
      const { sliceWatch } = parts;
      if (sliceWatch === undefined) throw new TypeError('a kubernetes resolver needs a cluster');
      const [name = '', namespace = ''] = host.split('.');
      return createKubernetesResolver(
        { service: { namespace, name }, port: port || target.port, sliceWatch },
        listener,
      );
    }
  }
}

export function createPolicy<S extends PolicySubchannel>(name: PolicyName, helper: PolicyHelper<S>): Policy<S> {
  switch (name) {
    case 'pick_first':
      return new PickFirst(helper);
    case 'round_robin':
      return new RoundRobin(helper);
  }
}
