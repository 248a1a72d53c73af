import type { Change } from '../../gen/lbscope/agent/v1/agent_pb.js';
import type { RunInfo } from '../../gen/lbscope/agent/v1/runs_pb.js';
import type { Frame, Histogram } from '../../gen/lbscope/events/v1/events_pb.js';
import { Merged } from '../histogram.ts';
import { sumOf } from '../lanes.ts';
import { toMs } from '../time.ts';
import type { Span } from './span.ts';

/** What a run comes to, lane by lane: what comparisons and reports are made of. */
export interface RunSummary {
  readonly info: RunInfo;
  readonly lanes: readonly LaneSummary[];
  /** Undefined: of the whole run. */
  readonly span: Span | undefined;
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
  readonly blockMs: number;
  /** So long each; what a resampling draws. */
  readonly blocks: readonly Block[];
}

/** The calls of some seconds: far enough apart to be taken as independent of each other, which single calls are not. */
export interface Block {
  readonly atMs: number;
  readonly issued: number;
  readonly answered: number;
  readonly lost: number;
  /** Answered per pod, the busiest first. */
  readonly ranked: readonly number[];
  readonly latency: readonly Histogram[];
}

/** How long blocks are: of a whole run, and of a scenario, which is over in less than a minute. */
export const wholeBlockMs = 10_000;
export const scenarioBlockMs = 1_000;

/** `frames`: of the whole run, not wider than a block; `changes`: all of them. `span`: only that part is summed up. */
export function summarise(
  info: RunInfo,
  frames: readonly Frame[],
  changes: readonly Change[],
  span?: Span,
): RunSummary {
  const [from, to] = [span?.fromMs ?? Number.NEGATIVE_INFINITY, span?.toMs ?? Number.POSITIVE_INFINITY];
  const within = frames.filter((frame) => toMs(frame.from) >= from && toMs(frame.to) <= to);
  const asked = changes.filter((change) => span === undefined || (toMs(change.at) >= from && toMs(change.at) <= to));
  const known = [...info.lanes.map(({ id }) => id), ...within.flatMap((frame) => frame.lanes.map((l) => l.laneId))];
  const ids = span?.lanes ?? [...new Set(known)];
  const blockMs = span === undefined ? wholeBlockMs : scenarioBlockMs;
  return { info, lanes: ids.map((id) => laneSummary(info, id, within, asked, blockMs)), span };
}

function laneSummary(
  info: RunInfo,
  id: string,
  frames: readonly Frame[],
  changes: readonly Change[],
  blockMs: number,
): LaneSummary {
  const lostByClass = new Map<string, number>();
  const pods = new Map<string, { answered: number; lost: number }>();
  const latency = new Merged();
  const blocks: Growing[] = [];
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
    const atMs = toMs(frame.from);
    let block = blocks.at(-1);
    // A frame that begins within a block is the block's; frames as wide as a block are one each.
    if (block === undefined || atMs >= block.atMs + blockMs - 1) {
      block = { atMs, issued: 0, answered: 0, lost: 0, pods: new Map(), latency: [] };
      blocks.push(block);
    }
    block.issued += part.issued;
    block.answered += part.answered;
    block.lost += sumOf(part.failed);
    for (const pod of part.pods) block.pods.set(pod.podUid, (block.pods.get(pod.podUid) ?? 0) + pod.answered);
    if (part.latency !== undefined) block.latency.push(part.latency);
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
    blockMs,
    blocks: blocks.map(({ pods: shares, ...block }) => ({
      ...block,
      ranked: [...shares.values()].sort((a, b) => b - a),
    })),
  };
}

interface Growing {
  readonly atMs: number;
  issued: number;
  answered: number;
  lost: number;
  readonly pods: Map<string, number>;
  readonly latency: Histogram[];
}
