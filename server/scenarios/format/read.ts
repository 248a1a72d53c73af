import { readExpectations } from './expectations.ts';
import { type Fault, faultsOf, Source } from './faults.ts';
import { readLanes, readTraffic } from './lanes.ts';
import { actText } from './phrases.ts';
import type { Need, Plan, Step } from './plan.ts';
import { type Presets, Reading } from './reading.ts';
import * as schema from './schema.ts';
import { shortenedBy } from './shortened.ts';
import { readSteps, resolveSteps } from './steps.ts';

export type Read =
  | { readonly kind: 'plan'; readonly plan: Plan }
  | { readonly kind: 'faults'; readonly faults: readonly Fault[] };

/** Reads a scenario's text. Asks nobody and changes nothing; all faults at once, in the order of the file. */
export function readScenario(text: string, id: string, presets: Presets): Read {
  const source = new Source(text);
  if (source.syntax.length > 0) return { kind: 'faults', faults: source.syntax };
  const top = schema.file.safeParse(source.value);
  const reading = new Reading(source, presets);
  if (!top.success) reading.faults.push(...faultsOf(source, [], source.value, top.error));
  const given = (typeof source.value === 'object' && source.value !== null ? source.value : {}) as Given;
  const lanes = readLanes(reading, listOf(given.lanes));
  const steps = readSteps(reading, listOf(given.steps));
  const { acts, questions } = resolveSteps(reading, steps, lanes);
  const expectations = readExpectations(reading, listOf(given.expect), steps);
  const traffic = readTraffic(reading, given.traffic, ['traffic'], false);
  const faults = [...reading.faults]
    // A value that may be one of several things is refused once by each, in the same words.
    .filter((fault, index, all) => all.findIndex((each) => same(each, fault)) === index)
    .sort((a, b) => a.line - b.line || a.column - b.column);
  if (!top.success || faults.length > 0) return { kind: 'faults', faults };
  const { title, story, quick = false, replicas } = top.data;
  const prepare: Step = { id: '', act: { kind: 'prepare' }, text: actText({ kind: 'prepare' }, replicas) };
  const all = [prepare, ...acts];
  return {
    kind: 'plan',
    plan: {
      id,
      title,
      story: story.replace(/\s+/g, ' '),
      quick,
      replicas,
      lanes,
      traffic,
      steps: all,
      expectations,
      questions,
      shortened: lanes.flatMap(shortenedBy),
      needs: needsOf(acts),
      aboutMs: all.reduce(
        (sum, { act }) =>
          sum +
          (act.kind === 'wait' ? act.ms : act.kind === 'prepare' ? 3_000 : act.kind === 'waitUntil' ? 2_000 : 100),
        0,
      ),
    },
  };
}

function same(a: Fault, b: Fault): boolean {
  return a.line === b.line && a.column === b.column && a.message === b.message;
}

interface Given {
  readonly lanes?: unknown;
  readonly steps?: unknown;
  readonly expect?: unknown;
  readonly traffic?: unknown;
}

function needsOf(steps: readonly Step[]): Need[] {
  return steps.some(({ act }) => act.kind === 'dns' || act.kind === 'laneWatch' || act.kind === 'apiServer')
    ? ['lab']
    : [];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
