import type { Stretch } from '../band.ts';
import type { LaneSlice } from '../frames.ts';

/** What flows to one pod now. */
export type Flow = { share: number; perSecond: number };

/** A rate is taken over at least this, and as far back as it takes to have enough calls for it to stand still. */
const rateLeastMs = 2_000;
const rateMostMs = 10_000;
const rateCalls = 50;
/** The last stretch speaks for now while calls are answered; this long without one, and a turn, nobody answers. */
const silentMs = 1_000;
/** A pod that only fails in the newest reports has been cut, whatever was answered just before. */
const cutMs = 450;

/** Answered calls per second of a lane, now. Time in which no call was asked for does not count. */
export function rateNow(slices: readonly LaneSlice[]): number {
  const end = slices[slices.length - 1]?.toMs ?? 0;
  let answered = 0;
  let activeMs = 0;
  for (let i = slices.length - 1; i >= 0; i -= 1) {
    const slice = slices[i] as LaneSlice;
    if (end - slice.toMs >= rateMostMs || (activeMs >= rateLeastMs && answered >= rateCalls)) break;
    if (slice.asked === 0 && slice.issued === 0 && slice.answered === 0) continue;
    answered += slice.answered;
    activeMs += slice.toMs - slice.fromMs;
  }
  return activeMs > 0 ? (answered * 1_000) / activeMs : 0;
}

/**
 * Per pod, by UID: its share since the last change of membership (as the band draws it) and the calls per second that
 * this is. `ended`: pods that are no more; nothing flows to them, at once.
 */
export function flows(
  slices: readonly LaneSlice[],
  stretches: readonly Stretch[],
  ended: ReadonlySet<string>,
): Map<string, Flow> {
  const found = new Map<string, Flow>();
  const end = slices[slices.length - 1]?.toMs ?? 0;
  const last = stretches[stretches.length - 1];
  const rate = rateNow(slices);
  if (last === undefined || rate === 0) return found;
  if (end - newestAnswer(slices) > Math.max(silentMs, 2_000 / rate)) return found;
  const cut = failing(slices, end - cutMs);
  for (const { uid, share } of last.shares) {
    if (share > 0 && !ended.has(uid) && !cut.has(uid)) found.set(uid, { share, perSecond: share * rate });
  }
  return found;
}

function newestAnswer(slices: readonly LaneSlice[]): number {
  for (let i = slices.length - 1; i >= 0; i -= 1) {
    const slice = slices[i] as LaneSlice;
    if (slice.answered > 0) return slice.toMs;
  }
  return 0;
}

/** Pods whose newest calls failed, with none answered after them. */
function failing(slices: readonly LaneSlice[], sinceMs: number): Set<string> {
  const cut = new Set<string>();
  for (const slice of slices) {
    if (slice.toMs <= sinceMs) continue;
    for (const pod of slice.pods) {
      if (pod.answered > 0) cut.delete(pod.uid);
      else if (pod.failed > 0) cut.add(pod.uid);
    }
  }
  return cut;
}

/** Calls of a lane that were lost since an instant, by pod; "" for those that no pod can be named for. */
export function lostSince(slices: readonly LaneSlice[], sinceMs: number): Map<string, number> {
  const lost = new Map<string, number>();
  for (const slice of slices) {
    if (slice.failed === 0 || slice.toMs <= sinceMs) continue;
    for (const pod of slice.pods) if (pod.failed > 0) lost.set(pod.uid, (lost.get(pod.uid) ?? 0) + pod.failed);
  }
  return lost;
}
