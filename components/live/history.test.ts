import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { type ReadHistoryRequest, ReadHistoryResponseSchema } from '../../gen/lbscope/agent/v1/agent_pb.js';
import type { Frame } from '../../gen/lbscope/events/v1/events_pb.js';
import { even, fourLanes } from '../../model/testkit.ts';
import { fromMs, toMs } from '../../model/time.ts';
import { joinHistory, type ReadHistory, readSince } from './history.ts';

/** An agent with tiers: frames of `width` over the last `keep` milliseconds. */
function agent(seconds: number, tiers: { width: number; keep: number }[]) {
  const { script, pods } = fourLanes();
  const startMs = script.run.runStartedAt;
  script.traffic(seconds, { headless: even(pods) });
  const fine = script.updates.flatMap((update) => (update.case === 'frame' ? [update.value] : []));
  const nowMs = toMs(fine.at(-1)!.to);
  const asked: ReadHistoryRequest[] = [];
  const tierFrames = tiers.map(({ width, keep }) =>
    groups(fine, width).filter((frame) => toMs(frame.to) > nowMs - keep),
  );
  const read: ReadHistory = async (request) => {
    asked.push(request as ReadHistoryRequest);
    const resolution = request.resolutionMs ?? 200;
    const from = toMs(request.from as ReadHistoryRequest['from']);
    const to = request.to === undefined ? Number.POSITIVE_INFINITY : toMs(request.to as ReadHistoryRequest['to']);
    const usable = tierFrames.filter((_, i) => tiers[i]!.width <= resolution);
    const frames = usable.findLast((each) => toMs(each[0]!.from) <= from) ?? usable.at(-1) ?? [];
    return create(ReadHistoryResponseSchema, {
      runId: 'run-1',
      frames: frames.filter((frame) => toMs(frame.to) > from && toMs(frame.from) < to),
      since: fromMs(Math.max(startMs, toMs(frames[0]?.from))),
      resolutionMs: resolution,
    });
  };
  return { read, asked, startMs, nowMs, fine };
}

/** The first of each group, stretched over it: enough to see what is covered. */
function groups(frames: readonly Frame[], width: number): Frame[] {
  const made = new Map<number, Frame>();
  for (const frame of frames) {
    const cell = Math.floor((toMs(frame.from) + 0.5) / width);
    const known = made.get(cell);
    made.set(cell, known === undefined ? { ...frame } : { ...known, to: frame.to });
  }
  return [...made.values()];
}

const tiers = [
  { width: 200, keep: 20_000 },
  { width: 2_000, keep: 60_000 },
  { width: 10_000, keep: 600_000 },
];

describe('readSince', () => {
  it('covers the whole run without gap or overlap, fine where it is held', async () => {
    const { read, startMs, nowMs } = agent(150, tiers);
    for (const resolution of [200, 2_000, 10_000]) {
      const { frames } = await readSince(read, 'run-1', startMs, resolution);
      for (let i = 1; i < frames.length; i += 1) {
        expect(toMs(frames[i]!.from)).toBeCloseTo(toMs(frames[i - 1]!.to), 1);
      }
      expect(toMs(frames.at(-1)!.to)).toBeCloseTo(nowMs, 1);
      // Traffic began a moment after the run did.
      expect(toMs(frames[0]!.from) - startMs).toBeLessThan(1_000);
      const newest = toMs(frames.at(-1)!.to) - toMs(frames.at(-1)!.from);
      expect(newest).toBeLessThanOrEqual(resolution + 1);
    }
  });

  it('asks once where one answer reaches back far enough', async () => {
    const { read, asked, startMs } = agent(10, tiers);
    await readSince(read, 'run-1', startMs + 5_000, 200);
    expect(asked).toHaveLength(1);
  });

  it('reads on from what it has', async () => {
    const { read, startMs, nowMs } = agent(150, tiers);
    const older = await readSince(read, 'run-1', startMs, 2_000);
    const cut = { ...older, frames: older.frames.filter((frame) => toMs(frame.to) < nowMs - 30_000) };
    const newer = await readSince(read, 'run-1', toMs(cut.frames.at(-1)!.to) - 10_000, 2_000);
    const { frames } = joinHistory(cut, newer);
    for (let i = 1; i < frames.length; i += 1) {
      expect(toMs(frames[i]!.from)).toBeCloseTo(toMs(frames[i - 1]!.to), 1);
    }
    expect(toMs(frames.at(-1)!.to)).toBeCloseTo(nowMs, 1);
  });
});
