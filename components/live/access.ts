import { Code, ConnectError } from '@connectrpc/connect';
import type { AgentClient } from './client.ts';
import { reasonOf } from './outcome.ts';

/** What this tab may do, as the agent says it. */
export type Access =
  /** Not told yet: nothing is taken away from anyone. */
  | { kind: 'asking' }
  | { kind: 'granted'; role: Role; tokenNeeded: boolean; most: Ceilings | undefined }
  /** The agent does not know this tab's token: an older workshop's, or a mistyped one. */
  | { kind: 'refused'; reason: string };

export type Role = 'view' | 'vote' | 'control';

/** Most that may be asked for here; set by whoever deployed the agent. */
export type Ceilings = { ratePerSecond: number; concurrency: number; replicas: number };

const timeoutMs = 10_000;

/** Undefined: the agent did not answer, and is asked again when it is back. */
export async function readAccess(client: Pick<AgentClient, 'getAccess'>): Promise<Access | undefined> {
  try {
    const answer = await client.getAccess({}, { timeoutMs });
    return {
      kind: 'granted',
      role: roleOf(answer.role),
      tokenNeeded: answer.tokenNeeded,
      most: {
        ratePerSecond: answer.mostRatePerSecond,
        concurrency: answer.mostConcurrency,
        replicas: answer.mostReplicas,
      },
    };
  } catch (error) {
    const { code } = ConnectError.from(error);
    if (code === Code.Unauthenticated) return { kind: 'refused', reason: reasonOf(error) };
    return undefined;
  }
}

function roleOf(word: string): Role {
  return word === 'control' || word === 'vote' ? word : 'view';
}

/** Whether controls are offered. Until the agent has said so they are: it is the agent that refuses. */
export function mayControl(access: Access): boolean {
  return access.kind === 'asking' || (access.kind === 'granted' && access.role === 'control');
}
