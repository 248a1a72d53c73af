import { create } from '@bufbuild/protobuf';
import { ScenarioRunSchema, ScenarioSchema } from '../../../gen/lbscope/events/v1/scenarios_pb.js';
import { answer } from '../../../model/scenario/answer.ts';
import { outcomeOf } from '../../../model/scenario/fold.ts';
import { judge } from '../../../model/scenario/judge.ts';
import type { Judgement, Span } from '../../../model/scenario/types.ts';
import type { Window } from '../../../model/scenario/window.ts';
import { fromMs } from '../../../model/time.ts';
import type { Done } from '../../api/agent-port.ts';
import { describe } from '../describe.ts';
import type { Act, Plan } from '../format/plan.ts';
import { type Acted, perform } from './act.ts';
import { Aborted, Pace } from './pace.ts';
import type { RunnerParts } from './ports.ts';
import { Record as Recorded } from './record.ts';
import { restore } from './restore.ts';
import { capture, type RestorePlan } from './restore-plan.ts';
import { Votes } from './votes.ts';

export interface Wanted {
  readonly plan: Plan;
  readonly guided: boolean;
  readonly by: string;
}

export type Outcome = 'pass' | 'fail' | 'inconclusive' | 'aborted' | 'could_not_run';

interface Running {
  readonly id: string;
  readonly plan: Plan;
  readonly by: string;
  readonly guided: boolean;
  readonly pace: Pace;
  readonly recorded: Recorded;
  readonly votes: Votes;
  restore: RestorePlan;
  /** By number of the expectation; absent: not judged yet. */
  readonly judged: Map<number, Judgement>;
  state: 'running' | 'paused' | 'waiting' | 'restoring';
  ended: Promise<void>;
}

/**
 * Runs one scenario at a time: idle -> running (paused, waiting) -> restoring -> idle. Everything it does goes through
 * the agent's own port, and everything it says is an event; its state for viewers is the fold of these.
 */
export class Runner {
  readonly #parts: RunnerParts;
  #running: Running | undefined;
  /** What a run before this agent left behind is put back first. */
  #recovering: Promise<void> | undefined;
  /** Votes of the last run may be revealed after its end. */
  #lastVotes: Votes | undefined;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  /** Who and what runs; undefined: nothing does. */
  get busy(): string | undefined {
    if (this.#recovering !== undefined) return 'what an earlier scenario changed is being restored';
    const running = this.#running;
    if (running === undefined) return undefined;
    return `"${running.plan.title}" runs, started by ${running.by}${running.state === 'restoring' ? ', and is restoring what it changed' : ''}`;
  }

  async start({ plan, guided, by }: Wanted): Promise<Done<{ scenarioRunId: string }>> {
    const { hub, store, clock, timers, newId, agent } = this.#parts;
    const busy = this.busy;
    if (busy !== undefined) return refused(`${busy}: one scenario at a time; abort it, or wait for its end`);
    if (hub.run.deployment === undefined)
      return {
        ok: false,
        code: 'unavailable',
        message: `the Deployment is not known yet: ${hub.run.cluster.reason || 'the cluster has not been seen'}`,
      };
    if (plan.needs.includes('lab') && this.#parts.lab === undefined) {
      return refused(
        `"${plan.title}" needs the embedded cluster: it has faults that no other cluster can be told to have`,
      );
    }
    const before = capture(hub.run, (laneId) => agent.wanted(laneId), plan.title, by, store.load());
    try {
      store.save(before);
    } catch (error) {
      return refused(
        `what the scenario will change could not be written down (${error instanceof Error ? error.message : String(error)}), so it does not begin`,
      );
    }
    const running: Running = {
      id: newId(),
      plan,
      by,
      guided,
      pace: new Pace(clock, timers),
      recorded: new Recorded(),
      votes: new Votes(),
      restore: before,
      judged: new Map(),
      state: 'running',
      ended: Promise.resolve(),
    };
    this.#running = running;
    this.#lastVotes = running.votes;
    // Counts and brackets of the run are the scenario's alone.
    await agent.newRun();
    this.#started(running.id, plan, by, guided);
    running.ended = this.#run(running);
    return { ok: true, scenarioRunId: running.id };
  }

  pause(paused: boolean): Done {
    const running = this.#running;
    if (running === undefined || running.state === 'restoring') return nothingRuns;
    running.pace.pause(paused);
    if (paused && running.state === 'running') this.#state(running, 'paused', 'someone paused it');
    else if (!paused && running.state === 'paused') this.#state(running, 'running');
    return { ok: true };
  }

  next(): Done {
    const running = this.#running;
    if (running === undefined || running.state === 'restoring') return nothingRuns;
    if (running.state === 'paused') this.pause(false);
    else running.pace.next();
    return { ok: true };
  }

  abort(why = 'someone aborted it'): Done {
    const running = this.#running;
    if (running === undefined || running.state === 'restoring') return nothingRuns;
    running.pace.abort(why);
    return { ok: true };
  }

  vote(question: number, voter: string, choice: number): Done {
    const votes = this.#running?.votes;
    if (votes === undefined) return nothingRuns;
    const cast = votes.cast(question, voter, choice);
    if (cast.ok) this.#tellVotes(votes, question);
    return cast;
  }

  reveal(question: number): Done {
    const votes = this.#lastVotes;
    if (votes === undefined) return nothingRuns;
    const revealed = votes.reveal(question);
    if (revealed.ok) this.#tellVotes(votes, question);
    return revealed;
  }

  /** At the agent's start: puts back what a run left behind that ended with the agent. `lanes`: those of that agent were taken over. */
  recover(lanes: boolean): Promise<void> {
    const left = this.#parts.store.load();
    if (left === undefined) return Promise.resolve();
    this.#recovering = this.#recover(left, lanes).finally(() => {
      this.#recovering = undefined;
    });
    return this.#recovering;
  }

  /** When the agent ends: what can be restored in the time it has; the rest stays written down for the next agent. */
  stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return Promise.resolve();
    running.pace.abort('the agent ends');
    return running.ended;
  }

  async #recover(left: RestorePlan, lanes: boolean): Promise<void> {
    const { hub, clock, timers, newId } = this.#parts;
    const pace = new Pace(clock, timers);
    // Which pods there are is known once the cluster was seen.
    await pace.wait(recoverWaitMs, () => hub.run.deployment !== undefined && hub.run.pods.size > 0);
    const run = create(ScenarioRunSchema, {
      id: newId(),
      scenario: create(ScenarioSchema, { title: left.scenario }),
      state: 'restoring',
      startedAt: fromMs(clock.now()),
      startedBy: left.startedBy,
    });
    hub.publish({ kind: { case: 'scenarioStarted', value: { run } } });
    const { sentences } = await restore(left, this.#parts, pace, lanes);
    this.#end('aborted', 'the agent ended while it ran', sentences);
  }

  async #run(running: Running): Promise<void> {
    const { hub } = this.#parts;
    const unsubscribe = hub.subscribe((update) => running.recorded.add(update));
    let failure: { outcome: Outcome; reason: string } | undefined;
    try {
      failure = await this.#steps(running);
    } catch (error) {
      const reason = error instanceof Aborted ? error.why : `a fault of the runner: ${String(error)}`;
      failure = { outcome: error instanceof Aborted ? 'aborted' : 'could_not_run', reason };
    }
    unsubscribe();
    for (const question of running.votes.asked) this.#closeVote(running.votes, question);
    this.#judgeRest(running, failure?.reason ?? '');
    this.#state(running, 'restoring');
    const { sentences } = await restore(running.restore, this.#parts, running.pace, true);
    const outcome = failure?.outcome ?? outcomeOf([...running.judged.values()].map(({ state }) => state));
    this.#running = undefined;
    this.#end(outcome, failure?.reason ?? '', sentences);
  }

  /** Undefined: every step was done. */
  async #steps(running: Running): Promise<{ outcome: Outcome; reason: string } | undefined> {
    const { plan, pace, recorded } = running;
    const { hub, edge } = this.#parts;
    for (const [index, step] of plan.steps.entries()) {
      await pace.whilePaused();
      recorded.stepStarted(index, hub.run, await edge());
      hub.publish({ kind: { case: 'stepStarted', value: { index, text: step.text } } });
      const acted = await this.#act(running, step.act);
      recorded.stepEnded(index, await edge());
      const note = acted.kind === 'failed' ? acted.why : acted.note;
      hub.publish({ kind: { case: 'stepEnded', value: { index, state: acted.kind, note } } });
      if (acted.kind === 'failed') {
        // What fell over before the first step never ran; later ones leave what was judged so far.
        const outcome = acted.refused ? 'could_not_run' : 'inconclusive';
        return { outcome, reason: `${step.text}: ${acted.why}` };
      }
      this.#judge(running, index);
    }
    return undefined;
  }

  async #act(running: Running, act: Act): Promise<Acted> {
    const { hub } = this.#parts;
    const { plan, pace, recorded } = running;
    if (act.kind === 'say') {
      hub.publish({ kind: { case: 'said', value: { text: act.text } } });
      await this.#forRoom(running);
      return { kind: 'done', note: '' };
    }
    if (act.kind === 'ask') {
      running.votes.open(act.question, plan.questions[act.question]?.choices.length ?? 0);
      hub.publish({ kind: { case: 'asked', value: { question: act.question } } });
      await this.#forRoom(running);
      // In a room the presenter ends the vote by going on; alone one may still vote while the answer is on its way.
      if (running.guided) this.#closeVote(running.votes, act.question);
      return { kind: 'done', note: '' };
    }
    return perform(act, {
      plan,
      parts: this.#parts,
      pace,
      recorded,
      remember: (change) => {
        running.restore = change(running.restore);
        this.#parts.store.save(running.restore);
      },
    });
  }

  /** A guided run waits for the presenter; any other goes on at once. */
  async #forRoom(running: Running): Promise<void> {
    if (!running.guided) return;
    this.#state(running, 'waiting', 'for the presenter');
    await running.pace.forNext();
    // Someone may have paused it meanwhile: what comes next waits for them, and says so.
    if (running.pace.paused) this.#state(running, 'paused', 'someone paused it');
    else this.#state(running, 'running');
  }

  /** Everything whose window ended with this step. */
  #judge(running: Running, index: number): void {
    const { plan } = running;
    for (const [number, expectation] of plan.expectations.entries()) {
      if (expectation.toStep !== index) continue;
      const window = this.#window(running, expectation);
      this.#judged(running, number, window === undefined ? tooLongAgo : judge(expectation, window));
    }
    for (const [number, { rule }] of plan.questions.entries()) {
      if (rule.toStep === index) this.#answer(running, number);
    }
  }

  #answer(running: Running, number: number): void {
    const question = running.plan.questions[number];
    if (question === undefined) return;
    const window = this.#window(running, question.rule);
    const labels = new Map(running.plan.lanes.map((lane) => [lane.id, lane.label || lane.id]));
    const { right, finding } =
      window === undefined
        ? { right: [], finding: `not answered: ${tooLongAgo.finding}` }
        : answer(question.rule, window, (lane) => labels.get(lane) ?? lane);
    // Who knows the answer predicts nothing.
    this.#closeVote(running.votes, number);
    this.#parts.hub.publish({
      kind: { case: 'questionAnswered', value: { question: number, right: [...right], finding } },
    });
  }

  #window(running: Running, span: Span): Window | undefined {
    return running.recorded.window(span, this.#parts.hub.run);
  }

  /** What was never reached can't be told. */
  #judgeRest(running: Running, reason: string): void {
    for (const number of running.plan.expectations.keys()) {
      if (running.judged.has(number)) continue;
      this.#judged(running, number, {
        state: 'inconclusive',
        finding: reason === '' ? 'its steps were not reached' : `its steps were not reached (${reason})`,
        value: undefined,
        sample: 0,
        p: undefined,
      });
    }
  }

  #judged(running: Running, index: number, judgement: Judgement): void {
    running.judged.set(index, judgement);
    const { state, finding, value, sample, p } = judgement;
    this.#parts.hub.publish({
      kind: {
        case: 'expectationJudged',
        value: {
          index,
          state,
          finding,
          sample,
          ...(value === undefined ? {} : { value }),
          ...(p === undefined ? {} : { pValue: p }),
        },
      },
    });
  }

  #started(id: string, plan: Plan, by: string, guided: boolean): void {
    const run = create(ScenarioRunSchema, {
      id,
      scenario: describe(plan),
      state: 'running',
      startedAt: fromMs(this.#parts.clock.now()),
      startedBy: by,
      guided,
    });
    this.#parts.hub.publish({ kind: { case: 'scenarioStarted', value: { run } } });
  }

  #state(running: Running, state: Running['state'], reason = ''): void {
    running.state = state;
    this.#parts.hub.publish({ kind: { case: 'scenarioStateChanged', value: { state, reason } } });
  }

  #closeVote(votes: Votes, question: number): void {
    if (votes.close(question)) this.#tellVotes(votes, question);
  }

  #tellVotes(votes: Votes, question: number): void {
    this.#parts.hub.publish({ kind: { case: 'votesChanged', value: { question, ...votes.shown(question) } } });
  }

  #end(outcome: Outcome, reason: string, restored: readonly string[]): void {
    this.#parts.hub.publish({ kind: { case: 'scenarioEnded', value: { outcome, reason, restored: [...restored] } } });
  }
}

const recoverWaitMs = 30_000;
const nothingRuns: Done = { ok: false, code: 'failed_precondition', message: 'no scenario runs' };
const tooLongAgo: Judgement = {
  state: 'inconclusive',
  finding: 'its window began longer ago than is kept',
  value: undefined,
  sample: 0,
  p: undefined,
};

function refused(message: string): Extract<Done, { ok: false }> {
  return { ok: false, code: 'failed_precondition', message };
}
