'use client';

import { useMemo, useRef } from 'react';
import type { GetSnapshotResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { type Past, widen } from '../../model/past.ts';
import { type Bracket, brackets } from '../../model/view/brackets.ts';
import { type EventLine, eventLines } from '../../model/view/events.ts';
import { type LaneData, laneData, reportedMs, type Seen } from '../../model/view/lane.ts';
import { type Lifeline, lifelines } from '../../model/view/lifelines.ts';

export type Derived = {
  /** The snapshot with its past. */
  wide: GetSnapshotResponse;
  nowMs: number;
  seen: Seen;
  /** Also those before the window. */
  all: readonly EventLine[];
  /** Those in the window. */
  lines: readonly EventLine[];
  lifelines: readonly Lifeline[];
  /** Per lane the newest bracket of all. */
  latest: ReadonlyMap<string, Bracket | undefined>;
  reported: number;
};

type Inputs = { past: Past | undefined; seen: Seen; lanes: number; run: string };

/**
 * What all lanes share of what is drawn on the time axis; a lane's own is `useLaneData`. Kept while nothing could be seen to have changed: with an hour on the screen a
 * second is less than a point.
 */
export function useDerived(
  snapshot: GetSnapshotResponse | undefined,
  past: Past | undefined,
  nowMs: number,
  seen: Seen,
): Derived | undefined {
  const kept = useRef<{ inputs: Inputs; snapshot: GetSnapshotResponse; nowMs: number; made: Derived }>(undefined);
  if (snapshot === undefined) return undefined;
  const inputs: Inputs = { past, seen, lanes: snapshot.lanes.length, run: snapshot.runId };
  const old = kept.current;
  if (old !== undefined && isAlike(old.inputs, inputs)) {
    const grain = Math.min(1_000, seen.pixelMs / 2);
    if (old.snapshot === snapshot && old.nowMs === nowMs) return old.made;
    if (nowMs >= old.nowMs && nowMs - old.nowMs < grain) return old.made;
  }
  const made = derive(snapshot, past, nowMs, seen);
  kept.current = { inputs, snapshot, nowMs, made };
  return made;
}

function isAlike(a: Inputs, b: Inputs): boolean {
  const spans = Math.abs(a.seen.toMs - a.seen.fromMs - (b.seen.toMs - b.seen.fromMs)) < 1;
  // A window that follows now moves with it.
  const moved = Math.abs(a.seen.toMs - b.seen.toMs) > Math.max(1_200, b.seen.pixelMs * 2);
  return a.past === b.past && a.lanes === b.lanes && a.run === b.run && spans && !moved;
}

function derive(snapshot: GetSnapshotResponse, past: Past | undefined, nowMs: number, seen: Seen): Derived {
  const wide = widen(snapshot, past);
  // Brackets outlive the window while they are open, and the scorecard keeps the last reaction.
  const all = eventLines(wide, 0, seen.pixelMs);
  const handles = new Map(wide.pods.map((pod) => [pod.uid, pod.handle]));
  return {
    wide,
    nowMs,
    seen,
    all,
    lines: all.filter((line) => line.untilMs >= seen.fromMs && line.atMs <= seen.toMs),
    lifelines: lifelines(wide),
    latest: new Map(wide.lanes.map((lane) => [lane.id, brackets(lane, all, handles, nowMs).at(-1)])),
    reported: reportedMs(snapshot),
  };
}

/** All that is drawn of one lane: by far the most to derive, so each lane does it in a frame of its own. */
export function useLaneData(derived: Derived | undefined, laneId: string): LaneData | undefined {
  return useMemo(() => {
    const lane = derived?.wide.lanes.find((each) => each.id === laneId);
    if (derived === undefined || lane === undefined) return undefined;
    return laneData(derived.wide, lane, derived.all, derived.nowMs, derived.seen);
  }, [derived, laneId]);
}
