import type { Family, Policy } from './clients.ts';
import type { Aspect } from './compare.ts';
import { type Measured, settledMs } from './measure.ts';

/** One client in one step, and what it brought along from the steps before. */
export interface Side {
  readonly measured: Measured;
  /** Seconds from its last lookup to this step's trigger; undefined: it never asked. */
  readonly askedBeforeS: number | undefined;
}

/** A pair that differs in something. */
export interface Seen {
  readonly family: Family;
  readonly policy: Policy;
  readonly step: string;
  readonly aspect: Aspect;
  /** How long the step was watched. */
  readonly seconds: number;
  /** Calls per second. */
  readonly rate: number;
  /** Share of the step in which something waited for a processor; undefined: this system doesn't tell. */
  readonly busy: number | undefined;
  readonly real: Side;
  readonly profile: Side;
}

/** A known difference with its reason, and what the figures must look like for that reason to be it. */
interface Explanation {
  readonly families?: readonly Family[];
  /** Absent: any. */
  readonly policy?: Policy;
  readonly steps: readonly string[];
  readonly aspects: readonly Aspect[];
  readonly why: string;
  holds(seen: Seen): boolean;
}

const floorS = 30;
/** Timers, the way to the forwarder, and what a step takes before it begins. */
const slackS = 2;
/** Pods that the bad-DNS steps have, each tried at the same moment. */
const pods = 3;
const losses = ['crash', 'scale down', 'delete', 'delete now'];
const quiet = ['connect', 'scale up', 'crash', 'scale down', 'delete', 'rollout', 'age', 'ageless', 'healed again'];

const both = ({ real, profile }: Seen, holds: (side: Side) => boolean): boolean => holds(real) && holds(profile);

/** Seconds into the step before which this client may not ask again. */
function markOf({ askedBeforeS }: Side): number {
  return askedBeforeS === undefined ? 0 : Math.max(0, floorS - askedBeforeS);
}

function firstOf({ measured }: Side): number | undefined {
  return measured.lookups[0]?.afterS;
}

/** It asked at the very end of its floor: the reason to ask lay before. */
function atItsMark(side: Side): boolean {
  const first = firstOf(side);
  return first !== undefined && markOf(side) > slackS && Math.abs(first - markOf(side)) <= slackS;
}

function neverEarly(side: Side): boolean {
  const first = firstOf(side);
  return first === undefined || first >= markOf(side) - slackS;
}

/** Both kept their floor, at least one was held up by it, and by a mark that the other did not have. */
function heldUp(seen: Seen): boolean {
  const { real, profile } = seen;
  return (
    both(seen, neverEarly) &&
    (atItsMark(real) || atItsMark(profile)) &&
    Math.abs(markOf(real) - markOf(profile)) > slackS
  );
}

function gaps({ measured }: Side): number[] {
  return measured.lookups.slice(1).map(({ afterS }, index) => afterS - (measured.lookups[index]?.afterS ?? 0));
}

/** One step of a backoff of 1 s, x 1.6, whose jitters of +-20 % add up; asked for by a connection, which has a backoff of its own. */
function addsUp(gap: number, step: number): boolean {
  return gap >= (1.6 * 0.8) ** step - 0.1 && gap <= 2 * (1.6 * 1.2) ** step + slackS;
}

const nothingButDeadlines = ({ measured }: Side): boolean => Object.keys(measured.codes).every((code) => code === '4');

/** What is not here, or is and does not hold, stands in the document as not explained. */
const explanations: readonly Explanation[] = [
  {
    policy: 'pick_first',
    steps: losses,
    aspects: ['lookups', 'connections'],
    why: 'chance: which pod a client sits on is drawn for each by itself; only who sat on the pod that went reconnected and asked, or whose request of the step before had waited for its 30 s mark',
    holds: (seen) =>
      both(seen, ({ measured }) => measured.connections <= 2) &&
      both(seen, (side) => side.measured.connections > 0 || side.measured.lookups.length === 0 || atItsMark(side)) &&
      both(seen, neverEarly) &&
      (seen.real.measured.connections > 0 !== seen.profile.measured.connections > 0 || heldUp(seen)),
  },
  {
    policy: 'pick_first',
    steps: ['rollout'],
    aspects: ['lookups', 'connections'],
    why: 'chance: every pod is replaced, each client loses its own at another moment and may move to one that goes as well; both asked no sooner than 30 s after they last had',
    holds: (seen) =>
      both(seen, (side) => side.measured.connections >= 1 && side.measured.connections <= pods + 1) &&
      both(seen, (side) => neverEarly(side) && gaps(side).every((gap) => gap >= floorS - slackS)),
  },
  {
    families: ['grpc-go', 'grpc-js'],
    policy: 'pick_first',
    steps: ['rollout'],
    aspects: ['losses'],
    why: 'the 30 s floor, as a lookup of the step before left it: until its mark the client knew the old pods only, and all of its losses lie before the first lookup',
    holds: (seen) =>
      heldUp(seen) &&
      both(seen, (side) => {
        const { failed, lastFailureS = 0 } = side.measured;
        const first = firstOf(side) ?? 0;
        // Those in flight when pods were stopped are a second's worth.
        return (
          failed <= seen.rate || (atItsMark(side) && failed <= seen.rate * first && lastFailureS <= first + slackS)
        );
      }),
  },
  {
    families: ['grpc-go', 'grpc-js'],
    steps: ['nxdomain', 'servfail'],
    aspects: ['lookups'],
    why: 'the 30 s floor: one had asked less than 30 s before the crash (a MaxConnectionAge that ended, by its +-10 % of jitter) and asked at its mark, the other asked elsewhen',
    holds: heldUp,
  },
  {
    families: ['grpc-js'],
    steps: ['nxdomain', 'servfail'],
    aspects: ['lookups'],
    why: 'chance: the jitters of a backoff add up in grpc-js (BackoffTimeout.runOnce): its fifth step lies between 2.7 and 13.6 s; each gap of both is one of such a backoff, to which comes the time until a connection fails and asks',
    holds: (seen) =>
      both(seen, (side) => neverEarly(side) && side.measured.lookups.length >= 2 && gaps(side).every(addsUp)) &&
      Math.abs(seen.real.measured.lookups.length - seen.profile.measured.lookups.length) <= 2,
  },
  {
    families: ['grpc-go'],
    steps: ['nxdomain'],
    aspects: ['losses'],
    why: 'the 30 s floor: all calls fail from the moment of the NXDOMAIN to the end, and each was told at a mark of its own (its jitter of the step before)',
    holds: (seen) =>
      both(seen, (side) => {
        const first = firstOf(side);
        if (first === undefined || !neverEarly(side)) return false;
        // And up to 4 s while the containers start again.
        const extra = side.measured.failed - seen.rate * (seen.seconds - first);
        return extra >= -seen.rate && extra <= 4 * seen.rate;
      }),
  },
  {
    families: ['grpc-go'],
    steps: ['nxdomain'],
    aspects: ['shares'],
    why: 'the 30 s floor: from the lookup that says NXDOMAIN on nobody answers, and the marks of the two lie on either side of the last 5 s, by which shares are told',
    holds: (seen) =>
      both(seen, (side) => {
        const first = firstOf(side);
        if (first === undefined || !neverEarly(side)) return false;
        const told = seen.seconds - settledMs / 1_000;
        return side.measured.pods === 0 ? first <= told + slackS : first >= told - slackS;
      }),
  },
  {
    policy: 'pick_first',
    steps: ['nxdomain', 'servfail'],
    aspects: ['connections'],
    why: 'a race: after all have failed each of the three addresses is tried as its backoff ends (gRFC A62; in grpc-js maybeEnterStickyTransientFailureMode), all pods come back at once, and each TCP connection that stands before the first is READY counts, also one that ends before SETTINGS came (each address at most twice)',
    holds: (seen) =>
      both(
        seen,
        ({ measured }) => measured.connections >= 1 && measured.connections <= 2 * pods && measured.pods <= 1,
      ) && seen.real.measured.pods === seen.profile.measured.pods,
  },
  {
    families: ['grpc-go'],
    policy: 'round_robin',
    steps: [...losses, 'rollout'],
    aspects: ['lookups'],
    why: 'chance: the attempt to reconnect fails within milliseconds of the lookup that the loss caused; a request that comes while that lookup runs causes another one 30 s later, one that comes after its answer took the address away does not come at all',
    holds: (seen) => {
      const [a, b] = [seen.real.measured.lookups, seen.profile.measured.lookups];
      return (
        both(seen, (side) => neverEarly(side) && gaps(side).every((gap) => gap >= floorS - slackS)) &&
        (Math.abs(a.length - b.length) === 1 || heldUp(seen))
      );
    },
  },
  {
    families: ['grpc-java'],
    steps: ['rollout', 'age', 'ageless'],
    aspects: ['lookups'],
    why: 'chance: a connection lost a moment before 30 s are over is forgotten, a moment after it asks (DnsNameResolver.cacheRefreshRequired); ages have +-10 % of jitter, backoffs +-20 %',
    holds: (seen) =>
      // The next connection of an age of 10 s ends at most 11 s later.
      both(
        seen,
        (side) => neverEarly(side) && gaps(side).every((gap) => gap >= floorS - slackS && gap <= floorS + 15),
      ) && Math.abs(seen.real.measured.lookups.length - seen.profile.measured.lookups.length) <= 1,
  },
  {
    families: ['grpc-java'],
    steps: ['healed', 'healed again'],
    aspects: ['lookups'],
    why: 'chance: retries come by a backoff with +-20 % at each step, and the JVM repeats a failure for 10 s without asking (networkaddress.cache.negative.ttl), so that a retry a moment too early puts the next question off by a whole step: 10 to 34 s lie between two, for both',
    holds: (seen) =>
      both(seen, (side) => {
        const first = firstOf(side);
        if (first === undefined || side.askedBeforeS === undefined || side.measured.lookups.length !== 1) return false;
        const gap = side.askedBeforeS + first;
        return gap >= 10 && gap <= 34;
      }),
  },
  {
    families: ['grpc-go', 'grpc-js'],
    policy: 'pick_first',
    steps: ['age', 'ageless'],
    aspects: ['lookups'],
    why: 'chance: the age of each connection is drawn anew (+-10 %), and with it whether and when a loss fell into the 30 s in which a request waits for its mark',
    holds: (seen) =>
      both(seen, (side) => neverEarly(side) && gaps(side).every((gap) => gap >= floorS - slackS)) &&
      (seen.step === 'age' || both(seen, (side) => side.measured.lookups.length === 0 || atItsMark(side))),
  },
  {
    policy: 'pick_first',
    steps: ['age'],
    aspects: ['connections'],
    why: 'a race on a busy machine: an address that has not answered within 250 ms gets a rival (gRFC A61), and both may stand: at most twice as many connections as ages of 10 s (+-10 %) went by',
    holds: (seen) => {
      const [least, most] = [Math.floor(seen.seconds / 11), Math.ceil(seen.seconds / 9)];
      return (
        (seen.busy ?? 0) >= 0.5 &&
        both(seen, ({ measured }) => measured.connections >= least && measured.connections <= 2 * most)
      );
    },
  },
  {
    policy: 'pick_first',
    steps: ['age'],
    aspects: ['shares'],
    why: 'chance: the age of each connection is drawn anew (+-10 %): one of them moved within the last 5 s, by which shares are told',
    holds: (seen) => both(seen, ({ measured }) => measured.pods >= 1 && measured.pods <= 2),
  },
  {
    families: ['grpc-java'],
    steps: ['connect'],
    aspects: ['losses'],
    why: 'the JVM: first calls wait for classes to load, longer than their deadline; nothing but deadlines was missed, and all within the first 8 s',
    holds: ({ real, profile }) =>
      profile.measured.failed === 0 && nothingButDeadlines(real) && (real.measured.lastFailureS ?? 0) <= 8,
  },
  {
    steps: quiet,
    aspects: ['losses'],
    why: 'the machine: nothing was refused, nothing was reset; calls of at most 4 s missed their deadline, in a step in which something waited for a processor most of the time',
    holds: (seen) =>
      (seen.busy ?? 0) >= 0.5 &&
      both(seen, (side) => nothingButDeadlines(side) && side.measured.failed <= 4 * seen.rate),
  },
];

export function explanation(seen: Seen): string | undefined {
  return explanations.find(
    (one) =>
      (one.families === undefined || one.families.includes(seen.family)) &&
      (one.policy === undefined || one.policy === seen.policy) &&
      one.steps.includes(seen.step) &&
      one.aspects.includes(seen.aspect) &&
      one.holds(seen),
  )?.why;
}
