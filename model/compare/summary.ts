import type { Change } from '../../gen/lbscope/agent/v1/agent_pb.js';
import type { RunInfo } from '../../gen/lbscope/agent/v1/runs_pb.js';
import type { Frame, Histogram } from '../../gen/lbscope/events/v1/events_pb.js';
import { Merged } from '../histogram.ts';
import { sumOf } from '../lanes.ts';
import { toMs } from '../time.ts';

/** What a run comes to, lane by lane: what comparisons and reports are made of. */
export interface RunSummary {
  readonly info: RunInfo;
  readonly lanes: readonly LaneSummary[];
}

export interface LaneSummary {
  readonly id: string;
  readonly label: string;
  readonly issued: number;
  readonly answered: number;
  readonly lost: number;
  readonly lostByClass: ReadonlyMap<string, number>;
  /** Of each pod, in all. */
  readonly pods: ReadonlyMap<string, { readonly answered: number; readonly lost: number }>;
  readonly latency: Merged;
  /** From slice to first call, ms, of each pod that came and was called. */
  readonly reactions: readonly number[];
  /** Pods that came and were never called while it lasted. */
  readonly unanswered: number;
  /** Ten seconds each; what a resampling draws. */
  readonly blocks: readonly Block[];
}

/** Calls of ten seconds: far enough apart to be taken as independent of each other, which single calls are not. */
export interface Block {
  readonly atMs: number;
  readonly issued: number;
  readonly answered: number;
  readonly lost: number;
  /** Answered per pod, the busiest first. */
  readonly ranked: readonly number[];
  readonly latency: Histogram | undefined;
}

/** `frames`: of the whole run, ten seconds wide; `changes`: all of them. */
export function summarise(info: RunInfo, frames: readonly Frame[], changes: readonly Change[]): RunSummary {
  const ids = [...new Set([...info.lanes.map(({ id }) => id), ...frames.flatMap((f) => f.lanes.map((l) => l.laneId))])];
  return { info, lanes: ids.map((id) => laneSummary(info, id, frames, changes)) };
}

function laneSummary(info: RunInfo, id: string, frames: readonly Frame[], changes: readonly Change[]): LaneSummary {
  const lostByClass = new Map<string, number>();
  const pods = new Map<string, { answered: number; lost: number }>();
  const latency = new Merged();
  const blocks: Block[] = [];
  let issued = 0;
  let answered = 0;
  let lost = 0;
  for (const frame of frames) {
    const part = frame.lanes.find(({ laneId }) => laneId === id);
    if (part === undefined) continue;
    issued += part.issued;
    answered += part.answered;
    lost += sumOf(part.failed);
    latency.add(part.latency);
    for (const { errorClass, count } of part.failed) {
      lostByClass.set(errorClass, (lostByClass.get(errorClass) ?? 0) + count);
    }
    for (const pod of part.pods) {
      const known = pods.get(pod.podUid) ?? { answered: 0, lost: 0 };
      pods.set(pod.podUid, { answered: known.answered + pod.answered, lost: known.lost + sumOf(pod.failed) });
    }
    // Silence is no evidence of anything.
    if (part.issued + part.answered + sumOf(part.failed) === 0) continue;
    blocks.push({
      atMs: toMs(frame.from),
      issued: part.issued,
      answered: part.answered,
      lost: sumOf(part.failed),
      ranked: part.pods.map((pod) => pod.answered).sort((a, b) => b - a),
      latency: part.latency,
    });
  }
  const stories = changes.flatMap((change) =>
    change.stories.filter((story) => story.laneId === id && story.direction === 'added'),
  );
  return {
    id,
    label: info.lanes.find((lane) => lane.id === id)?.label || id,
    issued,
    answered,
    lost,
    lostByClass,
    pods,
    latency,
    reactions: stories.flatMap(({ reactionMs, state }) =>
      state === 'answered' && reactionMs !== undefined ? [reactionMs] : [],
    ),
    unanswered: stories.filter(({ state }) => state !== 'answered').length,
    blocks,
  };
}
