import type { Result } from './follow.ts';

export const statuses = { pass: 0, fail: 1, inconclusive: 2, could_not_run: 3 } as const;

/** What could not run outweighs all: a suite that half ran has shown little. Then fail, then inconclusive. */
export function exitStatus(results: readonly Result[]): number {
  const outcomes = results.map(({ run }) => run.outcome);
  if (outcomes.length === 0 || outcomes.includes('could_not_run')) return statuses.could_not_run;
  if (outcomes.includes('fail')) return statuses.fail;
  return outcomes.every((outcome) => outcome === 'pass') ? statuses.pass : statuses.inconclusive;
}

/** Words for people. */
export function outcomeText(outcome: string): string {
  return outcome === 'could_not_run' ? 'could not run' : outcome;
}
