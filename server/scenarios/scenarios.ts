import { create } from '@bufbuild/protobuf';
import { type ScenarioEntry, ScenarioEntrySchema } from '../../gen/lbscope/agent/v1/scenarios_pb.js';
import { ScenarioSchema } from '../../gen/lbscope/events/v1/scenarios_pb.js';
import type { Done } from '../api/agent-port.ts';
import { aboveCeilings, type Ceilings } from '../api/ceilings.ts';
import type { Scenarios } from '../api/scenarios-port.ts';
import { describe } from './describe.ts';
import type { Plan } from './format/plan.ts';
import { readScenario } from './format/read.ts';
import type { Presets } from './format/reading.ts';
import type { Library, ScenarioFile } from './library.ts';
import type { Runner } from './runner/runner.ts';

export interface ScenariosOptions {
  readonly library: Library;
  readonly presets: Presets;
  readonly runner: Runner;
  readonly ceilings: Ceilings;
  /** The cluster is a lab. */
  readonly hasLab: boolean;
}

/** The API's door to files and runner. A file is read and checked whole before anything of it is done. */
export function createScenarios({ library, presets, runner, ceilings, hasLab }: ScenariosOptions): Scenarios {
  const read = ({ id, text }: ScenarioFile) => readScenario(text, id, presets);

  const entry = (file: ScenarioFile): ScenarioEntry => {
    const outcome = read(file);
    return create(
      ScenarioEntrySchema,
      outcome.kind === 'plan'
        ? { scenario: describe(outcome.plan), unavailable: whyNot(outcome.plan) }
        : { scenario: create(ScenarioSchema, { id: file.id, title: file.id }), faults: [...outcome.faults] },
    );
  };

  /** Why it can't be run here; empty: it can. */
  const whyNot = (plan: Plan): string => {
    if (plan.needs.includes('lab') && !hasLab)
      return 'needs the embedded cluster: it has faults that no other cluster can be told to have';
    return tooMuch(plan, ceilings).join('; ');
  };

  const unknown = (id: string): Extract<Done, { ok: false }> => ({
    ok: false,
    code: 'not_found',
    message: `id is "${id}": there is no such scenario; there are ${
      library
        .list()
        .map((file) => file.id)
        .join(', ') || 'none'
    }`,
  });

  return {
    list: () => library.list().map(entry),

    get(id) {
      const file = library.get(id);
      return file === undefined ? unknown(id) : { ok: true, entry: entry(file), text: file.text };
    },

    check(text) {
      const outcome = readScenario(text, '', presets);
      return outcome.kind === 'plan'
        ? { scenario: describe(outcome.plan), faults: [], unavailable: whyNot(outcome.plan) }
        : { faults: create(ScenarioEntrySchema, { faults: [...outcome.faults] }).faults, unavailable: '' };
    },

    async start({ id, text, guided, by }) {
      const file = id === undefined ? { id: '', text: text ?? '' } : library.get(id);
      if (file === undefined) return unknown(id ?? '');
      const outcome = read(file);
      if (outcome.kind === 'faults') {
        const faults = outcome.faults.map(({ line, column, message }) => `line ${line}, column ${column}: ${message}`);
        return { ok: false, code: 'failed_precondition', message: `the scenario is not right: ${faults.join('; ')}` };
      }
      const above = tooMuch(outcome.plan, ceilings);
      if (above.length > 0) return { ok: false, code: 'failed_precondition', message: above.join('; ') };
      return runner.start({ plan: outcome.plan, guided, by });
    },

    pause: (paused) => runner.pause(paused),
    next: () => runner.next(),
    abort: () => runner.abort(),
    vote: (question, voter, choice) => runner.vote(question, voter, choice),
    reveal: (question) => runner.reveal(question),
  };
}

/** The deployer's ceilings hold for scenarios as for anyone. */
function tooMuch(plan: Plan, ceilings: Ceilings): string[] {
  const replicas = plan.steps.flatMap(({ act }) => (act.kind === 'scale' ? [act.replicas] : []));
  const traffic = plan.steps.flatMap(({ act }) => (act.kind === 'traffic' ? [act.change] : []));
  const asked = [
    ...[plan.replicas, ...replicas].map((each) => ({ replicas: each })),
    ...[plan.traffic, ...traffic].map(({ ratePerSecond, concurrency }) => ({
      ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
      ...(concurrency === undefined ? {} : { concurrency }),
    })),
  ];
  return [...new Set(asked.flatMap((each) => aboveCeilings(each, ceilings)))];
}
