import type { z } from 'zod';
import type { LaneSpec } from '../../../gen/lbscope/events/v1/events_pb.js';
import { questionOf } from './expectations.ts';
import { faultsOf, type Path, pathText, show } from './faults.ts';
import { readLane, readTraffic } from './lanes.ts';
import { actText } from './phrases.ts';
import type { Act, Chosen, PodChoice, Question, Step } from './plan.ts';
import type { GivenStep, Reading } from './reading.ts';
import * as schema from './schema.ts';
import { durationMs } from './words.ts';

const defaultAtMostMs = 30_000;

interface GivenChoice {
  readonly pod: 'oldest' | 'newest' | { index: number } | { mostUsedBy: string } | { named: string };
  readonly as?: string | undefined;
}

export function readSteps(c: Reading, given: readonly unknown[]): (GivenStep | undefined)[] {
  const ids = new Set<string>();
  return given.map((step, index) => {
    const path: Path = ['steps', index];
    const verbs = schema.verbNames.join(', ');
    if (typeof step !== 'object' || step === null || Array.isArray(step)) {
      c.fault(path, `${pathText(path)} is ${show(step)}: allowed is a mapping with one of ${verbs}`);
      return undefined;
    }
    const given: unknown = 'id' in step ? step.id : undefined;
    const faulty = () => {
      if (typeof given === 'string') c.faultySteps.add(given);
      return undefined;
    };
    const own = Object.keys(step).filter((key) => key !== 'id');
    const known = own.filter((key) => (schema.verbNames as readonly string[]).includes(key));
    const [verb] = known as schema.Verb[];
    if (verb === undefined) {
      const wrong = own[0];
      if (wrong === undefined) c.fault(path, `${pathText(path)} does nothing: allowed is one of ${verbs}`);
      else c.fault([...path, wrong], `${pathText([...path, wrong])} is not known: allowed is one of ${verbs}`, true);
      return faulty();
    }
    if (known.length > 1) {
      c.fault(
        [...path, known[1] as string],
        `${pathText(path)} has ${known.join(' and ')}: allowed is one of them, the other in a step of its own`,
        true,
      );
      return faulty();
    }
    const parsed = schema.stepSchemas[verb].safeParse(step);
    if (!parsed.success) {
      c.faults.push(...faultsOf(c.source, path, step, parsed.error));
      return faulty();
    }
    const { id = '', [verb]: value } = parsed.data as Record<string, unknown> & { id?: string };
    if (id !== '' && ids.has(id))
      c.fault([...path, 'id'], `${pathText([...path, 'id'])} is "${id}" again: each id once`);
    ids.add(id);
    return { id, verb, value, path };
  });
}

/** The acts, with everything they name found; number 0 is the preparation. */
export function resolveSteps(
  c: Reading,
  given: readonly (GivenStep | undefined)[],
  lanes: readonly LaneSpec[],
): { acts: Step[]; questions: Question[] } {
  const acts: Step[] = [];
  const questions: Question[] = [];
  const labels = new Map(lanes.map((lane) => [lane.id, lane.label || lane.id]));
  for (const [index, step] of given.entries()) {
    if (step === undefined) continue;
    const act = actOf(c, step, index + 1, questions, given);
    if (act === undefined) continue;
    if (act.kind === 'lane') labels.set(act.spec.id, act.spec.label || act.spec.id);
    const text = act.kind === 'ask' ? (questions[act.question]?.text ?? '') : actText(act, 0, labels);
    acts.push({ id: step.id, act, text });
  }
  return { acts, questions };
}

function actOf(
  c: Reading,
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
      for (const [index, lane] of (lanes ?? []).entries()) c.knowsLane(lane, [...at, 'lanes', index]);
      if (Object.keys(wanted).length === 0) {
        c.fault(
          at,
          `${pathText(at)} waits for nothing: allowed are calls, podsReady, settled, everyPodAnswered, listsReadyPods, laneState, cluster`,
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
          listsReadyPods: wanted.listsReadyPods ?? false,
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
      return { kind: 'deletePod', chosen: chosenOf(c, chosen, at), gracePeriodSeconds };
    }
    case 'deletePodNow':
      return { kind: 'deletePod', chosen: chosenOf(c, value as GivenChoice, at), gracePeriodSeconds: 0 };
    case 'crashPod':
      return { kind: 'crashPod', chosen: chosenOf(c, value as GivenChoice, at) };
    case 'setBehavior': {
      const { pod, as, ...change } = value as z.output<(typeof schema.verbs)['setBehavior']>;
      if (Object.keys(change).length === 0) {
        c.fault(at, `${pathText(at)} changes nothing: allowed are ready, delayMs, errorRate`);
      }
      const given = Object.fromEntries(Object.entries(change).filter(([, each]) => each !== undefined));
      return {
        kind: 'setBehavior',
        chosen: chosenOf(c, { pod, ...(as === undefined ? {} : { as }) }, at),
        change: given,
      };
    }
    case 'rollout':
      return { kind: 'rollout', preStop: (value as { preStop?: 'none' | number }).preStop };
    case 'maxConnectionAge': {
      const { age, grace } = value as z.output<(typeof schema.verbs)['maxConnectionAge']>;
      const ageMs = age === 'none' ? -1 : durationMs(age);
      if (ageMs >= 0 && ageMs < 100) {
        c.fault(
          [...at, 'age'],
          `${pathText([...at, 'age'])} is ${show(age)}: allowed is none, or a duration from 100ms on`,
        );
      }
      return { kind: 'maxConnectionAge', ageMs, graceMs: grace === undefined ? -1 : durationMs(grace) };
    }
    case 'traffic': {
      const { laneId, ...change } = readTraffic(c, value, at, true);
      if (laneId !== undefined) c.knowsLane(laneId, [...at, 'lane']);
      return { kind: 'traffic', lane: laneId, change };
    }
    case 'startTraffic':
    case 'stopTraffic': {
      const lane = value === 'all' ? undefined : (value as string);
      if (lane !== undefined) c.knowsLane(lane, at);
      return { kind: 'running', lane, running: verb === 'startTraffic' };
    }
    case 'lane': {
      const spec = readLane(c, value, at);
      if (spec === undefined) return undefined;
      c.lanes.add(spec.id);
      return { kind: 'lane', spec };
    }
    case 'removeLane':
      c.knowsLane(value as string, at);
      return { kind: 'removeLane', lane: value as string };
    case 'say':
      return { kind: 'say', text: (value as string).replace(/\s+/g, ' ') };
    case 'ask': {
      const question = questionOf(c, value as z.output<(typeof schema.verbs)['ask']>, at, number, all);
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

function chosenOf(c: Reading, { pod, as }: GivenChoice, at: Path): Chosen {
  let choice: PodChoice;
  if (pod === 'oldest' || pod === 'newest') choice = { kind: pod };
  else if ('index' in pod) choice = { kind: 'index', index: pod.index };
  else if ('mostUsedBy' in pod) {
    c.knowsLane(pod.mostUsedBy, [...at, 'pod', 'mostUsedBy']);
    choice = { kind: 'mostUsedBy', lane: pod.mostUsedBy };
  } else {
    c.knowsPod(pod.named, [...at, 'pod', 'named']);
    choice = { kind: 'named', name: pod.named };
  }
  if (as !== undefined) c.names.add(as);
  return { pod: choice, as };
}
