import type { Done } from '../../api/agent-port.ts';
import { unsettled } from './conditions.ts';
import { presetsOf, replaceLanes } from './lanes.ts';
import type { Pace } from './pace.ts';
import type { RunnerParts } from './ports.ts';
import type { LaneBefore, RestorePlan } from './restore-plan.ts';

/** A cluster that is away may come back: each part is tried this often, a second apart. */
const attempts = 60;
const pauseMs = 1_000;
/** Pods end within their preStop sleep and what they drain. */
const settleMs = 15_000;
const lookMs = 100;

export interface Restored {
  /** A sentence each; those that could not be begin with "not restored:". */
  readonly sentences: readonly string[];
  readonly complete: boolean;
}

/**
 * Puts back what the plan says, part by part. A part that was put back leaves the stored plan, so that what an agent that
 * dies here leaves behind is exactly what is still to do. `lanes`: whether lanes and traffic are this agent's to restore.
 */
export async function restore(plan: RestorePlan, parts: RunnerParts, pace: Pace, lanes: boolean): Promise<Restored> {
  const { agent, lab, deployment, store } = parts;
  const sentences: string[] = [];
  let left: RestorePlan = plan;
  let complete = true;

  // The list on the disk may then hold too much, which only means that the next agent does again what was done. A full
  // disk must end neither the restoring nor the agent.
  const written = (write: () => void): void => {
    try {
      write();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const sentence = `the list of what is to be restored could not be changed (${why})`;
      if (!sentences.includes(sentence)) sentences.push(sentence);
    }
  };

  const part = async (
    what: string,
    act: () => Promise<Done> | Done,
    without: Partial<RestorePlan>,
    tries = attempts,
  ): Promise<void> => {
    for (let n = 1; ; n += 1) {
      const outcome = await act();
      if (outcome.ok) {
        sentences.push(what);
        break;
      }
      // What is gone needs no restoring; what is forbidden will not be allowed by asking again.
      if (outcome.code === 'not_found') break;
      if (n >= tries || outcome.code !== 'unavailable') {
        sentences.push(`not restored: ${what} (${outcome.message})`);
        complete = false;
        return;
      }
      await pace.sleep(pauseMs);
    }
    left = { ...left, ...without };
    written(() => store.save(left));
  };

  if (lab !== undefined) {
    if (plan.dns) await part('cluster DNS answers as before', () => lab.setDns('normal'), { dns: false });
    if (plan.laneWatch) {
      await part('lanes may watch as before', () => lab.forbidLaneWatch(false), { laneWatch: false });
    }
  }
  const { lanes: before } = plan;
  if (lanes && before !== undefined) {
    await part(
      `${before.length} lanes and their traffic`,
      () => restoreLanes(before, plan, parts),
      { lanes: undefined, traffic: undefined, objects: presetsOf(before.map(({ spec }) => spec)) },
      1,
    );
  }
  // A fresh agent has lanes of its own: those of before are not to come back with the one after it.
  if (!lanes) left = { ...left, lanes: undefined, traffic: undefined };
  for (const preset of left.objects ?? []) {
    await part(`the objects of the preset ${preset}`, () => agent.applyPreset(preset), {
      objects: left.objects?.filter((each) => each !== preset),
    });
  }
  for (const before of plan.behaviors) {
    const { podUid, pod, ...behavior } = before;
    await part(
      `behaviour of ${pod}`,
      () => agent.setPodBehavior(podUid, behavior),
      { behaviors: left.behaviors.filter((each) => each.podUid !== podUid) },
      3,
    );
  }
  const { preStop, replicas, maxConnectionAge } = plan;
  if (maxConnectionAge !== undefined) {
    const { ageMs, graceMs } = maxConnectionAge;
    await part(
      ageMs < 0 ? 'no MaxConnectionAge' : `MaxConnectionAge of ${ageMs} ms`,
      () => agent.setMaxConnectionAge(ageMs, graceMs),
      { maxConnectionAge: undefined },
    );
  }
  if (preStop !== undefined) {
    await part(
      preStop === 'none' ? 'no preStop hook' : `a preStop sleep of ${preStop} s`,
      () => deployment.setPreStop(preStop),
      { preStop: undefined },
    );
  }
  const scaled = (plan.scaledTo ?? replicas) !== replicas || replicas !== parts.hub.run.deployment?.replicas;
  if (replicas !== undefined && scaled) {
    await part(`${replicas} replicas`, () => agent.scale(replicas), { replicas: undefined });
  } else {
    left = { ...left, replicas: undefined };
  }
  // What comes next begins with calm pods, and is not taken for the cause of what ends here.
  const { run } = parts.hub;
  const settled = () =>
    run.cluster.state !== 'synced' ||
    ((replicas === undefined || run.deployment?.replicas === replicas) && unsettled(run).length === 0);
  // A change of the template takes a moment to show.
  if (preStop !== undefined) await pace.sleep(pauseMs);
  for (let waited = 0; waited < settleMs && !settled(); waited += lookMs) await pace.sleep(lookMs);
  written(() => (complete ? store.clear() : store.save(left)));
  return { sentences, complete };
}

/** All lanes anew and in their old order: clients of a scenario leave nothing behind. */
async function restoreLanes(
  lanes: readonly LaneBefore[],
  { traffic }: RestorePlan,
  { agent, hub }: RunnerParts,
): Promise<Done> {
  const now = [...hub.run.lanes.values()].map(({ spec }) => spec);
  if (traffic !== undefined) {
    const outcome = agent.setTraffic(undefined, fields(traffic));
    if (!outcome.ok) return outcome;
  }
  const specs = lanes.map(({ spec }) => spec);
  // Their objects come after: the cluster may be away, and the lanes must not wait for it.
  const put = await replaceLanes(agent, now, specs, (spec) => agent.putLane(spec));
  if (!put.ok) return put;
  for (const lane of lanes) {
    if (lane.traffic !== undefined) agent.setTraffic(lane.spec.id, fields(lane.traffic));
    const set = lane.running ? agent.startTraffic(lane.spec.id) : agent.stopTraffic(lane.spec.id);
    if (!set.ok) return set;
  }
  return { ok: true };
}

/** A whole setting as a change: of rate and concurrency only the one that counts. */
function fields<T extends object>(traffic: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(traffic).filter(
      ([name, value]) =>
        !name.startsWith('$') && !((name === 'ratePerSecond' || name === 'concurrency') && value === 0),
    ),
  ) as Partial<T>;
}
