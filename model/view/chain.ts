import type { Change, GetSnapshotResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';
import type { Event } from '../../gen/lbscope/events/v1/events_pb.js';
import { toMs } from '../time.ts';
import type { EventLine } from './events.ts';

/** What one event brought about, in every lane: what lights up while the rest steps back. */
export type Chain = {
  /** The events of it, by sequence. */
  sequences: ReadonlySet<number>;
  /** Pods whose coming or going it is. */
  uids: ReadonlySet<string>;
  /** Event lines that belong to it, by key. */
  lines: ReadonlySet<string>;
  fromMs: number;
  /** Per lane: the instants at which its list was told something because of it. */
  told: ReadonlyMap<string, readonly number[]>;
  /** Per lane: losses of it, from when to when. */
  lost: ReadonlyMap<string, readonly { fromMs: number; toMs: number }[]>;
};

/** Losses that nobody can be named for belong to a removal this young. */
const chargeMs = 10_000;

/** Everything that followed from a change of the cluster: by the causes that the agent found, and by its stories. */
export function chainOfLine(snapshot: GetSnapshotResponse, line: EventLine): Chain {
  const { changes } = line;
  const uids = new Set(
    changes.flatMap((change) => [
      ...change.addedUids,
      ...change.removedUids,
      ...change.stories.map((story) => story.podUid),
    ]),
  );
  const since = Math.min(...changes.map((change) => startOf(change, line.atMs)));
  const seeds = snapshot.events.filter(
    (event) =>
      changes.some((change) => change.sequence === event.sequence) ||
      // What the cluster said of these pods has no asking as its cause; it is named by the pod.
      (event.podUid !== undefined && uids.has(event.podUid) && isTruth(event) && toMs(event.at) >= since - 1),
  );
  return chainOf(snapshot, seeds, uids, new Set([line.key]), since);
}

/** Everything that followed from one event, and what led to it. */
export function chainOfEvent(snapshot: GetSnapshotResponse, event: Event, lines: readonly EventLine[]): Chain {
  const bySequence = new Map(snapshot.events.map((each) => [each.sequence, each]));
  let root = event;
  for (;;) {
    const cause = root.cause === undefined ? undefined : bySequence.get(root.cause);
    if (cause === undefined || cause.sequence >= root.sequence) break;
    root = cause;
  }
  const uids = new Set<string>();
  const chain = closure(snapshot.events, [root]);
  for (const each of chain) if (each.podUid !== undefined) uids.add(each.podUid);
  const own = lines.filter((line) => line.changes.some((change) => isOf(change, chain, uids, toMs(root.at))));
  return chainOf(snapshot, [root], uids, new Set(own.map((line) => line.key)), toMs(root.at));
}

function isOf(change: Change, chain: readonly Event[], uids: ReadonlySet<string>, fromMs: number): boolean {
  if (chain.some((event) => event.sequence === change.sequence)) return true;
  const recent = Math.abs(startOf(change, 0) - fromMs) < 60_000;
  return recent && [...change.addedUids, ...change.removedUids].some((uid) => uids.has(uid));
}

function chainOf(
  snapshot: GetSnapshotResponse,
  seeds: readonly Event[],
  uids: ReadonlySet<string>,
  lines: ReadonlySet<string>,
  fromMs: number,
): Chain {
  const events = closure(snapshot.events, seeds);
  const told = new Map<string, number[]>();
  const lost = new Map<string, { fromMs: number; toMs: number }[]>();
  const sequences = new Set(events.map((event) => event.sequence));
  for (const event of snapshot.events) {
    const { laneId, kind } = event;
    if (laneId === undefined) continue;
    if (sequences.has(event.sequence) && (kind.case === 'resolved' || kind.case === 'resolutionFailed')) {
      told.set(laneId, [...(told.get(laneId) ?? []), toMs(event.at)]);
    }
    if (kind.case !== 'lossBurst') continue;
    const burst = { fromMs: toMs(kind.value.first), toMs: toMs(kind.value.last) };
    const nobodys = event.podUid === undefined && burst.fromMs >= fromMs && burst.fromMs - fromMs < chargeMs;
    const own = event.podUid !== undefined && uids.has(event.podUid) && burst.toMs >= fromMs;
    if (sequences.has(event.sequence) || own || nobodys) lost.set(laneId, [...(lost.get(laneId) ?? []), burst]);
  }
  return { sequences, uids, lines, fromMs, told, lost };
}

/** The seeds and all that names one of them, or one that does, as its cause. A cause is always older. */
function closure(events: readonly Event[], seeds: readonly Event[]): Event[] {
  const inside = new Set(seeds.map((event) => event.sequence));
  const found: Event[] = [];
  for (const event of events) {
    if (!inside.has(event.sequence) && (event.cause === undefined || !inside.has(event.cause))) continue;
    inside.add(event.sequence);
    found.push(event);
  }
  return found;
}

function startOf(change: Change, otherwise: number): number {
  if (change.askedAt !== undefined) return toMs(change.askedAt);
  return change.at === undefined ? otherwise : toMs(change.at);
}

const truths = new Set(['podAdded', 'podReady', 'podUnready', 'podTerminating', 'podRestarted', 'podGone']);

function isTruth(event: Event): boolean {
  return truths.has(event.kind.case ?? '');
}
