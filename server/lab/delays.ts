/**
 * Every delay of the lab's control plane in one place. The defaults are a cluster's (the reason is beside each);
 * `shortened` says which ones are not, and main prints that, so that nobody takes a demonstration's pace for a cluster's.
 *
 * The object is live: its readers look at the moment of use, so the lab's admin API can change a delay while running.
 */
export interface Delays {
  /** How often the kubelet looks for exited containers. Kubelet's generic PLEG relists each second. */
  relistMs: number;
  /**
   * Until a container's probe has succeeded once, how often it is tried (never slower than its own period).
   * A kubelet waits a whole period after the first failure; with the 95 ms a pod takes to start, that would make
   * every scale-up a second slower for no lesson. So this one is shortened from the start, and says so.
   */
  firstProbeMs: number;
  /** First wait of CrashLoopBackOff, after the first restart at once; doubles. Kubelet: 10 s. */
  crashBackoffMs: number;
  /** Longest wait of CrashLoopBackOff. Kubelet: 5 min. */
  crashBackoffMaxMs: number;
  /** A container that ran this long starts again without a wait. Kubelet: 10 min (twice the longest wait). */
  crashBackoffResetMs: number;
  /** "Delete now": from SIGTERM to SIGKILL once the object is gone. Kubelet since 1.31: 1 s. */
  forceKillMs: number;
  /** What SIGTERM is given at least, even if the preStop hook used up the grace period. Kubelet: 2 s. */
  minimumGraceMs: number;
  /** Between attempts to mount a volume whose ConfigMap does not exist. Kubelet: 0.5 s, doubling. */
  mountRetryMs: number;
  /** Least gap between two syncs of kube-proxy. `--iptables-min-sync-period`: 1 s. */
  proxySyncMs: number;
}

/** What a cluster has, with the unit in the name. */
export const clusterDelays: Readonly<Delays> = {
  relistMs: 1_000,
  firstProbeMs: 1_000,
  crashBackoffMs: 10_000,
  crashBackoffMaxMs: 300_000,
  crashBackoffResetMs: 600_000,
  forceKillMs: 1_000,
  minimumGraceMs: 2_000,
  mountRetryMs: 500,
  proxySyncMs: 1_000,
};

/** What the lab starts with: a cluster's, except for the first probe. */
export const labDelays: Readonly<Delays> = { ...clusterDelays, firstProbeMs: 100 };

export const delayNames = Object.keys(clusterDelays) as (keyof Delays)[];

/** Highest value a delay may be set to: an hour. */
export const longestDelayMs = 3_600_000;

/** What is wrong with a value for a delay, as a sentence; undefined when it may be set. */
export function delayFault(name: string, value: unknown): string | undefined {
  if (!(delayNames as string[]).includes(name)) {
    return `delay "${name}" does not exist; allowed: ${delayNames.join(', ')}`;
  }
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || value > longestDelayMs) {
    return `delay ${name} is ${JSON.stringify(value)}; allowed: 0 to ${longestDelayMs} ms`;
  }
  return undefined;
}

/** One sentence a delay that is shorter than a cluster's. */
export function shortened(delays: Readonly<Delays>): string[] {
  return delayNames
    .filter((name) => delays[name] < clusterDelays[name])
    .map((name) => `${name} is ${delays[name]} (a cluster: ${clusterDelays[name]})`);
}
