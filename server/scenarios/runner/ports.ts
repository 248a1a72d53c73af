import type { Agent, Done } from '../../api/agent-port.ts';
import type { Hub } from '../../events/hub.ts';
import type { Clock, Timers } from '../../events/port.ts';
import type { DnsAnswers } from '../format/plan.ts';
import type { RestoreStore } from './restore-plan.ts';

/** What a run needs of the agent. Everything it does goes through the same port as the API's own methods. */
export interface RunnerParts {
  readonly agent: Agent;
  readonly hub: Pick<Hub, 'run' | 'publish' | 'subscribe'>;
  readonly clock: Clock;
  readonly timers: Timers;
  /**
   * Ends the frame under way, so that no frame lies across the edge of a window. Settles with that instant when all
   * frames before it have come.
   */
  readonly edge: () => Promise<number>;
  readonly deployment: DeploymentPort;
  /** Present only when the cluster is a lab. */
  readonly lab: LabPort | undefined;
  readonly store: RestoreStore;
  readonly newId: () => string;
}

/** The one thing that a scenario changes in the pods' template. */
export interface DeploymentPort {
  /** Seconds of the preStop sleep; 'none': there is no preStop hook; refused where the hook is of another kind. */
  preStop(): Promise<Done<{ seconds: number | 'none' }>>;
  /** Changing the template rolls the pods out. */
  setPreStop(seconds: number | 'none'): Promise<Done>;
}

/** Faults that only the embedded cluster can be told to have (its `/lab/v1`). */
export interface LabPort {
  setDns(answers: DnsAnswers): Promise<Done>;
  /** Whether lanes may watch EndpointSlices. */
  forbidLaneWatch(forbidden: boolean): Promise<Done>;
  /** The Kubernetes API refuses connections for that long and comes back by itself. */
  apiGone(ms: number): Promise<Done>;
}
