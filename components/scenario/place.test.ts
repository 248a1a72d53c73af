import { create } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';
import { ScenarioRunSchema } from '../../gen/lbscope/events/v1/scenarios_pb.js';
import { placeOf, placeOfRecorded } from './place.ts';

const run = (state: string, question = 'pending', guided = true) =>
  create(ScenarioRunSchema, {
    state,
    guided,
    scenario: { questions: [{ state: question }], steps: [{ kind: 'ask', state: 'running' }] },
  });

it.each([
  [undefined, undefined, 'closed'],
  ['all', undefined, 'list'],
  ['crash-a-pod', undefined, 'read'],
  ['run', undefined, 'list'],
  // While it runs, the list is not what anybody needs.
  [undefined, run('running'), 'closed'],
  ['all', run('running'), 'closed'],
  ['crash-a-pod', run('restoring'), 'closed'],
  ['run', run('running'), 'run'],
  // A question is put to everybody, unless they closed it.
  [undefined, run('waiting', 'open'), 'run'],
  ['watch', run('waiting', 'open'), 'closed'],
  // The tally is looked at until the presenter goes on.
  [undefined, run('waiting', 'closed'), 'run'],
  // A run from the command line asks nobody.
  [undefined, run('running', 'open', false), 'closed'],
  // An old result stays away until it is asked for.
  [undefined, run('ended'), 'closed'],
  ['run', run('ended'), 'run'],
  ['all', run('ended'), 'list'],
] as const)('asked for %s: %#', (asked, given, kind) => {
  expect(placeOf(asked, given).kind).toBe(kind);
});

it.each([
  ['run', run('ended'), 'run'],
  ['all', run('running'), 'run'],
  ['run', undefined, 'closed'],
  ['crash-a-pod', run('ended'), 'closed'],
  // A question of yesterday is put to nobody.
  [undefined, run('waiting', 'open'), 'closed'],
] as const)('of a recorded run, asked for %s: %#', (asked, given, kind) => {
  expect(placeOfRecorded(asked, given).kind).toBe(kind);
});
