import { fromJson, type JsonObject, toJson } from '@bufbuild/protobuf';
import type { z } from 'zod';
import { type LaneSpec, LaneSpecSchema, type Traffic } from '../../../gen/lbscope/events/v1/events_pb.js';
import { type MeasureName, measureOf } from '../../../model/scenario/measures.ts';
import type { Answer, Bound, Expectation, Span } from '../../../model/scenario/types.ts';
import { checkJson } from '../../api/check.ts';
import { requestRules } from '../../api/rules.ts';
import { type Fault, faultsOf, type Path, pathText, Source, show } from './faults.ts';
import { actText } from './phrases.ts';
import type { Act, Chosen, Need, Plan, PodChoice, Question, Step } from './plan.ts';
import * as schema from './schema.ts';
import { shortenedBy } from './shortened.ts';
import { durationMs } from './words.ts';

/** Presets that a file may name; the agent's own, as they depend on the cluster's names. */
export interface Presets {
  readonly ids: readonly string[];
  find(id: string): LaneSpec | undefined;
}

export type Read =
  | { readonly kind: 'plan'; readonly plan: Plan }
  | { readonly kind: 'faults'; readonly faults: readonly Fault[] };

const defaultErrorRate = 1e-4;
const defaultShare = 0.99;
const defaultAtMostMs = 30_000;

/** Reads a scenario's text. Asks nobody and changes nothing; all faults at once, in the order of the file. */
export function readScenario(text: string, id: string, presets: Presets): Read {
  const source = new Source(text);
  if (source.syntax.length > 0) return { kind: 'faults', faults: source.syntax };
  const top = schema.file.safeParse(source.value);
  const reader = new Reader(source, presets);
  if (!top.success) reader.faults.push(...faultsOf(source, [], source.value, top.error));
  const given = (typeof source.value === 'object' && source.value !== null ? source.value : {}) as Given;
  const lanes = reader.lanes(listOf(given.lanes));
  const steps = reader.steps(listOf(given.steps));
  const { acts, questions } = reader.resolve(steps, lanes);
  const expectations = reader.expectations(listOf(given.expect), steps, lanes);
  const traffic = reader.traffic(given.traffic, ['traffic'], false);
  const faults = [...reader.faults].sort((a, b) => a.line - b.line || a.column - b.column);
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

interface Given {
  readonly lanes?: unknown;
  readonly steps?: unknown;
  readonly expect?: unknown;
  readonly traffic?: unknown;
}

/** A step that passed its verb's schema. */
interface GivenStep {
  readonly id: string;
  readonly verb: schema.Verb;
  readonly value: unknown;
  readonly path: Path;
}

class Reader {
  readonly faults: Fault[] = [];
  readonly #source: Source;
  readonly #presets: Presets;
  /** Names that steps give to pods, in order of the file. */
  readonly #names = new Set<string>();
  readonly #lanes = new Set<string>();

  constructor(source: Source, presets: Presets) {
    this.#source = source;
    this.#presets = presets;
  }

  #fault(path: Path, message: string, key = false): void {
    this.faults.push(this.#source.fault(path, message, key));
  }

  // ---- lanes and traffic

  lanes(given: readonly unknown[]): LaneSpec[] {
    const lanes: LaneSpec[] = [];
    for (const [index, entry] of given.entries()) {
      const spec = this.#lane(entry, ['lanes', index]);
      // Known even when it is not right: one fault must not bring others about.
      const id = typeof entry === 'string' ? entry : (entry as { id?: unknown } | null)?.id;
      if (typeof id === 'string' && (typeof entry !== 'string' || spec !== undefined)) this.#lanes.add(id);
      if (spec === undefined) continue;
      if (lanes.some(({ id }) => id === spec.id))
        this.#fault(['lanes', index], `lanes[${index}] is "${spec.id}" again: each id once`);
      else lanes.push(spec);
    }
    return lanes;
  }

  #lane(entry: unknown, path: Path): LaneSpec | undefined {
    const presets = `a preset: ${this.#presets.ids.join(', ')}`;
    if (typeof entry === 'string') {
      const preset = this.#presets.find(entry);
      if (preset === undefined) this.#fault(path, `${pathText(path)} is ${show(entry)}: allowed is ${presets}`);
      return preset;
    }
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return undefined;
    const { like, ...changes } = entry as Record<string, unknown>;
    const preset = typeof like === 'string' ? this.#presets.find(like) : undefined;
    if (like !== undefined && preset === undefined) {
      this.#fault([...path, 'like'], `${pathText([...path, 'like'])} is ${show(like)}: allowed is ${presets}`);
      return undefined;
    }
    if (typeof changes.id !== 'string') {
      this.#fault(
        path,
        `${pathText([...path, 'id'])} is missing: allowed is the id of a lane: 1 to 32 of a-z, 0-9 and -`,
      );
      return undefined;
    }
    const base = preset === undefined ? {} : (toJson(LaneSpecSchema, preset) as JsonObject);
    const label = changes.label ?? (like === changes.id ? base.label : changes.id);
    const json = { ...base, ...changes, label };
    const faults = checkJson(requestRules.PutLane ?? { fields: {} }, { lane: json });
    for (const fault of faults) this.#fault(this.#placeIn(path, fault), fault.replace(/^lane\b/, pathText(path)));
    return faults.length > 0 ? undefined : fromJson(LaneSpecSchema, json as JsonObject);
  }

  /** The API's checks name the field in front: there the fault stands. */
  #placeIn(path: Path, fault: string): Path {
    const field = /^lane\.(\w+)/.exec(fault)?.[1];
    return field === undefined ? path : [...path, field];
  }

  traffic(given: unknown, path: Path, withLane: boolean): Partial<Traffic> & { laneId?: string } {
    if (given === undefined) return {};
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return {};
    const { lane, ...rest } = given as Record<string, unknown>;
    if (lane !== undefined && !withLane)
      this.#fault([...path, 'lane'], `${pathText([...path, 'lane'])} is not known here: it holds for all lanes`, true);
    if ('laneId' in rest)
      this.#fault([...path, 'laneId'], `${pathText([...path, 'laneId'])} is not known: allowed is lane`, true);
    for (const fault of checkJson(requestRules.SetTraffic ?? { fields: {} }, rest)) {
      const field = /^(\w+) is/.exec(fault)?.[1];
      const place = field === undefined ? path : [...path, field];
      this.#fault(place, field === undefined ? `${pathText(path)}: ${fault}` : `${pathText(path)}.${fault}`);
    }
    return { ...(rest as Partial<Traffic>), ...(typeof lane === 'string' ? { laneId: lane } : {}) };
  }

  // ---- steps

  steps(given: readonly unknown[]): (GivenStep | undefined)[] {
    const ids = new Set<string>();
    return given.map((step, index) => {
      const path: Path = ['steps', index];
      const verbs = schema.verbNames.join(', ');
      if (typeof step !== 'object' || step === null || Array.isArray(step)) {
        this.#fault(path, `${pathText(path)} is ${show(step)}: allowed is a mapping with one of ${verbs}`);
        return undefined;
      }
      const own = Object.keys(step).filter((key) => key !== 'id');
      const known = own.filter((key) => (schema.verbNames as readonly string[]).includes(key));
      const [verb] = known as schema.Verb[];
      if (verb === undefined) {
        const wrong = own[0];
        if (wrong === undefined) this.#fault(path, `${pathText(path)} does nothing: allowed is one of ${verbs}`);
        else
          this.#fault([...path, wrong], `${pathText([...path, wrong])} is not known: allowed is one of ${verbs}`, true);
        return undefined;
      }
      if (known.length > 1) {
        this.#fault(
          [...path, known[1] as string],
          `${pathText(path)} has ${known.join(' and ')}: allowed is one of them, the other in a step of its own`,
          true,
        );
        return undefined;
      }
      const parsed = schema.stepSchemas[verb].safeParse(step);
      if (!parsed.success) {
        this.faults.push(...faultsOf(this.#source, path, step, parsed.error));
        return undefined;
      }
      const { id = '', [verb]: value } = parsed.data as Record<string, unknown> & { id?: string };
      if (id !== '' && ids.has(id))
        this.#fault([...path, 'id'], `${pathText([...path, 'id'])} is "${id}" again: each id once`);
      ids.add(id);
      return { id, verb, value, path };
    });
  }

  /** The acts, with everything they name found; number 0 is the preparation. */
  resolve(
    given: readonly (GivenStep | undefined)[],
    lanes: readonly LaneSpec[],
  ): { acts: Step[]; questions: Question[] } {
    const acts: Step[] = [];
    const questions: Question[] = [];
    const labels = new Map(lanes.map((lane) => [lane.id, lane.label || lane.id]));
    for (const [index, step] of given.entries()) {
      if (step === undefined) continue;
      const act = this.#act(step, index + 1, questions, given);
      if (act === undefined) continue;
      if (act.kind === 'lane') labels.set(act.spec.id, act.spec.label || act.spec.id);
      const text = act.kind === 'ask' ? (questions[act.question]?.text ?? '') : actText(act, 0, labels);
      acts.push({ id: step.id, act, text });
    }
    return { acts, questions };
  }

  #act(
    { verb, value, path }: GivenStep,
    number: number,
    questions: Question[],
    all: readonly (GivenStep | undefined)[],
  ): Act | undefined {
    const at: Path = [...path, verb];
    switch (verb) {
      case 'wait': {
        if (typeof value === 'string') return { kind: 'wait', ms: durationMs(value) };
        const { lanes, atMost, ...wanted } = value as z.output<(typeof schema.verbs)['wait']> & object;
        for (const [index, lane] of (lanes ?? []).entries()) this.#knowsLane(lane, [...at, 'lanes', index]);
        if (Object.keys(wanted).length === 0) {
          this.#fault(
            at,
            `${pathText(at)} waits for nothing: allowed are calls, podsReady, settled, everyPodAnswered, laneState, cluster`,
          );
        }
        return {
          kind: 'waitUntil',
          atMostMs: atMost === undefined ? defaultAtMostMs : durationMs(atMost),
          conditions: {
            calls: wanted.calls,
            podsReady: wanted.podsReady,
            settled: wanted.settled ?? false,
            everyPodAnswered: wanted.everyPodAnswered ?? false,
            laneState: wanted.laneState,
            cluster: wanted.cluster,
            lanes,
          },
        };
      }
      case 'scale':
        return { kind: 'scale', replicas: value as number };
      case 'deletePod': {
        const { gracePeriodSeconds, ...chosen } = value as z.output<(typeof schema.verbs)['deletePod']>;
        return { kind: 'deletePod', chosen: this.#chosen(chosen, at), gracePeriodSeconds };
      }
      case 'deletePodNow':
        return { kind: 'deletePod', chosen: this.#chosen(value as GivenChoice, at), gracePeriodSeconds: 0 };
      case 'crashPod':
        return { kind: 'crashPod', chosen: this.#chosen(value as GivenChoice, at) };
      case 'setBehavior': {
        const { pod, as, ...change } = value as z.output<(typeof schema.verbs)['setBehavior']>;
        if (Object.keys(change).length === 0) {
          this.#fault(at, `${pathText(at)} changes nothing: allowed are ready, delayMs, errorRate`);
        }
        const given = Object.fromEntries(Object.entries(change).filter(([, each]) => each !== undefined));
        return {
          kind: 'setBehavior',
          chosen: this.#chosen({ pod, ...(as === undefined ? {} : { as }) }, at),
          change: given,
        };
      }
      case 'rollout':
        return { kind: 'rollout', preStop: (value as { preStop?: 'none' | number }).preStop };
      case 'maxConnectionAge': {
        const { age, grace } = value as z.output<(typeof schema.verbs)['maxConnectionAge']>;
        const ageMs = age === 'none' ? -1 : durationMs(age);
        if (ageMs >= 0 && ageMs < 100) {
          this.#fault(
            [...at, 'age'],
            `${pathText([...at, 'age'])} is ${show(age)}: allowed is none, or a duration from 100ms on`,
          );
        }
        return { kind: 'maxConnectionAge', ageMs, graceMs: grace === undefined ? -1 : durationMs(grace) };
      }
      case 'traffic': {
        const { laneId, ...change } = this.traffic(value, at, true);
        if (laneId !== undefined) this.#knowsLane(laneId, [...at, 'lane']);
        return { kind: 'traffic', lane: laneId, change };
      }
      case 'startTraffic':
      case 'stopTraffic': {
        const lane = value === 'all' ? undefined : (value as string);
        if (lane !== undefined) this.#knowsLane(lane, at);
        return { kind: 'running', lane, running: verb === 'startTraffic' };
      }
      case 'lane': {
        const spec = this.#lane(value, at);
        if (spec === undefined) return undefined;
        this.#lanes.add(spec.id);
        return { kind: 'lane', spec };
      }
      case 'removeLane':
        this.#knowsLane(value as string, at);
        return { kind: 'removeLane', lane: value as string };
      case 'say':
        return { kind: 'say', text: (value as string).replace(/\s+/g, ' ') };
      case 'ask': {
        const question = this.#question(value as z.output<(typeof schema.verbs)['ask']>, at, number, all);
        if (question === undefined) return undefined;
        questions.push(question);
        return { kind: 'ask', question: questions.length - 1 };
      }
      case 'dns':
        return { kind: 'dns', answers: value as z.output<(typeof schema.verbs)['dns']> };
      case 'laneWatch':
        return { kind: 'laneWatch', forbidden: value === 'forbidden' };
      case 'apiServer':
        return { kind: 'apiServer', goneMs: durationMs((value as { goneFor: string }).goneFor) };
    }
  }

  #chosen({ pod, as }: GivenChoice, at: Path): Chosen {
    let choice: PodChoice;
    if (pod === 'oldest' || pod === 'newest') choice = { kind: pod };
    else if ('index' in pod) choice = { kind: 'index', index: pod.index };
    else if ('mostUsedBy' in pod) {
      this.#knowsLane(pod.mostUsedBy, [...at, 'pod', 'mostUsedBy']);
      choice = { kind: 'mostUsedBy', lane: pod.mostUsedBy };
    } else {
      this.#knowsPod(pod.named, [...at, 'pod', 'named']);
      choice = { kind: 'named', name: pod.named };
    }
    if (as !== undefined) this.#names.add(as);
    return { pod: choice, as };
  }

  #knowsLane(lane: string, path: Path): void {
    if (this.#lanes.has(lane)) return;
    this.#fault(
      path,
      `${pathText(path)} is ${show(lane)}: allowed is a lane of this file: ${[...this.#lanes].join(', ') || 'none'}`,
    );
  }

  #knowsPod(name: string, path: Path): void {
    if (this.#names.has(name)) return;
    this.#fault(
      path,
      `${pathText(path)} is ${show(name)}: allowed is a name that an earlier step gives with "as": ${[...this.#names].join(', ') || 'none'}`,
    );
  }

  // ---- questions and expectations

  #question(
    given: z.output<(typeof schema.verbs)['ask']>,
    at: Path,
    step: number,
    all: readonly (GivenStep | undefined)[],
  ): Question | undefined {
    const { question: text, choices, decides } = given;
    const path: Path = [...at, 'decides'];
    const window = this.#span(decides, path, all);
    const rule = this.#rule(given, at, path, window);
    if (rule === undefined || window === undefined) return undefined;
    return { text, choices: choices.map((choice) => choice.text), rule, step };
  }

  #rule(
    given: z.output<(typeof schema.verbs)['ask']>,
    at: Path,
    path: Path,
    window: Span | undefined,
  ): Answer | undefined {
    const { choices, decides } = given;
    const { measure, which, lane, pod } = decides;
    if ((lane === undefined) === (which === undefined)) {
      this.#fault(
        path,
        `${pathText(path)} needs either lane (choices give bounds) or which: least or most (choices name lanes)`,
      );
      return undefined;
    }
    const before = this.faults.length;
    for (const [index, choice] of choices.entries()) {
      const place: Path = [...at, 'choices', index];
      const bounds = boundOf(choice);
      if (lane !== undefined && (bounds === undefined || choice.lane !== undefined)) {
        this.#fault(
          place,
          `${pathText(place)} decides nothing: allowed are atLeast, atMost, above, below, equals, as one lane's figure decides`,
        );
      }
      if (which !== undefined && bounds !== undefined) {
        this.#fault(place, `${pathText(place)} has bounds: allowed is lane, as the lane with the ${which} decides`);
      }
      if (which !== undefined && choice.lane !== undefined) this.#knowsLane(choice.lane, [...place, 'lane']);
    }
    if (which !== undefined && choices.filter((choice) => choice.lane !== undefined).length < 2) {
      this.#fault(
        [...at, 'choices'],
        `${pathText([...at, 'choices'])} name fewer than two lanes: one would always be right`,
      );
    }
    if (lane !== undefined) this.#knowsLane(lane, [...path, 'lane']);
    this.#podOf(measure, pod, path, which !== undefined);
    if (this.faults.length > before || window === undefined) return undefined;
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

  #podOf(measure: MeasureName, pod: string | undefined, path: Path, manyLanes = false): void {
    const { ofPod } = measureOf(measure);
    if (ofPod && manyLanes)
      this.#fault(
        [...path, 'measure'],
        `${pathText([...path, 'measure'])} is ${measure}: allowed is a measure that is not about one pod`,
      );
    else if (ofPod && pod === undefined)
      this.#fault(
        path,
        `${pathText([...path, 'pod'])} is missing: ${measure} is about one pod, which a step names with "as"`,
      );
    else if (!ofPod && pod !== undefined)
      this.#fault(
        [...path, 'pod'],
        `${pathText([...path, 'pod'])} is ${show(pod)}: allowed is nothing, as ${measure} is not about one pod`,
      );
    else if (pod !== undefined && ![...this.#names].includes(pod)) this.#forward.push({ pod, path: [...path, 'pod'] });
  }

  /** A question stands before the step that chooses its pod. */
  readonly #forward: { pod: string; path: Path }[] = [];

  expectations(
    given: readonly unknown[],
    steps: readonly (GivenStep | undefined)[],
    _lanes: readonly LaneSpec[],
  ): Expectation[] {
    const all = given.flatMap((entry, index): Expectation[] => {
      const path: Path = ['expect', index];
      const parsed = schema.expectation.safeParse(entry);
      if (!parsed.success) {
        this.faults.push(...faultsOf(this.#source, path, entry, parsed.error));
        return [];
      }
      return this.#expectation(parsed.data, path, steps);
    });
    for (const { pod, path } of this.#forward) this.#knowsPod(pod, path);
    return all;
  }

  #expectation(
    given: z.output<typeof schema.expectation>,
    path: Path,
    steps: readonly (GivenStep | undefined)[],
  ): Expectation[] {
    const before = this.faults.length;
    const { measure, distribution, because = '' } = given;
    if ((measure === undefined) === (distribution === undefined)) {
      this.#fault(
        path,
        `${pathText(path)} needs either measure (with a bound) or distribution: even, uneven or pinned`,
      );
    }
    if ((given.lane === undefined) === (given.lanes === undefined))
      this.#fault(path, `${pathText(path)} needs either lane or lanes`);
    const lanes = given.lanes ?? (given.lane === undefined ? [] : [given.lane]);
    for (const [index, lane] of lanes.entries())
      this.#knowsLane(lane, given.lanes === undefined ? [...path, 'lane'] : [...path, 'lanes', index]);
    const span = this.#span(given, path, steps);
    const bound = boundOf(given);
    const only = (names: readonly (keyof typeof given)[], why: string) => {
      for (const name of names)
        if (given[name] !== undefined)
          this.#fault([...path, name], `${pathText([...path, name])} is ${show(given[name])}: ${why}`, true);
    };
    if (measure !== undefined) {
      only(['errorRate', 'share'], 'allowed is nothing, as a bound is no statistical test');
      if (bound === undefined)
        this.#fault(path, `${pathText(path)} has no bound: allowed are atLeast, atMost, above, below, equals`);
      this.#podOf(measure, given.pod, path);
      if (measureOf(measure).sampleOf !== 'nothing' && given.leastSample === undefined) {
        this.#fault(
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
        this.#fault(
          path,
          `${pathText([...path, 'leastSample'])} is missing: allowed is a whole number of calls from 1 on`,
        );
    }
    if (this.faults.length > before || span === undefined) return [];
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
  #span(
    given: { during?: string | undefined; from?: string | undefined; to?: string | undefined },
    path: Path,
    steps: readonly (GivenStep | undefined)[],
  ): Span | undefined {
    const { during, from, to } = given;
    if (during !== undefined && (from !== undefined || to !== undefined)) {
      this.#fault(path, `${pathText(path)} has during beside from or to: allowed is one way to say the window`);
      return undefined;
    }
    const ids = steps.flatMap((step) => (step === undefined || step.id === '' ? [] : [step.id]));
    const find = (id: string | undefined, field: string, otherwise: number): number | undefined => {
      if (id === undefined) return otherwise;
      const index = steps.findIndex((step) => step?.id === id);
      if (index >= 0) return index + 1;
      this.#fault(
        [...path, field],
        `${pathText([...path, field])} is ${show(id)}: allowed is the id of a step: ${ids.join(', ') || 'none has one'}`,
      );
      return undefined;
    };
    const fromStep = during === undefined ? find(from, 'from', 1) : find(during, 'during', 1);
    const toStep = during === undefined ? find(to, 'to', steps.length) : fromStep;
    if (fromStep === undefined || toStep === undefined) return undefined;
    if (toStep < fromStep) {
      this.#fault([...path, 'to'], `${pathText([...path, 'to'])} is ${show(to)}, which is before from: ${show(from)}`);
      return undefined;
    }
    return { fromStep, toStep };
  }
}

interface GivenChoice {
  readonly pod: 'oldest' | 'newest' | { index: number } | { mostUsedBy: string } | { named: string };
  readonly as?: string | undefined;
}

function boundOf(given: Bound): Bound | undefined {
  const { atLeast, atMost, above, below, equals } = given;
  const bound = Object.fromEntries(
    Object.entries({ atLeast, atMost, above, below, equals }).filter(([, value]) => value !== undefined),
  );
  return Object.keys(bound).length === 0 ? undefined : bound;
}

function needsOf(steps: readonly Step[]): Need[] {
  return steps.some(({ act }) => act.kind === 'dns' || act.kind === 'laneWatch' || act.kind === 'apiServer')
    ? ['lab']
    : [];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
