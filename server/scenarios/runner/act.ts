import type { Run } from '../../../model/state.ts';
import { plainDuration } from '../../../model/time.ts';
import type { Done } from '../../api/agent-port.ts';
import { defaultTraffic } from '../../lanes/defaults.ts';
import type { Act, Chosen, Plan } from '../format/plan.ts';
import { choosePod } from './choose.ts';
import { answeredSoFar, unmet, unsettled } from './conditions.ts';
import { putLane, replaceLanes } from './lanes.ts';
import type { Pace } from './pace.ts';
import type { RunnerParts } from './ports.ts';
import type { Record as Recorded } from './record.ts';
import type { RestorePlan } from './restore-plan.ts';
import { clusterHas } from './seen.ts';

/** What a step does itself; say and ask are the runner's. */
export type Doing = Exclude<Act, { kind: 'say' | 'ask' }>;

export type Acted =
  /** `note`: the pod that was chosen, what was waited for. */
  | { readonly kind: 'done'; readonly note: string }
  | { readonly kind: 'skipped'; readonly note: string }
  /** The run can't go on; it ends as inconclusive or could_not_run. */
  | { readonly kind: 'failed'; readonly why: string; readonly refused: boolean };

export interface ActContext {
  readonly plan: Plan;
  readonly parts: RunnerParts;
  readonly pace: Pace;
  readonly recorded: Recorded;
  /** Written down before the act that makes it necessary. */
  readonly remember: (change: (plan: RestorePlan) => RestorePlan) => void;
}

/** Until the truth watch shows what was asked for; past this the run goes on without it. */
const seenWithinMs = 5_000;
const preparedWithinMs = 60_000;
/** kube-proxy applies no two changes within 1 s: a client that connects before that may draw a pod that is gone. */
const rulesMs = 1_100;
/** A lane that has not answered by then is unavailable, which its expectations will say. */
const firstCallsMs = 8_000;

export async function perform(act: Doing, context: ActContext): Promise<Acted> {
  const { parts, pace } = context;
  const { agent, hub } = parts;
  switch (act.kind) {
    case 'prepare':
      return prepare(context);
    case 'wait':
      return (await pace.wait(act.ms)) === 'skipped' ? skipped('cut short') : done();
    case 'waitUntil': {
      const before = answeredSoFar(hub.run);
      const left = () => unmet(act.conditions, hub.run, before);
      const begun = parts.clock.now();
      const waited = await pace.wait(act.atMostMs, () => left().length === 0);
      if (waited === 'skipped') return skipped('cut short');
      if (waited === 'timeout') return failed(`not within ${plainDuration(act.atMostMs)}: ${left().join(', ')}`, false);
      return done(`after ${plainDuration(parts.clock.now() - begun)}`);
    }
    case 'scale':
      context.remember((plan) => ({ ...plan, scaledTo: act.replicas }));
      return asked(await agent.scale(act.replicas), context, (run) => run.deployment?.replicas === act.replicas);
    case 'deletePod': {
      const pod = choose(act.chosen, context);
      if (pod.kind === 'failed') return pod;
      return asked(await agent.deletePod(pod.uid, act.gracePeriodSeconds), context, clusterHas.left(pod.uid), pod.name);
    }
    case 'crashPod': {
      const pod = choose(act.chosen, context);
      if (pod.kind === 'failed') return pod;
      return asked(await agent.setPodBehavior(pod.uid, { crash: true }), context, () => true, pod.name);
    }
    case 'setBehavior': {
      const pod = choose(act.chosen, context);
      if (pod.kind === 'failed') return pod;
      rememberBehavior(context, pod.uid, pod.name);
      return asked(await agent.setPodBehavior(pod.uid, act.change), context, () => true, pod.name);
    }
    case 'rollout':
      return rollout(act.preStop, context);
    case 'maxConnectionAge': {
      const { ageMs, graceMs } = ageNow(hub.run);
      context.remember((plan) => ({ ...plan, maxConnectionAge: plan.maxConnectionAge ?? { ageMs, graceMs } }));
      const told = await agent.setMaxConnectionAge(act.ageMs, act.graceMs);
      return asked(told, context, () => true, told.ok ? `${told.pods} pods were told` : '');
    }
    case 'traffic':
      return asked(agent.setTraffic(act.lane, act.change), context);
    case 'running':
      return asked(act.running ? agent.startTraffic(act.lane) : agent.stopTraffic(act.lane), context);
    case 'lane':
      return asked(await putLane(agent, act.spec), context);
    case 'removeLane':
      return asked(agent.removeLane(act.lane), context);
    case 'dns':
      return fault(context, (lab) => lab.setDns(act.answers), { dns: true });
    case 'laneWatch':
      return fault(context, (lab) => lab.forbidLaneWatch(act.forbidden), { laneWatch: true });
    case 'apiServer':
      return fault(context, (lab) => lab.apiGone(act.goneMs), {});
  }
}

/**
 * The starting picture: as many settled pods as the file says, none of them told to misbehave, and then new clients on
 * its lanes alone, so that a run inherits no connection and no answer from what was before.
 */
async function prepare(context: ActContext): Promise<Acted> {
  const { plan, parts, pace } = context;
  const { agent, hub } = parts;
  const stopped = agent.stopTraffic(undefined);
  if (!stopped.ok) return failed(stopped.message, true);
  for (const { pod, goneAt } of [...hub.run.pods.values()]) {
    const { behavior } = pod;
    const told = behavior !== undefined && (!behavior.ready || behavior.delayMs > 0 || behavior.errorRate > 0);
    if (goneAt !== undefined || !told) continue;
    rememberBehavior(context, pod.uid, pod.name);
    const reset = await agent.setPodBehavior(pod.uid, { ready: true, delayMs: 0, errorRate: 0 });
    if (!reset.ok && reset.code !== 'not_found') return failed(reset.message, true);
  }
  if (hub.run.deployment?.replicas !== plan.replicas) {
    context.remember((before) => ({ ...before, scaledTo: plan.replicas }));
    const scaled = await agent.scale(plan.replicas);
    if (!scaled.ok) return failed(scaled.message, true);
  }
  const settled = () => hub.run.deployment?.replicas === plan.replicas && unsettled(hub.run).length === 0;
  if ((await pace.wait(preparedWithinMs, settled)) === 'timeout') {
    return failed(
      `the pods did not settle within ${plainDuration(preparedWithinMs)}: ${unsettled(hub.run).join(', ')}`,
      true,
    );
  }
  await pace.wait(rulesMs);
  const set = agent.setTraffic(undefined, wholeTraffic(plan.traffic));
  if (!set.ok) return failed(set.message, true);
  const before = [...hub.run.lanes.values()].map(({ spec }) => spec);
  const put = await replaceLanes(agent, before, plan.lanes);
  if (!put.ok) return failed(put.message, true);
  const started = agent.startTraffic(undefined);
  if (!started.ok) return failed(started.message, true);
  const answering = () => plan.lanes.every(({ id }) => (hub.run.lanes.get(id)?.counts.answered ?? 0) > 0);
  if (plan.replicas > 0) await pace.wait(firstCallsMs, answering);
  const silent = plan.lanes.filter(({ id }) => (hub.run.lanes.get(id)?.counts.answered ?? 0) === 0);
  return silent.length === 0 || plan.replicas === 0
    ? done()
    : done(`no call was answered on ${silent.map(({ label, id }) => label || id).join(', ')}`);
}

/** What the file leaves out is as at a fresh start, not as someone left it. */
function wholeTraffic(given: Plan['traffic']): Plan['traffic'] {
  const { ratePerSecond, concurrency: _, $typeName: __, $unknown: ___, ...rest } = defaultTraffic();
  return { ...rest, ...(given.concurrency === undefined ? { ratePerSecond } : {}), ...given };
}

async function rollout(preStop: 'none' | number | undefined, context: ActContext): Promise<Acted> {
  const { parts } = context;
  const { agent, deployment, hub } = parts;
  const generation = hub.run.deployment?.generation ?? 0;
  const seen = (run: Run) => (run.deployment?.generation ?? 0) > generation;
  if (preStop === undefined) return asked(await agent.restartRollout(), context, seen);
  const before = await deployment.preStop();
  if (!before.ok) return failed(before.message, true);
  if (before.seconds === preStop)
    return asked(await agent.restartRollout(), context, seen, 'the preStop sleep was so already');
  context.remember((plan) => ({ ...plan, preStop: plan.preStop ?? before.seconds }));
  hub.publish({ kind: { case: 'rolloutAsked', value: {} } });
  const from = before.seconds === 'none' ? 'none' : `${before.seconds} s`;
  return asked(await deployment.setPreStop(preStop), context, seen, `preStop sleep was ${from}`);
}

async function fault(
  context: ActContext,
  act: (lab: NonNullable<RunnerParts['lab']>) => Promise<Done>,
  undo: Partial<RestorePlan>,
): Promise<Acted> {
  const { lab } = context.parts;
  if (lab === undefined) return failed('this needs the embedded cluster, and this cluster is not one', true);
  context.remember((plan) => ({ ...plan, ...undo }));
  return asked(await act(lab), context);
}

/** The step is over when the truth watch shows it: a condition after it must not be met by how things were before. */
async function asked(
  outcome: Done,
  { parts, pace }: ActContext,
  seen: (run: Run) => boolean = () => true,
  note = '',
): Promise<Acted> {
  if (!outcome.ok) return failed(outcome.message, true);
  await pace.wait(seenWithinMs, () => seen(parts.hub.run));
  return done(note);
}

function choose({ pod, as }: Chosen, { parts, recorded }: ActContext) {
  const choice = choosePod(pod, parts.hub.run, recorded);
  if (choice.kind === 'none') return failed(`no pod to choose: ${choice.why}`, false);
  if (as !== undefined) recorded.name(as, choice.uid);
  return choice;
}

function rememberBehavior({ parts, remember }: ActContext, podUid: string, pod: string): void {
  const behavior = parts.hub.run.pods.get(podUid)?.pod.behavior;
  const { ready = true, delayMs = 0, errorRate = 0 } = behavior ?? {};
  remember((plan) =>
    plan.behaviors.some((each) => each.podUid === podUid)
      ? plan
      : { ...plan, behaviors: [...plan.behaviors, { podUid, pod, ready, delayMs, errorRate }] },
  );
}

function done(note = ''): Acted {
  return { kind: 'done', note };
}

function skipped(note: string): Acted {
  return { kind: 'skipped', note };
}

function failed(why: string, refused: boolean) {
  return { kind: 'failed', why, refused } as const;
}

/** What pods were told, or else were started with. */
function ageNow({ maxConnectionAge, deployment }: Run): { ageMs: number; graceMs: number } {
  if (maxConnectionAge !== undefined) return maxConnectionAge;
  return { ageMs: deployment?.maxConnectionAgeMs ?? -1, graceMs: deployment?.maxConnectionAgeGraceMs ?? -1 };
}
