import { Code, ConnectError } from '@connectrpc/connect';

/** What became of something asked for. A refusal is part of normal life and carries the agent's own words. */
export type Outcome = { ok: true } | { ok: false; message: string };

export function reasonOf(error: unknown): string {
  const known = ConnectError.from(error);
  return known.rawMessage || Code[known.code] || 'no reason given';
}
