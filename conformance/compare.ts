import type { Measured } from './measure.ts';

/** What of a step's outcome is held against the other client's. */
export const aspects = ['lookups', 'connections', 'losses', 'shares'] as const;
export type Aspect = (typeof aspects)[number];

/**
 * How far apart two clients of the same behaviour may be: backoffs have +-20 % of jitter each, ages +-10 %, and which pod a
 * connection goes to is drawn.
 */
const instantToleranceS = 3;
const instantToleranceShare = 0.1;
/** Backoffs after failures add up: where a step lives by them, instants lie further apart, and one more may fit in. */
const backoffToleranceS = 8;
const backoffToleranceShare = 0.3;
const shareTolerance = 0.08;
/** Calls that were in flight, and a second's worth at 50/s more or less of a backoff. */
const lossTolerance = 50;

/** In what two clients differ by more than chance. */
export function differences(a: Measured, b: Measured, byBackoffs = false): Aspect[] {
  const same: Record<Aspect, boolean> = {
    lookups: sameLookups(a, b, byBackoffs),
    connections: Math.abs(a.connections - b.connections) <= Math.max(1, 0.25 * Math.max(a.connections, b.connections)),
    // Losing none and losing many are two things; between two that lose, the amount is a matter of jitter.
    losses:
      Math.abs(a.failed - b.failed) <=
      Math.max(byBackoffs ? backoffToleranceS * 50 : lossTolerance, 0.35 * Math.max(a.failed, b.failed)),
    shares: a.pods === b.pods && Math.abs(a.largestShare - b.largestShare) <= shareTolerance,
  };
  return aspects.filter((aspect) => !same[aspect]);
}

function sameLookups(a: Measured, b: Measured, byBackoffs: boolean): boolean {
  if (Math.abs(a.lookups.length - b.lookups.length) > (byBackoffs ? 1 : 0)) return false;
  // None and one are two things, jitter or not.
  if ((a.lookups.length === 0) !== (b.lookups.length === 0)) return false;
  const [least, share] = byBackoffs
    ? [backoffToleranceS, backoffToleranceShare]
    : [instantToleranceS, instantToleranceShare];
  return a.lookups.every(({ afterS }, index) => {
    const other = b.lookups[index]?.afterS;
    return other === undefined || Math.abs(afterS - other) <= Math.max(least, share * afterS);
  });
}
