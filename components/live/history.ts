import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ReadHistoryRequestSchema, ReadHistoryResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { type History, joinEvents, joinFrames } from '../../model/past.ts';
import { fromMs, toMs } from '../../model/time.ts';

export type ReadHistory = (request: MessageInitShape<typeof ReadHistoryRequestSchema>) => Promise<ReadHistoryResponse>;

/** From fine to coarse. What is held at which width the agent decides; older is coarser. */
const widthsMs = [200, 2_000, 10_000, 60_000, 600_000, 3_600_000] as const;

/**
 * A run from `sinceMs` to now: as fine as `resolutionMs` where that is held, coarser before that, so that nothing which
 * is held at all is left out. Asks from new to old.
 */
export async function readSince(
  read: ReadHistory,
  runId: string,
  sinceMs: number,
  resolutionMs: number,
): Promise<History> {
  let history: History = { frames: [], events: [], sinceMs: Number.POSITIVE_INFINITY };
  let until: number | undefined;
  for (const width of widthsMs) {
    const next = widthsMs.find((each) => each > width);
    // The coarsest that can be used; only what it does not reach is asked for more coarsely.
    if (next !== undefined && next <= resolutionMs) continue;
    const answer = await readAll(read, {
      runId,
      from: fromMs(sinceMs),
      ...(until === undefined ? {} : { to: fromMs(until) }),
      resolutionMs: Math.max(200, width),
    });
    const reached = toMs(answer.since);
    history = {
      frames: joinFrames(answer.frames, history.frames),
      // The first answer holds the events of the whole stretch.
      events: until === undefined ? answer.events : joinEvents(answer.events, history.events),
      sinceMs: Math.min(history.sinceMs, reached),
    };
    const first = history.frames[0];
    if (reached <= sinceMs + 1 || (until !== undefined && answer.frames.length === 0)) break;
    until = first === undefined ? reached : toMs(first.from);
  }
  return history;
}

/** A large answer comes in parts, each saying from where to ask on. */
export async function readAll(
  read: ReadHistory,
  request: MessageInitShape<typeof ReadHistoryRequestSchema>,
): Promise<Pick<ReadHistoryResponse, 'frames' | 'events' | 'since'>> {
  const first = await read(request);
  let { frames, events, moreFrom } = first;
  while (moreFrom !== undefined) {
    const answer = await read({ ...request, from: moreFrom });
    frames = joinFrames(frames, answer.frames);
    events = joinEvents(events, answer.events);
    moreFrom = answer.moreFrom;
  }
  return { frames, events, since: first.since };
}

/** What was read later, behind what was read before. */
export function joinHistory(older: History, newer: History): History {
  return {
    frames: joinFrames(older.frames, newer.frames),
    events: joinEvents(older.events, newer.events),
    sinceMs: Math.min(older.sinceMs, newer.sinceMs),
  };
}
