import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import type { AgentService } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { LaneSpecSchema, type Traffic } from '../../gen/lbscope/events/v1/events_pb.js';
import { shownPresets } from '../../model/presets.ts';
import { fromMs, toMs } from '../../model/time.ts';
import type { Hub } from '../events/hub.ts';
import type { Clock, Timers } from '../events/port.ts';
import type { Agent, Done } from './agent-port.ts';
import { aboveCeilings, type Ceilings } from './ceilings.ts';
import { callerRole } from './roles.ts';
import { type Runs, recordedHistory, recordedSnapshot, runHandlers } from './runs.ts';
import type { Scenarios } from './scenarios-port.ts';
import { watch } from './watch.ts';

export interface HandlerParts {
  readonly hub: Hub;
  readonly agent: Agent;
  readonly runs: Runs;
  readonly scenarios: Scenarios;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ceilings: Ceilings;
  /** Whether a token can give a caller more than it has. */
  readonly withTokens: boolean;
}

/** Viewers at once: some thirty are expected; this bounds memory when someone opens streams in a loop. */
const mostViewers = 500;

/**
 * The methods of the design's table. Fields were checked before (preflight.ts): here a required one is there and in range.
 * Each answers with a sequence that is not older than what it brought about, so that a viewer knows when it has seen it.
 */
export function handlers({
  hub,
  agent,
  runs,
  scenarios,
  clock,
  timers,
  ceilings,
  withTokens,
}: HandlerParts): ServiceImpl<typeof AgentService> {
  return {
    ...runHandlers(runs),

    getSnapshot({ runId = hub.runId, at }) {
      return runId === hub.runId && at === undefined
        ? hub.snapshot()
        : recordedSnapshot(runs, runId, at === undefined ? undefined : toMs(at));
    },

    getAccess(_, context) {
      const role = context.values.get(callerRole);
      return {
        role,
        tokenNeeded: withTokens && role !== 'control',
        mostRatePerSecond: ceilings.ratePerSecond,
        mostConcurrency: ceilings.concurrency,
        mostReplicas: ceilings.replicas,
      };
    },

    watch(request, context) {
      if (hub.viewers >= mostViewers) {
        throw new ConnectError(`there are ${mostViewers} viewers, which is the most`, Code.ResourceExhausted);
      }
      return watch(request, { hub, clock, timers }, context.signal);
    },

    readHistory(request) {
      const { runId = hub.runId, from, to, resolutionMs = 200, eventKinds } = request;
      if (runId !== hub.runId) return recordedHistory(runs, runId, request);
      const started = hub.run.runStartedAt;
      const since = from === undefined ? started : Math.max(started, toMs(from));
      const slice = hub.history.read(since, to === undefined ? Number.POSITIVE_INFINITY : toMs(to), resolutionMs);
      // What memory no longer holds may still be on disk.
      if (slice.since > since + 1_000 && hub.run.recording?.state === 'recording') {
        return recordedHistory(runs, runId, request);
      }
      return {
        runId,
        frames: [...slice.frames],
        events:
          eventKinds.length === 0
            ? [...slice.events]
            : slice.events.filter(({ kind }) => eventKinds.includes(kind.case ?? '')),
        resolutionMs: slice.resolutionMs,
        since: fromMs(Number.isFinite(slice.since) ? Math.max(started, slice.since) : clock.now()),
      };
    },

    startTraffic({ laneId }) {
      done(agent.startTraffic(laneId));
      return { sequence: hub.sequence };
    },

    stopTraffic({ laneId }) {
      done(agent.stopTraffic(laneId));
      return { sequence: hub.sequence };
    },

    setTraffic({ laneId, $typeName: _, $unknown: __, ...given }) {
      refuseAbove(given, ceilings);
      const change = present(given);
      const { traffic } = done(agent.setTraffic(laneId, change as Partial<Traffic>));
      return { sequence: hub.sequence, traffic };
    },

    newRun: () => agent.newRun(),

    putLane({ lane }) {
      // A lane without a name is shown by its id.
      const spec = create(LaneSpecSchema, lane);
      done(agent.putLane(spec.label === '' ? { ...spec, label: spec.id } : spec));
      return { sequence: hub.sequence };
    },

    listPresets({ presetId }) {
      const all = shownPresets(hub.run);
      if (presetId === undefined) return { presets: all };
      const found = all.filter(({ id }) => id === presetId);
      if (found.length === 0) {
        const ids = all.map(({ id }) => id).join(', ');
        throw new ConnectError(`presetId is "${presetId}": there is no such preset; there are ${ids}`, Code.NotFound);
      }
      return { presets: found.map((preset) => ({ ...preset, objects: agent.presetObjects(presetId) ?? '' })) };
    },

    async runEncodingBenchmark() {
      const { codecs, calls, note } = done(await agent.encodingBenchmark());
      return { codecs: [...codecs], calls: [...calls], note };
    },

    async addPreset({ presetId = '', laneId, target, tls, workers, method }) {
      const { ok: _, ...added } = done(await agent.addPreset(presetId, { laneId, target, tls, workers, method }));
      return { sequence: hub.sequence, ...added };
    },

    removeLane({ laneId = '' }) {
      done(agent.removeLane(laneId));
      return { sequence: hub.sequence };
    },

    async scaleDeployment({ replicas = 0 }) {
      refuseAbove({ replicas }, ceilings);
      const { from, to } = done(await agent.scale(replicas));
      return { sequence: hub.sequence, from, to };
    },

    async deletePod({ pod = '', gracePeriodSeconds }) {
      const { uid } = done(await agent.deletePod(pod, gracePeriodSeconds));
      return { sequence: hub.sequence, uid };
    },

    async restartRollout() {
      done(await agent.restartRollout());
      return { sequence: hub.sequence };
    },

    async setPodBehavior({ pod = '', $typeName: _, $unknown: __, ...given }) {
      const { uid } = done(await agent.setPodBehavior(pod, present(given)));
      return { sequence: hub.sequence, uid };
    },

    listScenarios: () => ({ scenarios: scenarios.list() }),
    getScenario: ({ id = '' }) => done(scenarios.get(id)),
    checkScenario: ({ text = '' }) => scenarios.check(text),

    async startScenario({ id, text, guided = false, by = '' }) {
      const { scenarioRunId } = done(await scenarios.start({ id, text, guided, by: by === '' ? 'someone' : by }));
      return { sequence: hub.sequence, scenarioRunId };
    },

    pauseScenario({ paused = true }) {
      done(scenarios.pause(paused));
      return { sequence: hub.sequence };
    },

    nextStep() {
      done(scenarios.next());
      return { sequence: hub.sequence };
    },

    abortScenario() {
      done(scenarios.abort());
      return { sequence: hub.sequence };
    },

    castVote({ question = 0, voter = '', choice = 0 }) {
      done(scenarios.vote(question, voter, choice));
      return { sequence: hub.sequence };
    },

    revealVotes({ question = 0 }) {
      done(scenarios.reveal(question));
      return { sequence: hub.sequence };
    },

    async setMaxConnectionAge({ ageMs = -1, graceMs = -1 }) {
      const { pods, missed } = done(await agent.setMaxConnectionAge(ageMs, graceMs));
      return { sequence: hub.sequence, pods, missed };
    },
  };
}

/** Only what was given. */
function present<T extends object>(given: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never;
}

const codes: Readonly<Record<Extract<Done, { ok: false }>['code'], Code>> = {
  not_found: Code.NotFound,
  permission_denied: Code.PermissionDenied,
  unavailable: Code.Unavailable,
  failed_precondition: Code.FailedPrecondition,
  resource_exhausted: Code.ResourceExhausted,
};

/** The one place where a refusal, a value until here, becomes Connect's exception. */
function done<T extends object>(outcome: Done<T>): { readonly ok: true } & T {
  if (outcome.ok) return outcome;
  throw new ConnectError(outcome.message, codes[outcome.code]);
}

function refuseAbove(asked: Parameters<typeof aboveCeilings>[0], ceilings: Ceilings): void {
  const faults = aboveCeilings(asked, ceilings);
  if (faults.length > 0) throw new ConnectError(faults.join('; '), Code.InvalidArgument);
}
