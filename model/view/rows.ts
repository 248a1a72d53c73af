import type { GetSnapshotResponse, Lane, LanePod } from '../../gen/lbscope/agent/v1/agent_pb.js';
import type { Pod } from '../../gen/lbscope/events/v1/events_pb.js';
import { decider } from './decider.ts';
import { isSlow, usualOf } from './slow.ts';

/** A pod as one lane has it. `handle` is "Not attributed" for calls that nobody can be named for. */
export type Row = {
  pod: LanePod;
  slot: number;
  handle: string;
  standing: string;
  /** The odd state, said; empty for a pod that answers. */
  words: string;
  /** Its mean service time, where that is far above the others'. */
  slowMs: number | undefined;
};
export type RowGroup = { kind: 'pod'; row: Row } | { kind: 'fold'; standing: string; rows: Row[] };
export type Rows = { groups: RowGroup[]; height: number };

export type RowSizes = { available: number; most: number; least: number };

/**
 * The rows of a lane, newest on top, as they fit. When they do not: pods that are gone without a loss, then idle ones,
 * then missing ones fold into one row each; then rows close up; at last used ones fold that have no story of their own.
 */
export function rowsOf(lane: Lane, snapshot: GetSnapshotResponse, sizes: RowSizes): Rows {
  const { pods } = snapshot;
  const order = new Map(pods.map((pod, i) => [pod.uid, i]));
  const byUid = new Map(pods.map((pod) => [pod.uid, pod]));
  const rows = lane.pods
    .filter((each) => each.uid !== '' || each.errors > 0)
    .map((each): Row => {
      const pod = byUid.get(each.uid);
      return {
        pod: each,
        slot: pod?.slot ?? 0,
        handle: each.uid === '' ? 'Not attributed' : (pod?.handle ?? each.pod.slice(-5)),
        standing: each.standing,
        words: wordsOf(snapshot, lane, each, pod),
        slowMs: slowOf(lane, each),
      };
    })
    .sort((a, b) => (order.get(b.pod.uid) ?? -1) - (order.get(a.pod.uid) ?? -1));
  let groups: RowGroup[] = rows.map((row) => ({ kind: 'pod', row }));
  const fits = (at: number) => groups.length * at <= sizes.available;
  for (const standing of ['gone', 'idle', 'missing', 'starting']) {
    if (fits(Math.min(sizes.most, sizes.least + 2)) || groups.length <= 6) break;
    groups = fold(groups, standing, (row) => row.standing === standing && row.pod.errors === 0);
  }
  const limit = Math.max(1, Math.floor(sizes.available / sizes.least));
  if (groups.length > limit) {
    const used = rows.filter((row) => row.standing === 'used');
    // The sort is stable and rows are newest first: of those alike the older ones fold, the same ones in each report.
    const told = used.toReversed().sort((a, b) => tells(a, used.length) - tells(b, used.length));
    const few = new Set(told.slice(0, groups.length - limit + 1));
    groups = fold(groups, 'used', (row) => few.has(row));
  }
  const height = Math.max(sizes.least, Math.min(sizes.most, sizes.available / Math.max(1, groups.length)));
  return { groups, height };
}

/** How much a used pod has to tell. Shares that differ by chance do not count: rows would come and go with each report. */
function tells({ pod, slot, slowMs }: Row, used: number): number {
  if (pod.errors > 0 || slowMs !== undefined || pod.share >= 2 / used) return 2;
  return slot > 0 ? 1 : 0;
}

function slowOf(lane: Lane, pod: LanePod): number | undefined {
  if (pod.uid === '' || pod.recentCalls < 5) return undefined;
  const others = lane.pods.filter((each) => each.uid !== '' && each.uid !== pod.uid && each.recentCalls >= 5);
  const usual = usualOf(others.map((each) => each.meanMs));
  return usual !== undefined && isSlow(pod.meanMs, usual) ? pod.meanMs : undefined;
}

function fold(groups: RowGroup[], standing: string, into: (row: Row) => boolean): RowGroup[] {
  const rows = groups.flatMap((each) => (each.kind === 'pod' && into(each.row) ? [each.row] : []));
  if (rows.length < 2) return groups;
  const first = groups.findIndex((each) => each.kind === 'pod' && into(each.row));
  const rest = groups.filter((each) => !(each.kind === 'pod' && into(each.row)));
  rest.splice(Math.min(first, rest.length), 0, { kind: 'fold', standing, rows });
  return rest;
}

function wordsOf(snapshot: GetSnapshotResponse, lane: Lane, { uid, standing }: LanePod, pod: Pod | undefined): string {
  switch (standing) {
    case 'idle':
      return pod?.ready === false ? 'Not ready' : 'Idle';
    case 'missing':
      return 'Exists, not known here';
    case 'starting':
      return 'Starting';
    case 'gone':
      return pod === undefined || pod.phase === 'Gone' ? 'Gone' : 'Leaving';
    case 'ghost': {
      // A client picks READY connections only, whatever its policy: a ghost without one costs nothing any more.
      if (decider(lane) !== 'envoy' && !connected(snapshot, lane, uid)) {
        return 'Still listed, not used';
      }
      return pod?.phase === 'Gone' ? 'Gone, still listed' : 'Not ready, still listed';
    }
    default:
      return '';
  }
}

function connected(snapshot: GetSnapshotResponse, lane: Lane, uid: string): boolean {
  const own = new Set(snapshot.intervals.filter((each) => each.podUid === uid).map((each) => each.address));
  return lane.connections.some((each) => each.state === 'READY' && own.has(each.address));
}
