import type { LaneFields } from './lane-fields.ts';

/** What is wrong with the fields of a lane that say how its client resolves, picks, keeps connections and retries. */
export function checkBalancing(lane: LaneFields, path: string): string[] {
  return [
    ...profileFaults(lane, path),
    ...policyFaults(lane, path),
    ...timerFaults(lane, path),
    ...retryFaults(lane.retry, `${path}.retry`),
    ...plainHttpFaults(lane, path),
  ];
}

/** A plain HTTP client has no channel: what belongs to one would be ignored, so it is refused. */
function plainHttpFaults(lane: LaneFields, path: string): string[] {
  if (lane.client !== 'http1-json') return [];
  const { retry, waitForReady, idleTimeoutSeconds, keepaliveTimeMs } = lane;
  return Object.entries({ retry, waitForReady, idleTimeoutSeconds, keepaliveTimeMs })
    .filter(([, value]) => value !== undefined && value !== false && value !== 0)
    .map(([name]) => `${path}.${name} is given: allowed is nothing, as the client http1-json has no gRPC channel`);
}

/** Which profiles a resolver has. */
const profilesOf: Readonly<Record<string, readonly string[]>> = {
  dns: ['grpc-go', 'grpc-js', 'grpc-java', 'poll'],
  kubernetes: ['kuberesolver'],
};

function profileFaults({ profile, resolver }: LaneFields, path: string): string[] {
  if (typeof profile !== 'string' || profile === '') return [];
  const known = profilesOf[String(resolver)];
  if (known === undefined) {
    return [
      `${path}.profile is "${profile}": allowed is nothing, as it says how a client asks and the resolver "${resolver}" asks nobody`,
    ];
  }
  if (known.includes(profile)) return [];
  return [`${path}.profile is "${profile}": allowed with the resolver ${resolver} is ${known.join(', ')}, or nothing`];
}

function policyFaults({ policy, shuffle, choices }: LaneFields, path: string): string[] {
  const faults: string[] = [];
  if (shuffle === true && policy !== 'pick_first') {
    faults.push(`${path}.shuffle is true: allowed is false, as it is pick_first's and the policy is "${policy}"`);
  }
  if (typeof choices === 'number' && choices !== 0) {
    if (policy !== 'least_request') {
      faults.push(
        `${path}.choices is ${choices}: allowed is 0, as it is least_request's and the policy is "${policy}"`,
      );
    } else if (choices < 2) {
      faults.push(`${path}.choices is ${choices}: allowed is 0, or a whole number from 2 to 10`);
    }
  }
  return faults;
}

function timerFaults(lane: LaneFields, path: string): string[] {
  const { resolver, profile, resolutionFloorSeconds: floor, dnsCacheTtlSeconds: ttl } = lane;
  const { idleTimeoutSeconds: idle, keepaliveTimeMs: ping, keepaliveTimeoutMs: limit } = lane;
  const faults: string[] = [];
  if (typeof floor === 'number' && floor !== 0 && (resolver !== 'dns' || profile === 'poll')) {
    faults.push(
      `${path}.resolutionFloorSeconds is ${floor}: allowed is 0, as only grpc-go, grpc-js and grpc-java have a floor`,
    );
  }
  if (typeof ttl === 'number') {
    if (profile !== 'grpc-java') {
      faults.push(`${path}.dnsCacheTtlSeconds is ${ttl}: allowed is nothing, as only grpc-java has such a property`);
    } else if (typeof floor === 'number' && floor !== 0) {
      faults.push(`${path}.resolutionFloorSeconds is ${floor}: allowed is 0, as dnsCacheTtlSeconds says the same`);
    }
  }
  if (typeof idle === 'number' && idle !== 0 && idle < 1) {
    faults.push(`${path}.idleTimeoutSeconds is ${idle}: allowed is 0 for 30 min, or a number from 1 to 86400`);
  }
  // Servers answer PINGs that come too often with GOAWAY ENHANCE_YOUR_CALM, "too_many_pings" (gRFC A8).
  if (typeof ping === 'number' && ping !== 0 && ping < 1_000) {
    faults.push(`${path}.keepaliveTimeMs is ${ping}: allowed is 0 for none, or a whole number from 1000 to 86400000`);
  }
  if (typeof limit === 'number' && limit !== 0 && !(typeof ping === 'number' && ping > 0)) {
    faults.push(`${path}.keepaliveTimeoutMs is ${limit}: allowed is 0 while keepaliveTimeMs is 0, as no PING is sent`);
  }
  return faults;
}

function retryFaults(retry: unknown, path: string): string[] {
  if (typeof retry !== 'object' || retry === null) return [];
  const { codes, budgetTokens = 0, budgetRatio = 0 } = retry as Readonly<Record<string, unknown>>;
  const faults: string[] = [];
  if (Array.isArray(codes) && codes.length === 0) {
    faults.push(`${path}.codes is []: allowed is at least one code, as without any nothing would be sent again`);
  }
  if (Array.isArray(codes) && codes.includes('OK')) {
    faults.push(`${path}.codes has "OK": allowed are codes of failures`);
  }
  if ((budgetTokens === 0) !== (budgetRatio === 0)) {
    faults.push(
      `${path}.budgetTokens is ${budgetTokens} and budgetRatio is ${budgetRatio}: allowed are both 0, for no budget, or both above 0`,
    );
  }
  return faults;
}
