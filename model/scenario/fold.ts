import { create } from '@bufbuild/protobuf';
import type { Event } from '../../gen/lbscope/events/v1/events_pb.js';
import {
  type Scenario,
  type ScenarioExpectation,
  ScenarioExpectationSchema,
  type ScenarioQuestion,
  ScenarioQuestionSchema,
  type ScenarioRun,
  ScenarioRunSchema,
  ScenarioSchema,
  type ScenarioStep,
  ScenarioStepSchema,
} from '../../gen/lbscope/events/v1/scenarios_pb.js';

/** The run of a scenario after an event. Messages are replaced, never changed, as a viewer may hold on to one. */
export function foldScenario(before: ScenarioRun | undefined, event: Event): ScenarioRun | undefined {
  const { kind, at } = event;
  if (kind.case === 'scenarioStarted') return kind.value.run;
  if (before === undefined) return undefined;
  const scenario = before.scenario ?? create(ScenarioSchema);
  const run = (change: Partial<ScenarioRun>) => create(ScenarioRunSchema, { ...before, ...change });
  const within = (change: Partial<Scenario>) => run({ scenario: create(ScenarioSchema, { ...scenario, ...change }) });
  switch (kind.case) {
    case 'scenarioStateChanged':
      return run({ state: kind.value.state, reason: kind.value.reason });
    case 'stepStarted':
      return create(ScenarioRunSchema, {
        ...within({
          steps: replaced(scenario.steps, kind.value.index, (step) => ({ ...step, state: 'running', startedAt: at })),
        }),
        step: kind.value.index,
      });
    case 'stepEnded': {
      const { index, state, note } = kind.value;
      return within({ steps: replaced(scenario.steps, index, (step) => ({ ...step, state, note, endedAt: at })) });
    }
    case 'said':
      return run({ said: kind.value.text });
    case 'asked':
      return within({
        questions: asked(scenario.questions, kind.value.question, (question) => ({ ...question, state: 'open' })),
      });
    case 'votesChanged': {
      const { question: index, voters, revealed, closed, votes } = kind.value;
      const state = closed ? 'closed' : 'open';
      return within({
        questions: asked(scenario.questions, index, (question) => ({ ...question, voters, revealed, state, votes })),
      });
    }
    case 'questionAnswered': {
      const { question: index, right, finding } = kind.value;
      return within({
        questions: asked(scenario.questions, index, (question) => ({ ...question, answered: true, right, finding })),
      });
    }
    case 'expectationJudged': {
      const { index, $typeName: _, $unknown: __, ...judged } = kind.value;
      return within({ expectations: judgedAt(scenario.expectations, index, judged) });
    }
    case 'scenarioEnded':
      return run({ ...ended(kind.value), state: 'ended', endedAt: at });
    default:
      return before;
  }
}

function ended({ outcome, reason, restored }: Pick<ScenarioRun, 'outcome' | 'reason' | 'restored'>) {
  return { outcome, reason, restored };
}

function replaced(
  steps: readonly ScenarioStep[],
  index: number,
  change: (step: ScenarioStep) => ScenarioStep,
): ScenarioStep[] {
  return steps.map((step, at) => (at === index ? create(ScenarioStepSchema, change(step)) : step));
}

function asked(
  questions: readonly ScenarioQuestion[],
  index: number,
  change: (question: ScenarioQuestion) => ScenarioQuestion,
): ScenarioQuestion[] {
  return questions.map((question, at) => (at === index ? create(ScenarioQuestionSchema, change(question)) : question));
}

function judgedAt(
  expectations: readonly ScenarioExpectation[],
  index: number,
  judged: Partial<ScenarioExpectation>,
): ScenarioExpectation[] {
  return expectations.map((expectation, at) =>
    at === index ? create(ScenarioExpectationSchema, { ...expectation, ...judged }) : expectation,
  );
}

/** Whether that state still holds the agent's hands. */
export function isUnderWay(run: ScenarioRun | undefined): boolean {
  return run !== undefined && run.state !== 'ended';
}

/** Fail outweighs inconclusive, and inconclusive is not a pass. */
export function outcomeOf(states: readonly string[]): 'pass' | 'fail' | 'inconclusive' {
  if (states.includes('fail')) return 'fail';
  return states.every((state) => state === 'pass') ? 'pass' : 'inconclusive';
}
