import { create } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { describe, expect, it } from 'vitest';
import { GetAccessResponseSchema } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { mayControl, readAccess } from './access.ts';

const answers = (role: string) => ({
  getAccess: async () =>
    create(GetAccessResponseSchema, {
      role,
      tokenNeeded: role !== 'control',
      mostRatePerSecond: 500,
      mostConcurrency: 20,
      mostReplicas: 8,
    }),
});
const fails = (code: Code) => ({
  getAccess: async () => {
    throw new ConnectError('no', code);
  },
});

describe('access', () => {
  it('is what the agent grants, with its ceilings', async () => {
    expect(await readAccess(answers('vote'))).toEqual({
      kind: 'granted',
      role: 'vote',
      tokenNeeded: true,
      most: { ratePerSecond: 500, concurrency: 20, replicas: 8 },
    });
  });

  it('a role that this page does not know is the least one', async () => {
    expect(await readAccess(answers('owner'))).toMatchObject({ role: 'view' });
  });

  it('tells a token that is not known from an agent that does not answer', async () => {
    expect(await readAccess(fails(Code.Unauthenticated))).toEqual({ kind: 'refused', reason: 'no' });
    expect(await readAccess(fails(Code.Unavailable))).toBeUndefined();
  });

  it('offers controls to who may use them, and until it is known who may', () => {
    const granted = (role: 'view' | 'vote' | 'control') =>
      mayControl({ kind: 'granted', role, tokenNeeded: true, most: undefined });
    expect([granted('view'), granted('vote'), granted('control')]).toEqual([false, false, true]);
    expect(mayControl({ kind: 'asking' })).toBe(true);
    expect(mayControl({ kind: 'refused', reason: '' })).toBe(false);
  });
});
