'use client';

import { useEffect, useRef, useState } from 'react';
import type { GetSnapshotResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { type History, type Past, recall } from '../../model/past.ts';
import { toMs } from '../../model/time.ts';
import { joinHistory, readSince } from '../live/history.ts';
import { reasonOf } from '../live/outcome.ts';
import { useLiveStore } from '../live/provider.tsx';

export type PastState =
  | { kind: 'none' }
  | { kind: 'reading' }
  | { kind: 'held'; past: Past }
  | { kind: 'failed'; reason: string };

/** The stream brings 90 s of its own: read well before these have passed. */
const againEveryMs = 30_000;
/** Two frames of a tier reach into what was read before. */
const overlapMs = 25_000;
const finestMs = 2_000;

/**
 * What happened before the stream's own 90 s, read when the picture reaches back that far and kept up to date while it
 * does. `pixelMs`: how much time a point of the picture holds.
 */
export function usePast(snapshot: GetSnapshotResponse | undefined, fromMs: number, pixelMs: number): PastState {
  const store = useLiveStore();
  const [state, setState] = useState<PastState>({ kind: 'none' });
  const held = useRef<{ runId: string; resolutionMs: number; history: History; readMs: number }>(undefined);
  const runId = snapshot?.runId;
  const first = snapshot?.bins[0];
  // Nothing before the run, so nothing to be read where the stream holds it from its start.
  const begins = first === undefined ? Number.POSITIVE_INFINITY : toMs(first.from);
  const started = snapshot === undefined ? 0 : toMs(snapshot.runStartedAt);
  const needed = runId !== undefined && Math.max(fromMs, started + 1_000) < begins - 500;
  const resolutionMs = Math.max(finestMs, 10 ** Math.floor(Math.log10(Math.max(1, pixelMs))));
  const latest = useRef(snapshot);
  latest.current = snapshot;

  useEffect(() => {
    if (!needed || runId === undefined) return;
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async () => {
      const now = latest.current;
      if (store.history === undefined || now === undefined) return;
      const known = held.current;
      const usable = known !== undefined && known.runId === runId && known.resolutionMs === resolutionMs;
      const since = toMs(now.runStartedAt);
      if (!usable) setState((old) => (old.kind === 'held' ? old : { kind: 'reading' }));
      try {
        const from = usable ? Math.max(since, known.readMs - overlapMs) : since;
        const answer = await readSince(store.history, runId, from, resolutionMs);
        if (over) return;
        const history = usable ? joinHistory(known.history, answer) : answer;
        const last = history.frames.at(-1);
        held.current = { runId, resolutionMs, history, readMs: last === undefined ? since : toMs(last.to) };
        setState({ kind: 'held', past: recall(history, now) });
      } catch (error) {
        if (!over) setState((old) => (old.kind === 'held' ? old : { kind: 'failed', reason: reasonOf(error) }));
      }
      if (!over) timer = setTimeout(() => void read(), againEveryMs);
    };
    void read();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [needed, runId, resolutionMs, store]);

  return state.kind === 'held' && held.current?.runId !== runId ? { kind: 'none' } : state;
}
