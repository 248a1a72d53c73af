import type { Cluster } from './cluster.ts';

/** One thing that happens to the pods, and how long it is watched. */
export interface Step {
  readonly id: string;
  readonly title: string;
  readonly act: (cluster: Cluster) => Promise<void>;
  readonly seconds: number;
  /** Failed lookups or attempts are tried again by backoffs, each with +-20 % of jitter, and they add up. */
  readonly backoffs?: true;
}

/**
 * The story that every client lives through at the same time, in one lab. All of them keep at least 30 s between lookups, so a
 * step that follows what made them ask lasts longer than that: else it would show the step before it.
 */
export const story: readonly Step[] = [
  { id: 'connect', title: 'Connect: 3 pods', act: async () => {}, seconds: 15 },
  { id: 'scale up', title: 'Scale 3 to 5', act: (cluster) => cluster.scale(5), seconds: 25 },
  { id: 'crash', title: 'Crash of the oldest pod', act: (cluster) => cluster.crash(1), seconds: 50 },
  { id: 'scale down', title: 'Scale 5 to 3', act: (cluster) => cluster.scale(3), seconds: 40 },
  { id: 'delete', title: 'Delete the oldest pod', act: (cluster) => cluster.delete(30), seconds: 40 },
  { id: 'delete now', title: 'Delete the oldest pod now', act: (cluster) => cluster.delete(0), seconds: 40 },
  { id: 'rollout', title: 'Rollout', act: (cluster) => cluster.rollout(), seconds: 70 },
  // The marks that the rollout left come at 10, 40 and 70 s: the end of the step keeps away from them.
  { id: 'age', title: 'MaxConnectionAge 10 s', act: (cluster) => cluster.connectionAge(10_000), seconds: 75 },
  { id: 'ageless', title: 'MaxConnectionAge off', act: (cluster) => cluster.connectionAge(-1), seconds: 35 },
  {
    id: 'nxdomain',
    backoffs: true,
    title: 'DNS says NXDOMAIN, all pods crash',
    act: (cluster) => cluster.crashUnder('nxdomain'),
    seconds: 30,
  },
  { id: 'healed', backoffs: true, title: 'DNS answers again', act: (cluster) => cluster.dns('normal'), seconds: 50 },
  {
    id: 'servfail',
    backoffs: true,
    title: 'DNS says SERVFAIL, all pods crash',
    act: (cluster) => cluster.crashUnder('servfail'),
    seconds: 30,
  },
  {
    id: 'healed again',
    backoffs: true,
    title: 'DNS answers again',
    act: (cluster) => cluster.dns('normal'),
    seconds: 40,
  },
];
