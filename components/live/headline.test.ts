import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { GetSnapshotResponseSchema } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { headlineOf, presentedHeadline } from './headline.ts';
import type { LiveView } from './store.ts';

const view = (state: string, silentMs = 0): LiveView => ({
  phase: { kind: 'live' },
  snapshot: create(GetSnapshotResponseSchema, {
    headline: 'Three pods exist.',
    running: false,
    scenario: { id: 'r1', scenario: { questions: [{ text: 'Who notices first?', state }] } },
  }),
  nowMs: 1_000,
  silentMs,
  frozen: false,
  pending: {},
  notice: undefined,
  access: { kind: 'asking' },
});

test('a question stands above the picture while it is open, and only when presenting', () => {
  expect(presentedHeadline(view('open'))).toBe('Who notices first?');
  expect(presentedHeadline(view('revealed'))).toBe('Three pods exist.');
  expect(headlineOf(view('open'))).toBe('Three pods exist.');
});
