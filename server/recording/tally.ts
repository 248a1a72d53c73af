import { create } from '@bufbuild/protobuf';
import type { GetSnapshotResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { type RunInfo, RunInfoSchema, RunLaneSchema } from '../../gen/lbscope/agent/v1/runs_pb.js';
import type { Event, Frame } from '../../gen/lbscope/events/v1/events_pb.js';
import { sumOf } from '../../model/lanes.ts';
import { fromMs, toMs } from '../../model/time.ts';

/** Keeps the description of a run up to date with what is added to it. In place. */
export function count(info: RunInfo, frames: readonly Frame[], events: readonly Event[]): void {
  for (const frame of frames) {
    for (const part of frame.lanes) {
      const lane = laneOf(info, part.laneId, part.laneId);
      lane.answered += part.answered;
      lane.lost += sumOf(part.failed);
    }
  }
  for (const { laneId, kind } of events) {
    if (kind.case === 'laneChanged' && !kind.value.removed && laneId !== undefined) {
      laneOf(info, laneId, laneId).label = kind.value.lane?.label || laneId;
    } else if (kind.case === 'scenarioStarted') {
      const { scenario } = kind.value.run ?? {};
      info.scenario = scenario?.title || scenario?.id || 'a scenario';
      info.outcome = '';
    } else if (kind.case === 'scenarioEnded') {
      info.outcome = kind.value.outcome;
    }
  }
  info.events += events.length;
  for (const { sequence } of [...frames, ...events]) info.lastSequence = Math.max(info.lastSequence, sequence);
  const last = Math.max(toMs(info.lastAt), ...frames.map(({ to }) => toMs(to)), ...events.map(({ at }) => toMs(at)));
  info.lastAt = fromMs(last);
}

/** The description of a run that begins with this state. */
export function describe(state: GetSnapshotResponse): RunInfo {
  return create(RunInfoSchema, {
    runId: state.runId,
    startedAt: state.runStartedAt,
    lastAt: state.at,
    lastSequence: state.sequence,
    lanes: state.lanes.map(({ id, label }) => create(RunLaneSchema, { id, label })),
    clusterNamespace: state.cluster?.namespace ?? '',
    agentVersion: state.agentVersion,
  });
}

function laneOf(info: RunInfo, id: string, label: string) {
  const known = info.lanes.find((lane) => lane.id === id);
  if (known !== undefined) return known;
  const made = create(RunLaneSchema, { id, label });
  info.lanes.push(made);
  return made;
}
