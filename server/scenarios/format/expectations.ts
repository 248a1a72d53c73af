import type { z } from 'zod';
import { type MeasureName, measureOf } from '../../../model/scenario/measures.ts';
import type { Answer, Bound, Expectation, Span } from '../../../model/scenario/types.ts';
import { faultsOf, type Path, pathText, show } from './faults.ts';
import type { Question } from './plan.ts';
import type { GivenStep, Reading } from './reading.ts';
import * as schema from './schema.ts';

const defaultErrorRate = 1e-4;
const defaultShare = 0.99;

export function questionOf(
  c: Reading,
  given: z.output<(typeof schema.verbs)['ask']>,
  at: Path,
  step: number,
  all: readonly (GivenStep | undefined)[],
): Question | undefined {
  const { question: text, choices, decides } = given;
  const path: Path = [...at, 'decides'];
  const window = spanOf(c, decides, path, all);
  const rule = ruleOf(c, given, at, path, window);
  if (rule === undefined || window === undefined) return undefined;
  return { text, choices: choices.map((choice) => choice.text), rule, step };
}

function ruleOf(
  c: Reading,
  given: z.output<(typeof schema.verbs)['ask']>,
  at: Path,
  path: Path,
  window: Span | undefined,
): Answer | undefined {
  const { choices, decides } = given;
  const { measure, which, lane, pod } = decides;
  if ((lane === undefined) === (which === undefined)) {
    c.fault(
      path,
      `${pathText(path)} needs either lane (choices give bounds) or which: least or most (choices name lanes)`,
    );
    return undefined;
  }
  const before = c.faults.length;
  for (const [index, choice] of choices.entries()) {
    const place: Path = [...at, 'choices', index];
    const bounds = boundOf(choice);
    if (lane !== undefined && (bounds === undefined || choice.lane !== undefined)) {
      c.fault(
        place,
        `${pathText(place)} decides nothing: allowed are atLeast, atMost, above, below, equals, as one lane's figure decides`,
      );
    }
    if (which !== undefined && bounds !== undefined) {
      c.fault(place, `${pathText(place)} has bounds: allowed is lane, as the lane with the ${which} decides`);
    }
    if (which !== undefined && choice.lane !== undefined) c.knowsLane(choice.lane, [...place, 'lane']);
  }
  if (which !== undefined && choices.filter((choice) => choice.lane !== undefined).length < 2) {
    c.fault([...at, 'choices'], `${pathText([...at, 'choices'])} name fewer than two lanes: one would always be right`);
  }
  if (lane !== undefined) c.knowsLane(lane, [...path, 'lane']);
  podOf(c, measure, pod, path, which !== undefined);
  if (c.faults.length > before || window === undefined) return undefined;
  if (which !== undefined)
    return { kind: 'lane', which, measure, lanes: choices.map((choice) => choice.lane), ...window };
  return {
    kind: 'value',
    measure,
    lane: lane as string,
    pod,
    bounds: choices.map((choice) => boundOf(choice) ?? {}),
    ...window,
  };
}

function podOf(c: Reading, measure: MeasureName, pod: string | undefined, path: Path, manyLanes = false): void {
  const { ofPod } = measureOf(measure);
  if (ofPod && manyLanes)
    c.fault(
      [...path, 'measure'],
      `${pathText([...path, 'measure'])} is ${measure}: allowed is a measure that is not about one pod`,
    );
  else if (ofPod && pod === undefined)
    c.fault(
      path,
      `${pathText([...path, 'pod'])} is missing: ${measure} is about one pod, which a step names with "as"`,
    );
  else if (!ofPod && pod !== undefined)
    c.fault(
      [...path, 'pod'],
      `${pathText([...path, 'pod'])} is ${show(pod)}: allowed is nothing, as ${measure} is not about one pod`,
    );
  else if (pod !== undefined && ![...c.names].includes(pod)) c.forward.push({ pod, path: [...path, 'pod'] });
}

export function readExpectations(
  c: Reading,
  given: readonly unknown[],
  steps: readonly (GivenStep | undefined)[],
): Expectation[] {
  const all = given.flatMap((entry, index): Expectation[] => {
    const path: Path = ['expect', index];
    const parsed = schema.expectation.safeParse(entry);
    if (!parsed.success) {
      c.faults.push(...faultsOf(c.source, path, entry, parsed.error));
      return [];
    }
    return expectationOf(c, parsed.data, path, steps);
  });
  for (const { pod, path } of c.forward) c.knowsPod(pod, path);
  return all;
}

function expectationOf(
  c: Reading,
  given: z.output<typeof schema.expectation>,
  path: Path,
  steps: readonly (GivenStep | undefined)[],
): Expectation[] {
  const before = c.faults.length;
  const { measure, distribution, because = '' } = given;
  if ((measure === undefined) === (distribution === undefined)) {
    c.fault(path, `${pathText(path)} needs either measure (with a bound) or distribution: even, uneven or pinned`);
  }
  if ((given.lane === undefined) === (given.lanes === undefined))
    c.fault(path, `${pathText(path)} needs either lane or lanes`);
  const lanes = given.lanes ?? (given.lane === undefined ? [] : [given.lane]);
  for (const [index, lane] of lanes.entries())
    c.knowsLane(lane, given.lanes === undefined ? [...path, 'lane'] : [...path, 'lanes', index]);
  const span = spanOf(c, given, path, steps);
  const bound = boundOf(given);
  const only = (names: readonly (keyof typeof given)[], why: string) => {
    for (const name of names)
      if (given[name] !== undefined)
        c.fault([...path, name], `${pathText([...path, name])} is ${show(given[name])}: ${why}`, true);
  };
  if (measure !== undefined) {
    only(['errorRate', 'share'], 'allowed is nothing, as a bound is no statistical test');
    if (bound === undefined)
      c.fault(path, `${pathText(path)} has no bound: allowed are atLeast, atMost, above, below, equals`);
    podOf(c, measure, given.pod, path);
    if (measureOf(measure).sampleOf !== 'nothing' && given.leastSample === undefined) {
      c.fault(
        path,
        `${pathText([...path, 'leastSample'])} is missing: allowed is a whole number from 1 on, as ${measure} is of ${measureOf(measure).sampleOf}`,
      );
    }
  } else if (distribution !== undefined) {
    only(
      ['atLeast', 'atMost', 'above', 'below', 'equals', 'pod'],
      `allowed is nothing, as ${distribution} is a statistical test`,
    );
    if (distribution !== 'pinned') only(['share'], 'allowed is nothing, as it belongs to pinned');
    if (given.leastSample === undefined)
      c.fault(path, `${pathText([...path, 'leastSample'])} is missing: allowed is a whole number of calls from 1 on`);
  }
  if (c.faults.length > before || span === undefined) return [];
  return lanes.map((lane) =>
    measure !== undefined
      ? {
          kind: 'bound',
          measure,
          lane,
          pod: given.pod,
          bound: bound ?? {},
          leastSample: given.leastSample ?? 0,
          because,
          ...span,
        }
      : {
          kind: 'distribution',
          distribution: distribution ?? 'even',
          lane,
          errorRate: given.errorRate ?? defaultErrorRate,
          share: given.share ?? defaultShare,
          leastSample: given.leastSample ?? 0,
          because,
          ...span,
        },
  );
}

/** Numbers of the steps that the window begins and ends with. */
function spanOf(
  c: Reading,
  given: { during?: string | undefined; from?: string | undefined; to?: string | undefined },
  path: Path,
  steps: readonly (GivenStep | undefined)[],
): Span | undefined {
  const { during, from, to } = given;
  if (during !== undefined && (from !== undefined || to !== undefined)) {
    c.fault(path, `${pathText(path)} has during beside from or to: allowed is one way to say the window`);
    return undefined;
  }
  const ids = [...steps.flatMap((step) => (step === undefined || step.id === '' ? [] : [step.id])), ...c.faultySteps];
  const find = (id: string | undefined, field: string, otherwise: number): number | undefined => {
    if (id === undefined) return otherwise;
    const index = steps.findIndex((step) => step?.id === id);
    if (index >= 0) return index + 1;
    if (c.faultySteps.has(id)) return undefined;
    c.fault(
      [...path, field],
      `${pathText([...path, field])} is ${show(id)}: allowed is the id of a step: ${ids.join(', ') || 'none has one'}`,
    );
    return undefined;
  };
  const fromStep = during === undefined ? find(from, 'from', 1) : find(during, 'during', 1);
  const toStep = during === undefined ? find(to, 'to', steps.length) : fromStep;
  if (fromStep === undefined || toStep === undefined) return undefined;
  // Without any step, which is a fault by itself, there is no window.
  if (steps.length === 0) return undefined;
  if (toStep < fromStep) {
    c.fault([...path, 'to'], `${pathText([...path, 'to'])} is ${show(to)}, which is before from: ${show(from)}`);
    return undefined;
  }
  return { fromStep, toStep };
}

function boundOf(given: Bound): Bound | undefined {
  const { atLeast, atMost, above, below, equals } = given;
  const bound = Object.fromEntries(
    Object.entries({ atLeast, atMost, above, below, equals }).filter(([, value]) => value !== undefined),
  );
  return Object.keys(bound).length === 0 ? undefined : bound;
}
