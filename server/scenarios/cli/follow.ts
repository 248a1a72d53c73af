import { setTimeout as sleep } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { AgentService } from '../../../gen/lbscope/agent/v1/agent_pb.js';
import type { Event, Frame, Pod } from '../../../gen/lbscope/events/v1/events_pb.js';
import { type ScenarioRun, ScenarioRunSchema } from '../../../gen/lbscope/events/v1/scenarios_pb.js';
import { fold, fromSnapshot } from '../../../model/run.ts';
import { isUnderWay } from '../../../model/scenario/fold.ts';
import type { Run } from '../../../model/state.ts';
import { toMs } from '../../../model/time.ts';

/** What became of one scenario, with everything a report draws. */
export interface Result {
  /** As the command line named it. */
  readonly name: string;
  readonly run: ScenarioRun;
  readonly frames: readonly Frame[];
  readonly events: readonly Event[];
  readonly pods: readonly Pod[];
  readonly lanes: readonly { readonly id: string; readonly label: string; readonly mechanism: string }[];
  readonly tookMs: number;
  /** Of the recorded run; empty if it could not run. */
  readonly runId: string;
}

/** An agent that has just been started has not seen its cluster yet; one far away takes some seconds. */
const seenWithin = { attempts: 60, pauseMs: 500 };

export interface Agent {
  /** The ids of the scenarios that the agent ships, quick ones marked. */
  list(): Promise<{ id: string; quick: boolean }[]>;
  run(name: string, wanted: { id: string } | { text: string }, onChange: (run: ScenarioRun) => void): Promise<Result>;
  abort(): Promise<void>;
}

/** The agent behind its API, as any client would use it. */
export function agentAt(url: string, token: string | undefined): Agent {
  const transport = createConnectTransport({
    baseUrl: url,
    httpVersion: '1.1',
    useBinaryFormat: true,
    interceptors: [
      (next) => (request) => {
        if (token !== undefined) request.header.set('authorization', `Bearer ${token}`);
        return next(request);
      },
    ],
  });
  const client = createClient(AgentService, transport);

  return {
    async list() {
      const { scenarios } = await client.listScenarios({});
      return scenarios.map(({ scenario }) => ({ id: scenario?.id ?? '', quick: scenario?.quick ?? false }));
    },

    async run(name, wanted, onChange) {
      const begun = performance.now();
      const stop = new AbortController();
      // The stream first: no event of the run may be missed.
      const stream = client.watch({}, { signal: stop.signal })[Symbol.asyncIterator]();
      const first = await stream.next();
      let id: string;
      try {
        ({ scenarioRunId: id } = await onceSeen(() => client.startScenario({ ...wanted, by: 'npm run scenario' })));
      } catch (error) {
        stop.abort();
        await stream.next().catch(() => {});
        const { rawMessage, code } = ConnectError.from(error);
        const why =
          code === Code.Unauthenticated || code === Code.PermissionDenied
            ? `${rawMessage} (LBSCOPE_TOKEN)`
            : rawMessage;
        return couldNotRun(name, why);
      }
      const frames: Frame[] = [];
      const events: Event[] = [];
      const pods = new Map<string, Pod>();
      const lanes = new Map<string, Result['lanes'][number]>();
      let run: Run | undefined;
      const keep = () => {
        for (const { pod } of run?.pods.values() ?? []) pods.set(pod.uid, pod);
        if (run?.scenario?.state === 'restoring') return;
        for (const { id: laneId, spec } of run?.lanes.values() ?? []) {
          if (run?.scenario?.scenario?.lanes.includes(laneId)) {
            lanes.set(laneId, { id: laneId, label: spec.label || laneId, mechanism: spec.mechanism });
          }
        }
      };
      let told = '';
      const mine = () => run?.scenario?.id === id;
      try {
        for (let item = first; item.done !== true; item = await stream.next()) {
          const update = item.value.item;
          if (update.case === 'snapshot') run = fromSnapshot(update.value);
          else if (update.case === 'restarted') run = update.value.snapshot && fromSnapshot(update.value.snapshot);
          else if (run !== undefined && update.case === 'frame') {
            fold(run, { case: 'frame', value: update.value });
            if (mine() && run.scenario?.state !== 'restoring') frames.push(update.value);
          } else if (run !== undefined && update.case === 'event') {
            fold(run, { case: 'event', value: update.value });
            if (mine()) events.push(update.value);
          }
          if (run === undefined || !mine() || run.scenario === undefined) continue;
          keep();
          const { scenario } = run;
          const state = changeKey(scenario);
          if (state !== told) onChange(scenario);
          told = state;
          if (!isUnderWay(scenario)) {
            return {
              name,
              run: scenario,
              frames: frames.filter(({ from }) => toMs(from) >= toMs(scenario.startedAt)),
              events,
              pods: [...pods.values()],
              lanes: [...lanes.values()],
              tookMs: performance.now() - begun,
              runId: run.runId,
            };
          }
        }
        return couldNotRun(name, 'the agent ended its stream');
      } catch (error) {
        return couldNotRun(name, `the agent is lost: ${ConnectError.from(error).rawMessage}`);
      } finally {
        stop.abort();
      }
    },

    async abort() {
      await client.abortScenario({}).catch(() => {});
    },
  };
}

/** What a terminal would show of it: equal keys, nothing to print. */
function changeKey(run: ScenarioRun): string {
  return [
    run.state,
    run.step,
    run.said,
    ...(run.scenario?.steps.map(({ state }) => state) ?? []),
    ...(run.scenario?.expectations.map(({ state }) => state) ?? []),
    ...(run.scenario?.questions.map(({ answered }) => answered) ?? []),
  ].join('|');
}

export function couldNotRun(name: string, reason: string): Result {
  return {
    name,
    run: create(ScenarioRunSchema, {
      state: 'ended',
      outcome: 'could_not_run',
      reason,
      scenario: { id: name, title: name },
    }),
    frames: [],
    events: [],
    pods: [],
    lanes: [],
    tookMs: 0,
    runId: '',
  };
}

/** Asks again while the agent says that it cannot yet. Throws its last refusal. */
async function onceSeen<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (ConnectError.from(error).code !== Code.Unavailable || attempt >= seenWithin.attempts) throw error;
      await sleep(seenWithin.pauseMs);
    }
  }
}
