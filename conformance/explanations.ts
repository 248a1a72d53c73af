import type { Family, Policy } from './clients.ts';
import type { Aspect } from './compare.ts';

interface Explanation {
  /** Absent: any. */
  readonly family?: Family;
  /** Absent: any. */
  readonly policy?: Policy;
  readonly steps: readonly string[];
  readonly aspects: readonly Aspect[];
  readonly why: string;
}

const badDns = ['nxdomain', 'healed', 'servfail', 'healed again'];
const losses = ['crash', 'scale down', 'delete', 'delete now', 'rollout'];

/** Known differences, each with its reason. What is not here stands in the document as not explained. */
const explanations: readonly Explanation[] = [
  {
    policy: 'pick_first',
    steps: losses,
    aspects: ['lookups', 'connections'],
    why: 'chance: which pod a client sits on is drawn for each by itself, and only who sits on the pod that goes loses a connection and asks',
  },
  {
    family: 'grpc-go',
    policy: 'round_robin',
    steps: losses,
    aspects: ['lookups'],
    why: 'chance: the attempt to reconnect fails within milliseconds of the lookup that the loss caused; a request that comes while that lookup runs causes another one 30 s later, one that comes after its answer took the address away does not come at all',
  },
  {
    family: 'grpc-java',
    steps: ['rollout', 'age', 'ageless'],
    aspects: ['lookups'],
    why: 'chance: a connection lost a moment before 30 s are over is forgotten, a moment after it asks; ages have +-10 % of jitter, backoffs +-20 %',
  },
  {
    policy: 'pick_first',
    steps: ['age', 'ageless'],
    aspects: ['lookups', 'shares'],
    why: 'chance: the age of each connection is drawn anew (+-10 %), and with it the instant of its loss',
  },
  {
    family: 'grpc-java',
    steps: ['connect'],
    aspects: ['losses'],
    why: 'the JVM: first calls wait for classes to load on a busy machine, longer than their deadline',
  },
  {
    family: 'grpc-java',
    policy: 'pick_first',
    steps: badDns,
    aspects: ['lookups', 'connections', 'losses', 'shares'],
    why: 'not reproduced by our profile: where a lookup fails while the channel is not READY, the real client fails calls with the error of the lookup until one succeeds; ours goes on trying the addresses it had',
  },
  {
    family: 'grpc-java',
    policy: 'round_robin',
    steps: badDns,
    aspects: ['lookups'],
    why: 'a fault of our profile found by this run: requests during the backoff put its retries off; mended since, with a test (server/balancing/resolver/dns.test.ts)',
  },
];

export function explanation(family: Family, policy: Policy, step: string, aspect: Aspect): string | undefined {
  return explanations.find(
    (one) =>
      (one.family === undefined || one.family === family) &&
      (one.policy === undefined || one.policy === policy) &&
      one.steps.includes(step) &&
      one.aspects.includes(aspect),
  )?.why;
}
