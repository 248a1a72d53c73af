import type { LaneSpec, RetryPolicy, Tls } from '../../gen/lbscope/events/v1/events_pb.js';
import {
  grpcCodes,
  type Policy,
  type Profile,
  policies,
  profiles,
  type Resolver,
  resolvers,
} from '../../model/words.ts';
import type { RetrySpec } from '../balancing/retry.ts';
import type { ChannelSpec } from '../balancing/spec.ts';
import type { TlsOptions } from '../transport/port.ts';

/** What the agent was started with for lanes over TLS. */
export interface CallSecurity {
  /** PEM of an authority of its own. */
  readonly ca: string | undefined;
  readonly tokenFile: string | undefined;
}

/** What the lane asks for and the agent was not started with, in one sentence; undefined: nothing. */
export function lacking(
  { tls }: Pick<LaneSpec, 'tls'>,
  given: Record<keyof CallSecurity, boolean>,
): string | undefined {
  const without = (field: string, option: string) =>
    `lane.tls.${field} is true: allowed is false, as the agent was started without ${option}`;
  if (tls?.ownCa && !given.ca) return without('ownCa', '--call-ca');
  if (tls?.callCredentials && !given.tokenFile) return without('callCredentials', '--call-token-file');
  return undefined;
}

/** The part of a lane that its channels need. The API has checked the words; what slipped through falls to the default. */
export function channelSpec(spec: LaneSpec, calls: CallSecurity): ChannelSpec {
  const resolver = (resolvers as readonly string[]).includes(spec.resolver) ? (spec.resolver as Resolver) : 'static';
  const policy = (policies as readonly string[]).includes(spec.policy) ? (spec.policy as Policy) : 'pick_first';
  const profile = (profiles as readonly string[]).includes(spec.profile) ? (spec.profile as Profile) : undefined;
  return {
    target: spec.target,
    resolver,
    policy,
    ...(profile === undefined ? {} : { profile }),
    ...(spec.pollIntervalSeconds > 0 ? { pollIntervalMs: spec.pollIntervalSeconds * 1_000 } : {}),
    ...floorOf(spec),
    ...(spec.idleTimeoutSeconds > 0 ? { idleTimeoutMs: spec.idleTimeoutSeconds * 1_000 } : {}),
    ...(spec.choices > 0 ? { choices: spec.choices } : {}),
    ...(spec.retry === undefined ? {} : { retry: retrySpec(spec.retry) }),
    ...(spec.tls === undefined ? {} : { tls: tlsOptions(spec.tls, calls.ca) }),
    ...(spec.tls?.callCredentials && calls.tokenFile !== undefined ? { callTokenFile: calls.tokenFile } : {}),
    shuffle: spec.shuffle,
    waitForReady: spec.waitForReady,
    pingIntervalMs: spec.keepaliveTimeMs,
    ...(spec.keepaliveTimeoutMs > 0 ? { pingTimeoutMs: spec.keepaliveTimeoutMs } : {}),
  };
}

/** networkaddress.cache.ttl, where it is set, is the floor of grpc-java: negative is for ever, 0 none. */
function floorOf(spec: LaneSpec): { floorMs?: number } {
  const { dnsCacheTtlSeconds: ttl, resolutionFloorSeconds: floor } = spec;
  if (ttl !== undefined) return { floorMs: ttl < 0 ? Number.POSITIVE_INFINITY : ttl * 1_000 };
  return floor > 0 ? { floorMs: floor * 1_000 } : {};
}

/** `callCa`: PEM of the authority that the agent was started with. */
function tlsOptions({ serverName, ownCa }: Tls, callCa: string | undefined): TlsOptions {
  return {
    ...(serverName === '' ? {} : { serverName }),
    ...(ownCa && callCa !== undefined ? { ca: callCa } : {}),
  };
}

function retrySpec(policy: RetryPolicy): RetrySpec {
  const { maxAttempts, initialBackoffMs, maxBackoffMs, backoffMultiplier, budgetTokens, budgetRatio } = policy;
  return {
    maxAttempts,
    initialBackoffMs,
    maxBackoffMs,
    backoffMultiplier,
    codes: policy.codes.map((name) => (grpcCodes as readonly string[]).indexOf(name)).filter((code) => code > 0),
    budget: budgetTokens > 0 ? { tokens: budgetTokens, ratio: budgetRatio } : undefined,
  };
}
