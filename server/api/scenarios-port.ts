import type {
  CheckScenarioResponse,
  GetScenarioResponse,
  ScenarioEntry,
} from '../../gen/lbscope/agent/v1/scenarios_pb.js';
import type { Done } from './agent-port.ts';

type Plain<T> = Omit<T, '$typeName' | '$unknown'>;

/**
 * What the API asks of the scenarios: files that ship, and the one run there can be. Values are checked before they come
 * here; what is refused for another reason comes back as a value. Implemented in server/scenarios.
 */
export interface Scenarios {
  list(): ScenarioEntry[];
  get(id: string): Done<Plain<GetScenarioResponse>>;
  /** Reads a text and changes nothing. */
  check(text: string): Plain<CheckScenarioResponse>;
  start(wanted: {
    /** Exactly one of the two. */
    readonly id: string | undefined;
    readonly text: string | undefined;
    readonly guided: boolean;
    readonly by: string;
  }): Promise<Done<{ scenarioRunId: string }>>;
  pause(paused: boolean): Done;
  next(): Done;
  abort(): Done;
  vote(question: number, voter: string, choice: number): Done;
  reveal(question: number): Done;
}
