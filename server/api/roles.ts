import { createContextKey } from '@connectrpc/connect';

/** What a caller may do: look; have a say where the room is asked; change things. Each includes the one before. */
export const roles = ['view', 'vote', 'control'] as const;
export type Role = (typeof roles)[number];

/** Methods that change nothing, and those of the room. Whatever is not listed changes something and needs `control`. */
const needed: Readonly<Record<string, Role>> = {
  GetSnapshot: 'view',
  Watch: 'view',
  GetAccess: 'view',
  ReadHistory: 'view',
  ListPresets: 'view',
  ListRuns: 'view',
  GetRun: 'view',
  ExportRun: 'view',
  ListScenarios: 'view',
  GetScenario: 'view',
  CheckScenario: 'view',
  CastVote: 'vote',
};

export function neededRole(method: string): Role {
  return needed[method] ?? 'control';
}

export function mayAct(role: Role, least: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(least);
}

/** The role of who made a request, for handlers that answer by it. */
export const callerRole = createContextKey<Role>('view', { description: 'role of the caller' });
