import type { Change } from '../../gen/lbscope/agent/v1/agent_pb.js';
import type { RunInfo } from '../../gen/lbscope/agent/v1/runs_pb.js';
import type { Event } from '../../gen/lbscope/events/v1/events_pb.js';
import { sumOf } from '../../model/lanes.ts';
import { fromMs, toMs } from '../../model/time.ts';
import { notableKinds } from '../../model/view/event-words.ts';
import type { AgentClient } from './client.ts';
import { readAll } from './history.ts';
import { ReplayStore } from './replay.ts';

/** A recorded run, ready to be played, and what its scrubber shows of it. */
export type OpenedRun = {
  info: RunInfo;
  store: ReplayStore;
  changes: readonly Change[];
  /** What one steps through, in order of time. */
  events: readonly { atMs: number; event: Event }[];
  /** When calls were lost, and how many in all lanes. */
  losses: readonly { fromMs: number; toMs: number; lost: number }[];
};

const timeoutMs = 20_000;
/** The scrubber has so many points at most; frames of ten seconds are read a good deal faster than finer ones. */
const overviewParts = 600;
const longRunMs = 20 * 60_000;

/** Asks for all that a replay needs before it can begin; throws what the agent refuses. */
export async function openRun(client: AgentClient, runId: string): Promise<OpenedRun> {
  const options = { timeoutMs };
  const { run: info, changes } = await client.getRun({ runId }, options);
  if (info === undefined) throw new Error('the agent described no run');
  const [startMs, endMs] = [toMs(info.startedAt), toMs(info.lastAt)];
  const overview = await readAll((request) => client.readHistory(request, options), {
    runId,
    resolutionMs: Math.min(
      3_600_000,
      Math.max(endMs - startMs > longRunMs ? 10_000 : 2_000, (endMs - startMs) / overviewParts),
    ),
    eventKinds: [...notableKinds],
  });
  const store = new ReplayStore(startMs, Math.max(endMs, startMs + 1), {
    snapshot: (at) => client.getSnapshot({ runId, at: fromMs(at) }, options),
    history: (from, to) =>
      client.readHistory({ runId, from: fromMs(from), to: fromMs(to), resolutionMs: 200 }, options),
    past: (request) => client.readHistory({ ...request, runId }, options),
    now: () => performance.now(),
    beforePaint: (run) => requestAnimationFrame(run),
  });
  return {
    info,
    store,
    changes,
    events: overview.events.map((event) => ({ atMs: toMs(event.at), event })).sort((a, b) => a.atMs - b.atMs),
    losses: overview.frames.flatMap((frame) => {
      const lost = frame.lanes.reduce((sum, lane) => sum + sumOf(lane.failed), 0);
      return lost === 0 ? [] : [{ fromMs: toMs(frame.from), toMs: toMs(frame.to), lost }];
    }),
  };
}
