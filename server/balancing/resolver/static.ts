import { isIP } from 'node:net';
import type { Clock, Timers } from '../../events/port.ts';
import { DnsResolver } from './dns.ts';
import type { Lookup, Resolver, ResolverListener } from './port.ts';
import { dnsProfile } from './profiles.ts';

export interface StaticResolverOptions {
  readonly host: string;
  readonly port: number;
  readonly lookup: Lookup;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: () => number;
}

/**
 * One address for good. A host name is looked up as a dialler does it (gRPC's passthrough scheme): with each attempt to
 * connect, without a floor, and an answer that names nobody keeps what there was.
 */
export function createStaticResolver(options: StaticResolverOptions, listener: ResolverListener): Resolver {
  if (isIP(options.host) === 0) {
    // No JVM is in between: a failed lookup is not kept, either.
    const profile = { ...dnsProfile('grpc-java'), floorMs: 0, usualFloorMs: 0, failureKeptMs: 0 };
    return asStatic(new DnsResolver({ ...options, profile }, listener));
  }
  let started = false;
  return {
    source: 'static',
    start() {
      if (started) return;
      started = true;
      listener.onNext({ t: 'never', why: 'a fixed address: nothing is ever looked up' });
      listener.onResolved([{ host: options.host, port: options.port }], 'first use', 0);
    },
    request() {},
    stop() {},
  };
}

function asStatic(resolver: Resolver): Resolver {
  return {
    source: 'static',
    start: () => resolver.start(),
    request: (trigger) => resolver.request(trigger),
    stop: () => resolver.stop(),
  };
}
