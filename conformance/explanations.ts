import type { Family, Policy } from './clients.ts';
import type { Aspect } from './compare.ts';

interface Explanation {
  readonly family: Family;
  /** Absent: any. */
  readonly policy?: Policy;
  readonly steps: readonly string[];
  readonly aspects: readonly Aspect[];
  readonly why: string;
}

/** Known differences, each with its reason. What is not here stands in the document as not explained. */
const explanations: readonly Explanation[] = [];

export function explanation(family: Family, policy: Policy, step: string, aspect: Aspect): string | undefined {
  return explanations.find(
    (one) =>
      one.family === family &&
      (one.policy === undefined || one.policy === policy) &&
      one.steps.includes(step) &&
      one.aspects.includes(aspect),
  )?.why;
}
