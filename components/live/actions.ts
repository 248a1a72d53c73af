import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  AddPresetRequestSchema,
  GetSnapshotResponse,
  RunEncodingBenchmarkResponse,
} from '../../gen/lbscope/agent/v1/agent_pb.js';
import type { LaneSpecSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import type { AgentClient } from './client.ts';
import type { Notice } from './notice.ts';
import { type Outcome, reasonOf } from './outcome.ts';
import type { Pending } from './pending.ts';

export type TrafficChange = NonNullable<Pending['traffic']>;

export type Behavior = { ready?: boolean; delayMs?: number; errorRate?: number; crash?: boolean };

/** Objects that are still to be applied, where the agent was not told to apply any itself. */
export type Added = { laneId: string; note: string; objects: string };

/** What a preset needs to be told. */
export type PresetGiven = Pick<MessageInitShape<typeof AddPresetRequestSchema>, 'target' | 'method'>;

/** Everything that a person may ask of the agent. Each shows its effect at once and takes it back when refused. */
export type Actions = {
  start(): Promise<Outcome>;
  stop(): Promise<Outcome>;
  setTraffic(change: TrafficChange): Promise<Outcome>;
  newRun(): Promise<Outcome>;
  scale(replicas: number): Promise<Outcome>;
  restartRollout(): Promise<Outcome>;
  setMaxConnectionAge(ageMs: number, graceMs: number): Promise<Outcome>;
  deletePod(uid: string, gracePeriodSeconds?: number): Promise<Outcome>;
  behave(uid: string, behavior: Behavior): Promise<Outcome>;
  /** `added`: told what was done, or what is left to do. */
  addPreset(presetId: string, given?: PresetGiven, added?: (answer: Added) => void): Promise<Outcome>;
  putLane(lane: MessageInitShape<typeof LaneSpecSchema>): Promise<Outcome>;
  removeLane(laneId: string): Promise<Outcome>;
  /** Protobuf against JSON, some seconds long; `measured`: told the figures. */
  measureEncoding(measured: (answer: RunEncodingBenchmarkResponse) => void): Promise<Outcome>;
  /** Guided: it waits for the presenter after each say and ask. */
  startScenario(id: string): Promise<Outcome>;
  pauseScenario(paused: boolean): Promise<Outcome>;
  nextStep(): Promise<Outcome>;
  abortScenario(): Promise<Outcome>;
  vote(question: number, voter: string, choice: number): Promise<Outcome>;
  revealVotes(question: number): Promise<Outcome>;
};

export type ActionPorts = {
  /** Shows what is asked for; the answer takes it back. */
  expect(pending: Pending): () => void;
  /** Says a refusal in one line. */
  refused(message: string): void;
  /** Says what was done, with the way back. */
  done(message: string, undo?: Notice['undo']): void;
  snapshot(): GetSnapshotResponse | undefined;
};

/** Longer than any of these takes; then the agent counts as not answering. */
const timeoutMs = 10_000;
/** A preset's objects may have to be applied first. */
const objectsTimeoutMs = 30_000;
/** A benchmark of some seconds, on a machine that may be busy. */
const benchmarkTimeoutMs = 60_000;

export function createActions(client: AgentClient, ports: ActionPorts): Actions {
  const ask = async (pending: Pending, call: () => Promise<unknown>): Promise<Outcome> => {
    const takeBack = ports.expect(pending);
    try {
      await call();
      return { ok: true };
    } catch (error) {
      takeBack();
      const message = reasonOf(error);
      ports.refused(message);
      return { ok: false, message };
    }
  };
  const options = { timeoutMs };
  const putLane = (lane: MessageInitShape<typeof LaneSpecSchema>) =>
    ask({}, () => client.putLane({ lane }, { timeoutMs: objectsTimeoutMs }));
  const scale = (replicas: number) => ask({ replicas }, () => client.scaleDeployment({ replicas }, options));
  return {
    start: () => ask({ running: true }, () => client.startTraffic({}, options)),
    stop: () => ask({ running: false }, () => client.stopTraffic({}, options)),
    setTraffic: (change) => ask({ traffic: change }, () => client.setTraffic(change, options)),
    newRun: () => ask({}, () => client.newRun({}, options)),
    async scale(replicas) {
      const before = ports.snapshot()?.deployment?.replicas;
      const outcome = await scale(replicas);
      // One step up is taken back by one step down; pods that are gone do not come back as they were.
      if (outcome.ok && before !== undefined && replicas < before) {
        ports.done(`Scaled ${before} → ${replicas}.`, {
          label: `Back to ${before}`,
          run: () => void scale(before),
        });
      }
      return outcome;
    },
    restartRollout: () => ask({}, () => client.restartRollout({}, options)),
    setMaxConnectionAge: (ageMs, graceMs) => ask({}, () => client.setMaxConnectionAge({ ageMs, graceMs }, options)),
    deletePod: (pod, gracePeriodSeconds) =>
      ask({}, () =>
        client.deletePod(gracePeriodSeconds === undefined ? { pod } : { pod, gracePeriodSeconds }, options),
      ),
    behave: (pod, behavior) => ask({}, () => client.setPodBehavior({ pod, ...behavior }, options)),
    addPreset: (presetId, given, added) =>
      ask({}, async () => {
        const { laneId, note, objects } = await client.addPreset(
          { ...given, presetId },
          { timeoutMs: objectsTimeoutMs },
        );
        added?.({ laneId, note, objects });
      }),
    putLane,
    async removeLane(laneId) {
      const lane = ports.snapshot()?.lanes.find(({ id }) => id === laneId);
      const outcome = await ask({ removed: [laneId] }, () => client.removeLane({ laneId }, options));
      const spec = lane?.spec;
      if (outcome.ok && spec !== undefined) {
        ports.done(`Removed ${lane?.label || laneId}.`, { label: 'Put it back', run: () => void putLane(spec) });
      }
      return outcome;
    },
    measureEncoding: (measured) =>
      ask({}, async () => measured(await client.runEncodingBenchmark({}, { timeoutMs: benchmarkTimeoutMs }))),
    startScenario: (id) => ask({}, () => client.startScenario({ id, guided: true, by: 'the presenter' }, options)),
    pauseScenario: (paused) => ask({}, () => client.pauseScenario({ paused }, options)),
    nextStep: () => ask({}, () => client.nextStep({}, options)),
    abortScenario: () => ask({}, () => client.abortScenario({}, options)),
    vote: (question, voter, choice) => ask({}, () => client.castVote({ question, voter, choice }, options)),
    revealVotes: (question) => ask({}, () => client.revealVotes({ question }, options)),
  };
}
