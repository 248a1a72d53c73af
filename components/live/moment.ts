import type { GetSnapshotResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { momentOf } from '../../model/past.ts';
import { toMs } from '../../model/time.ts';
import { instant, stamp } from '../ui/instant.ts';
import { type ReadHistory, readSince } from './history.ts';
import { reasonOf } from './outcome.ts';
import type { LiveStore } from './store.ts';

/** What the URL says of when: `frozen` (at a sequence, or at once), or `at` an instant of a run. */
export function restoreFromUrl(store: LiveStore): void {
  const query = new URLSearchParams(window.location.search);
  const frozen = query.get('frozen');
  if (frozen !== null && frozen !== 'false') store.freezeOnceAt(Number(frozen) || 0);
  const atMs = instant(query.get('at'));
  if (atMs === undefined) return;
  const runId = query.get('run') ?? undefined;
  // The first snapshot says which run is live, and what was there before it began.
  const stop = store.subscribe(() => {
    if (store.getView().snapshot === undefined) return;
    stop();
    void restore(store, atMs, runId);
  });
}

/** Freezes the picture at a past moment of the live run; says so when that cannot be. */
async function restore(store: LiveStore, atMs: number, runId: string | undefined): Promise<void> {
  const { snapshot, nowMs } = store.getView();
  if (snapshot === undefined || store.history === undefined) return;
  if (runId !== undefined && runId !== snapshot.runId) {
    // That run is over; what was recorded of it has a page of its own.
    window.location.replace(`/runs/${encodeURIComponent(runId)}?at=${encodeURIComponent(stamp(atMs))}`);
    return;
  }
  const startMs = toMs(snapshot.runStartedAt);
  if (atMs < startMs || atMs > nowMs + 1_000) {
    store.refused('This link names a moment that the live run does not have: what you see is now.');
    return;
  }
  await lookAt(store, atMs);
}

/** Freezes the picture at a moment of the live run. */
export async function lookAt(store: LiveStore, atMs: number): Promise<void> {
  const { snapshot } = store.getView();
  if (snapshot === undefined || store.history === undefined) return;
  try {
    store.show(await momentAt(store, store.history, snapshot, atMs), atMs);
  } catch (error) {
    store.refused(`That moment cannot be read: ${reasonOf(error)}`);
  }
}

/** As it was recorded; where it was not, as what the agent still holds tells it, which knows less of what was before the run. */
async function momentAt(
  store: LiveStore,
  history: ReadHistory,
  snapshot: GetSnapshotResponse,
  atMs: number,
): Promise<GetSnapshotResponse> {
  const recorded = await store.recorded?.(snapshot.runId, atMs).catch(() => undefined);
  if (recorded !== undefined) return recorded;
  const held = await readSince(history, snapshot.runId, toMs(snapshot.runStartedAt), 200);
  return momentOf(held, snapshot, atMs);
}
