import { create } from '@bufbuild/protobuf';
import { type Scenario, ScenarioSchema } from '../../gen/lbscope/events/v1/scenarios_pb.js';
import { boundText } from '../../model/scenario/judge.ts';
import { measureOf } from '../../model/scenario/measures.ts';
import type { Answer, Expectation, Span } from '../../model/scenario/types.ts';
import type { Plan } from './format/plan.ts';

/** The plan as the screen shows it, nothing of it begun. */
export function describe(plan: Plan): Scenario {
  const labels = new Map(plan.lanes.map((lane) => [lane.id, lane.label || lane.id]));
  const label = (id: string) => labels.get(id) ?? id;
  return create(ScenarioSchema, {
    id: plan.id,
    title: plan.title,
    story: plan.story,
    lanes: plan.lanes.map(({ id }) => id),
    replicas: plan.replicas,
    steps: plan.steps.map(({ id, act, text }) => ({ id, kind: act.kind, text, state: 'pending' })),
    expectations: plan.expectations.map((expectation) => ({
      text: expectationText(expectation, plan, label),
      laneId: expectation.lane,
      measure: expectation.kind === 'bound' ? expectation.measure : expectation.distribution,
      fromStep: expectation.fromStep,
      toStep: expectation.toStep,
      state: 'pending',
      leastSample: expectation.leastSample,
      ...(expectation.kind === 'distribution' ? { errorRate: expectation.errorRate } : {}),
      because: expectation.because,
    })),
    questions: plan.questions.map(({ text, choices, rule, step }) => ({
      text,
      choices: [...choices],
      state: 'pending',
      decides: decidesText(rule, plan, label),
      step,
    })),
    shortened: [...plan.shortened],
    aboutSeconds: Math.round(plan.aboutMs / 1000),
    needs: [...plan.needs],
    quick: plan.quick,
  });
}

function expectationText(expectation: Expectation, plan: Plan, label: (id: string) => string): string {
  const where = windowText(expectation, plan);
  const lane = label(expectation.lane);
  if (expectation.kind === 'distribution') {
    const { distribution, share } = expectation;
    if (distribution === 'pinned') return `${lane}: at least ${share * 100} % of the calls go to one pod${where}`;
    return `${lane}: calls are ${distribution === 'even' ? 'spread evenly' : 'not spread evenly'}${where}`;
  }
  const measure = measureOf(expectation.measure);
  const pod = expectation.pod === undefined ? '' : ` (pod "${expectation.pod}")`;
  return `${lane}: ${measure.meaning}${pod}, ${boundText(expectation.bound, measure.unit)}${where}`;
}

function decidesText(rule: Answer, plan: Plan, label: (id: string) => string): string {
  const measure = measureOf(rule.measure);
  const where = windowText(rule, plan);
  if (rule.kind === 'value') return `${label(rule.lane)}: ${measure.meaning}${where}`;
  return `the lane with the ${rule.which}: ${measure.meaning}${where}`;
}

/** Nothing for the whole run. */
function windowText({ fromStep, toStep }: Span, plan: Plan): string {
  if (fromStep <= 1 && toStep >= plan.steps.length - 1) return '';
  const name = (step: number) => `"${plan.steps[step]?.id || plan.steps[step]?.text || step}"`;
  return fromStep === toStep ? `, during ${name(fromStep)}` : `, from ${name(fromStep)} to ${name(toStep)}`;
}
