import { z } from 'zod';
import { type MeasureName, measureNames, measureOf } from '../../../model/scenario/measures.ts';
import { duration, laneId, list, mapping, number, says, stepId, text, whole, word } from './words.ts';

/** The file format. Editors read it as scenarios/schema.json; `node scripts/run.mjs node server/scenarios/format/write-schema.ts` writes that. */

const measure = word(measureNames as [MeasureName, ...MeasureName[]]).describe(
  `What is measured. ${measureNames.map((name) => `${name}: ${measureOf(name).meaning} (${measureOf(name).unit}).`).join(' ')}`,
);

const pod = z
  .union(
    [
      word(['oldest', 'newest']),
      mapping({ index: whole(0, 199).describe('Ready pods in order of appearance, from 0.') }),
      mapping({ mostUsedBy: laneId.describe('The pod that answered most calls of that lane in the last seconds.') }),
      mapping({ named: stepId.describe('The pod that an earlier step chose with `as`.') }),
    ],
    says('oldest, newest, { index: N }, { mostUsedBy: LANE } or { named: NAME }'),
  )
  .describe('Which pod. Only ready pods that are not ending are chosen from.');

const chosenPod = {
  pod,
  as: stepId.optional().describe('Names the pod for later steps and for measures of one pod.'),
};

const bound = {
  atLeast: number(-1e12, 1e12).optional(),
  atMost: number(-1e12, 1e12).optional(),
  above: number(-1e12, 1e12).optional(),
  below: number(-1e12, 1e12).optional(),
  equals: number(-1e12, 1e12).optional(),
};

const span = {
  during: stepId.optional().describe('The window is this step.'),
  from: stepId.optional().describe('The window begins with the start of this step; without it, with the first step.'),
  to: stepId.optional().describe('The window ends with the end of this step; without it, with the last step.'),
};

const condition = mapping({
  calls: whole(1, 1e9).optional().describe('Each of the lanes has answered this many calls since the step began.'),
  podsReady: whole(0, 200).optional().describe('Exactly this many pods are ready.'),
  settled: z
    .literal(true, says('true'))
    .optional()
    .describe('As many pods are ready as asked for, and none is ending.'),
  everyPodAnswered: z
    .literal(true, says('true'))
    .optional()
    .describe('Each ready pod has answered on each of the lanes since the step began.'),
  listsReadyPods: z
    .literal(true, says('true'))
    .optional()
    .describe('Each of the lanes has exactly the ready pods on its list; for lanes that have a list.'),
  laneState: word(['running', 'unavailable']).optional().describe('Each of the lanes is in this state.'),
  cluster: word(['synced', 'lost']).optional().describe('How the agent sees the Kubernetes API.'),
  lanes: list(laneId, 1, 12).optional().describe('Which lanes; all that run if it is left out.'),
  atMost: duration.optional().describe('Longer than this and the run is inconclusive; 30s if it is left out.'),
});

const choice = mapping({
  text: text(160),
  lane: laneId.optional().describe('Right if this lane has the least or the most.'),
  ...bound,
});

const decides = mapping({
  measure,
  lane: laneId.optional().describe('The figure of this lane decides; each choice gives bounds.'),
  which: word(['least', 'most'])
    .optional()
    .describe('The lane with the least or the most decides; each choice names one.'),
  pod: stepId.optional(),
  ...span,
});

const anyFields = z.record(z.string(), z.unknown(), says('a mapping'));

/** One entry a verb. A step is a mapping with one of them, and an `id` where a window needs one. */
export const verbs = {
  wait: z
    .union([duration, condition], says('a duration such as 3s, or a mapping with conditions such as { calls: 500 }'))
    .describe('Time, or until something is true.'),
  scale: whole(0, 200).describe('Replicas of the Deployment.'),
  deletePod: mapping({ ...chosenPod, gracePeriodSeconds: whole(1, 3_600).optional() }).describe(
    'Deletes a pod with its own grace period, or with the one given; a new pod takes its place.',
  ),
  deletePodNow: mapping(chosenPod).describe('Deletes a pod with grace 0: the object goes first.'),
  crashPod: mapping(chosenPod).describe('The process dies; the same pod returns.'),
  setBehavior: mapping({
    ...chosenPod,
    ready: z.boolean(says('true or false')).optional(),
    delayMs: number(0, 600_000).optional(),
    errorRate: number(0, 1).optional(),
  }).describe('Makes a pod slow, failing or unready. Undone at the end.'),
  rollout: mapping({
    preStop: z
      .union([z.literal('none'), whole(0, 300)], says('none, or the seconds of a preStop sleep from 0 to 300'))
      .optional()
      .describe('Also changes the preStop sleep of the pods; `none` takes it away. Undone at the end.'),
  }).describe('Replaces every pod, as kubectl rollout restart does. Write `rollout: {}`.'),
  maxConnectionAge: mapping({
    age: z.union([z.literal('none'), duration], says('none, or a duration from 100ms on')),
    grace: duration.optional().describe('How long calls may still take after GOAWAY; for ever if it is left out.'),
  }).describe('gRFC A9, on every pod: connections end at this age, give or take 10 %. Undone at the end.'),
  traffic: anyFields.describe('Changes what the clients send, on all lanes or, with `lane`, on one.'),
  startTraffic: laneId.or(z.literal('all')).describe('A lane, or `all`.'),
  stopTraffic: laneId.or(z.literal('all')).describe('A lane, or `all`.'),
  lane: anyFields.describe('Puts a lane: as under `lanes`. With an id that exists, that lane begins anew.'),
  removeLane: laneId.describe('Takes a lane away.'),
  say: text(1_000).describe('Read aloud.'),
  ask: mapping({ question: text(300), choices: list(choice, 2, 6), decides }).describe(
    'A prediction to vote on. What is right is computed from the run.',
  ),
  dns: word(['normal', 'servfail', 'refused', 'nxdomain', 'empty', 'drop']).describe(
    'How cluster DNS answers from now on. Only in the embedded cluster. Undone at the end.',
  ),
  laneWatch: word(['forbidden', 'allowed']).describe(
    'Whether the cluster lets lanes watch EndpointSlices. Only in the embedded cluster. Undone at the end.',
  ),
  apiServer: mapping({ goneFor: duration }).describe(
    'The Kubernetes API refuses every connection for that long. Only in the embedded cluster.',
  ),
} as const;

export type Verb = keyof typeof verbs;
export const verbNames = Object.keys(verbs) as Verb[];

export const stepSchemas = Object.fromEntries(
  verbNames.map((verb) => [verb, mapping({ id: stepId.optional(), [verb]: verbs[verb] })]),
) as unknown as Readonly<Record<Verb, z.ZodObject>>;

export const expectation = mapping({
  measure: measure.optional(),
  distribution: word(['even', 'uneven', 'pinned'])
    .optional()
    .describe(
      'even, uneven: chi-squared against an even spread over the ready pods. pinned: exact bounds of the busiest pod’s share.',
    ),
  lane: laneId.optional(),
  lanes: list(laneId, 1, 12).optional().describe('The same for each of these lanes.'),
  pod: stepId.optional().describe('For measures of one pod: the name that a step gave it with `as`.'),
  ...span,
  ...bound,
  errorRate: number(1e-9, 0.1)
    .optional()
    .describe('How often a lane that is as expected may fail by chance; 0.0001 if it is left out.'),
  share: number(0.5, 1).optional().describe('pinned: the least share of one pod that counts; 0.99 if it is left out.'),
  leastSample: whole(1, 1e9).optional().describe('Fewer samples than this are inconclusive.'),
  because: text(400).optional().describe('Why it must be so; stands in the report.'),
});

export const laneEntry = z.union(
  [laneId, anyFields],
  says('the id of a preset, or a mapping with `like` and changed fields'),
);

/** Steps are looked at one by one (read.ts), as a union's faults would name no place. */
export const file = mapping({
  title: text(80),
  story: text(2_000).describe('Two to five sentences that a trainer can read aloud.'),
  quick: z.boolean(says('true or false')).optional().describe('Short enough to run with every test.'),
  replicas: whole(0, 200).describe('Pods at the start.'),
  lanes: list(laneEntry, 1, 12).describe(
    'Presets by id, or presets with changed fields. Others are put aside for the run.',
  ),
  traffic: anyFields
    .optional()
    .describe('What each client sends. Left out: 100 calls per second and lane, one connection.'),
  steps: list(z.unknown(), 1, 60),
  expect: list(z.unknown(), 1, 60).describe('What must be true. Fail outweighs inconclusive; inconclusive is no pass.'),
});
