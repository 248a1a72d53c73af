import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { ScenarioEntrySchema } from '../../gen/lbscope/agent/v1/scenarios_pb.js';
import { ScenarioQuestionSchema, ScenarioRunSchema } from '../../gen/lbscope/events/v1/scenarios_pb.js';
import {
  answerWords,
  choicesOf,
  expectationCount,
  firstSentence,
  nextScenario,
  offered,
  scenarioRows,
  stepWords,
  voteWords,
} from './scenario.ts';

const entry = (
  id: string,
  more: { unavailable?: string; faults?: { line: number; column: number; message: string }[] } = {},
) =>
  create(ScenarioEntrySchema, {
    scenario: { id, title: id, story: 'One. Two.', replicas: 3, lanes: ['a', 'b'] },
    ...more,
  });
const question = (more: MessageInitShape<typeof ScenarioQuestionSchema>) =>
  create(ScenarioQuestionSchema, { text: 'How many?', choices: ['one', 'two', 'three'], ...more });
const run = (more: MessageInitShape<typeof ScenarioRunSchema>) => create(ScenarioRunSchema, more);

describe('the list', () => {
  it('is in the order in which it teaches, and what it does not know comes last', () => {
    const rows = scenarioRows([entry('mine'), entry('headless-is-even'), entry('one-connection-pins')]);
    expect(rows.map(({ id }) => id)).toEqual(['one-connection-pins', 'headless-is-even', 'mine']);
  });
  it('says why one cannot be run, and passes it over when asked for the next', () => {
    const rows = scenarioRows([
      entry('one-connection-pins'),
      entry('headless-is-even', { unavailable: 'needs the embedded cluster' }),
      entry('broken', { faults: [{ line: 9, column: 13, message: 'lane is "envoy"' }] }),
      entry('crash-a-pod'),
    ]);
    expect(rows.map(({ why }) => why)).toEqual([
      '',
      'needs the embedded cluster',
      '',
      'the file is not right: line 9, column 13: lane is "envoy"',
    ]);
    expect(nextScenario(rows, 'one-connection-pins')?.id).toBe('crash-a-pod');
    expect(nextScenario(rows, 'crash-a-pod')).toBeUndefined();
  });
  it.each([
    ['A default of 0.5 s. More.', 'A default of 0.5 s.'],
    ['Who notices? They do.', 'Who notices?'],
    ['no end', 'no end'],
    ['', ''],
  ])('%j teaches %j', (story, first) => {
    expect(firstSentence(story)).toBe(first);
  });
});

describe('what is offered', () => {
  const steps = [
    { kind: 'ask', state: 'done' },
    { kind: 'wait', state: 'running' },
  ];
  it('while a wait is under way: to pause and to cut it short, not to go on as if nothing were lost', () => {
    expect(offered(run({ state: 'running', step: 1, scenario: { steps } }))).toMatchObject({
      goOn: false,
      skip: true,
      pause: true,
      abort: true,
    });
  });
  it('nothing that would be refused while it restores or is over', () => {
    for (const state of ['restoring', 'ended'])
      expect(offered(run({ state, step: 1, scenario: { steps } }))).toEqual({
        goOn: false,
        skip: false,
        pause: false,
        abort: false,
        reveal: undefined,
      });
  });
  it('to reveal an open question, and a closed one that somebody voted on', () => {
    const at = (more: MessageInitShape<typeof ScenarioQuestionSchema>) =>
      offered(run({ state: 'waiting', scenario: { questions: [question(more)] } })).reveal;
    expect(at({ state: 'open' })).toBe(0);
    expect(at({ state: 'closed', voters: 2 })).toBe(0);
    expect(at({ state: 'closed', voters: 0 })).toBeUndefined();
    expect(at({ state: 'closed', voters: 2, revealed: true })).toBeUndefined();
    expect(at({ state: 'pending' })).toBeUndefined();
  });
});

describe('the band', () => {
  it('counts from one and says what is said', () => {
    const words = stepWords(
      run({
        state: 'waiting',
        step: 1,
        said: 'Watch.',
        scenario: { steps: [{ kind: 'ask' }, { kind: 'say', text: 'Say' }] },
      }),
    );
    expect(words).toMatchObject({ count: 'Step 2 of 2', now: 'Watch.' });
  });
  it('counts what holds and what does not', () => {
    const states = ['pass', 'pass', 'fail', 'inconclusive', 'pending'];
    expect(expectationCount(run({ scenario: { expectations: states.map((state) => ({ state })) } }))).toBe(
      '2 hold, 1 failed, 1 inconclusive, 1 not judged yet',
    );
  });
});

describe('a question', () => {
  it('tells how many voted, and what only once it is revealed', () => {
    const hidden = question({ state: 'open', voters: 4 });
    expect(voteWords(hidden)).toBe('4 votes, hidden until revealed');
    expect(choicesOf(hidden).map(({ votes }) => votes)).toEqual([undefined, undefined, undefined]);
    const shown = question({ state: 'closed', voters: 4, revealed: true, votes: [3, 0, 1] });
    expect(choicesOf(shown).map(({ votes, share }) => [votes, share])).toEqual([
      [3, 0.75],
      [0, 0],
      [1, 0.25],
    ]);
  });
  it('puts what was right beside the tally, also when several are or none is', () => {
    const answered = (right: number[]) =>
      question({ state: 'closed', voters: 4, revealed: true, votes: [3, 0, 1], answered: true, right });
    expect(voteWords(answered([2]))).toBe('1 of 4 was right');
    expect(voteWords(answered([0, 2]))).toBe('4 of 4 were right');
    expect(answerWords(answered([0, 2]))).toBe('one; three');
    expect(answerWords(answered([]))).toBe('None of the choices says what happened');
    expect(choicesOf(answered([2])).map(({ right }) => right)).toEqual([false, false, true]);
  });
});
