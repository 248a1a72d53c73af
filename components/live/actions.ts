import type { AgentClient } from './client.ts';
import { type Outcome, reasonOf } from './outcome.ts';
import type { Pending } from './pending.ts';

export type TrafficChange = {
  ratePerSecond?: number;
  concurrency?: number;
  connections?: number;
  kind?: string;
};

export type Behavior = { ready?: boolean; delayMs?: number; errorRate?: number; crash?: boolean };

/** Everything that a person may ask of the agent. Each shows its effect at once and takes it back when refused. */
export type Actions = {
  start(): Promise<Outcome>;
  stop(): Promise<Outcome>;
  setTraffic(change: TrafficChange): Promise<Outcome>;
  newRun(): Promise<Outcome>;
  scale(replicas: number): Promise<Outcome>;
  restartRollout(): Promise<Outcome>;
  deletePod(uid: string, gracePeriodSeconds?: number): Promise<Outcome>;
  behave(uid: string, behavior: Behavior): Promise<Outcome>;
};

export type ActionPorts = {
  /** Shows what is asked for; the answer takes it back. */
  expect(pending: Pending): () => void;
  /** Says a refusal in one line. */
  refused(message: string): void;
};

/** Longer than any of these takes; then the agent counts as not answering. */
const timeoutMs = 10_000;

export function createActions(client: AgentClient, ports: ActionPorts): Actions {
  const ask = async (pending: Pending, call: () => Promise<unknown>): Promise<Outcome> => {
    const takeBack = ports.expect(pending);
    try {
      await call();
      return { ok: true };
    } catch (error) {
      takeBack();
      const message = reasonOf(error);
      ports.refused(message);
      return { ok: false, message };
    }
  };
  const options = { timeoutMs };
  return {
    start: () => ask({ running: true }, () => client.startTraffic({}, options)),
    stop: () => ask({ running: false }, () => client.stopTraffic({}, options)),
    setTraffic: (change) => ask({ traffic: change }, () => client.setTraffic(change, options)),
    newRun: () => ask({}, () => client.newRun({}, options)),
    scale: (replicas) => ask({ replicas }, () => client.scaleDeployment({ replicas }, options)),
    restartRollout: () => ask({}, () => client.restartRollout({}, options)),
    deletePod: (pod, gracePeriodSeconds) =>
      ask({}, () =>
        client.deletePod(gracePeriodSeconds === undefined ? { pod } : { pod, gracePeriodSeconds }, options),
      ),
    behave: (pod, behavior) => ask({}, () => client.setPodBehavior({ pod, ...behavior }, options)),
  };
}
