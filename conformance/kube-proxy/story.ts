/** The same story for either side. Pods are numbered; a connection says which one it reached. */
export interface World {
  /** Resolves when new connections go by this list. */
  endpoints(pods: readonly number[]): Promise<void>;
  dial(): Promise<Flow | 'refused'>;
}

export interface Flow {
  readonly pod: number;
  /** Sends a line and resolves with the pod that sent it back; rejects if the connection is cut. */
  echo(): Promise<number>;
  close(): void;
}

/** Answers by pod, of so many connections or calls. */
export type Counts = Readonly<Record<number, number>>;

export interface Told {
  readonly fresh: Counts;
  /** One long connection: its own pod, and who answered on it. */
  readonly long: { readonly pod: number; readonly answers: Counts };
  /** With a fourth endpoint. */
  readonly grown: Counts;
  readonly longAfterGrowth: Counts;
  /** Without the endpoint of the long connection. */
  readonly shrunk: Counts;
  readonly longAfterRemoval: Counts;
  readonly withoutEndpoints: 'refused' | 'answered';
}

export const draws = 600;
const calls = 50;

export async function tell(world: World): Promise<Told> {
  await world.endpoints([1, 2, 3]);
  const fresh = await many(world);
  const long = await flow(world);
  const answers = await ask(long);
  await world.endpoints([1, 2, 3, 4]);
  const grown = await many(world);
  const longAfterGrowth = await ask(long);
  await world.endpoints([1, 2, 3, 4].filter((pod) => pod !== long.pod));
  const shrunk = await many(world);
  const longAfterRemoval = await ask(long);
  await world.endpoints([]);
  const last = await world.dial();
  if (last !== 'refused') last.close();
  long.close();
  return {
    ...{ fresh, long: { pod: long.pod, answers }, grown, longAfterGrowth, shrunk, longAfterRemoval },
    withoutEndpoints: last === 'refused' ? 'refused' : 'answered',
  };
}

async function flow(world: World): Promise<Flow> {
  const found = await world.dial();
  if (found === 'refused') throw new Error('a connection was refused although there are endpoints');
  return found;
}

async function many(world: World): Promise<Counts> {
  const counts: Record<number, number> = {};
  for (let done = 0; done < draws; done++) {
    const one = await flow(world);
    counts[one.pod] = (counts[one.pod] ?? 0) + 1;
    one.close();
  }
  return counts;
}

async function ask(long: Flow): Promise<Counts> {
  const counts: Record<number, number> = {};
  for (let done = 0; done < calls; done++) {
    const pod = await long.echo();
    counts[pod] = (counts[pod] ?? 0) + 1;
  }
  return counts;
}
