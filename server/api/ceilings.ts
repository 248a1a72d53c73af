/** What may be asked for at most, set by whoever deploys the agent; the protocol's own limits where nothing was set. */
export interface Ceilings {
  readonly ratePerSecond: number;
  readonly concurrency: number;
  readonly replicas: number;
}

export const protocolCeilings: Ceilings = { ratePerSecond: 100_000, concurrency: 10_000, replicas: 200 };

const fields = ['ratePerSecond', 'concurrency', 'replicas'] as const;

/** One sentence for each value above its ceiling, naming field, value and what is allowed. */
export function aboveCeilings(asked: Partial<Record<(typeof fields)[number], number>>, ceilings: Ceilings): string[] {
  return fields.flatMap((field) => {
    const value = asked[field];
    if (value === undefined || value <= ceilings[field]) return [];
    return [`${field} is ${value}: allowed is at most ${ceilings[field]}, the ceiling set for this deployment`];
  });
}
