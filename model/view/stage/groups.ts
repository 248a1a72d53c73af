import type { StagePod } from './pods.ts';
import type { Corner, CornerState, Scene, StageLane } from './scene.ts';

/** More pods than this do not fit as rows: they are grouped by node, and a group opens on demand. */
export const mostRows = 30;
/** Where one node has them all, this many pods are a group, in their order. */
const chunk = 10;

export type PodGroup = { key: string; label: string; uids: readonly string[] };

/** In the order of the pods; a group's key is no pod's UID. */
export function groupsOf(pods: readonly StagePod[]): PodGroup[] {
  const nodes = Map.groupBy(pods, (pod) => pod.node);
  if (nodes.size > 1) {
    return [...nodes].map(([node, own]) => ({
      key: `node ${node}`,
      label: node === '' ? 'no node' : node,
      uids: own.map((pod) => pod.uid),
    }));
  }
  return Array.from({ length: Math.ceil(pods.length / chunk) }, (_, i) => {
    const own = pods.slice(i * chunk, (i + 1) * chunk);
    return {
      key: `pods ${i}`,
      label: `${i * chunk + 1}\u2013${i * chunk + own.length}`,
      uids: own.map((pod) => pod.uid),
    };
  });
}

export type Grouped = { scene: Scene; groups: ReadonlyMap<string, PodGroup> };

/**
 * The scene with one row for each group. What flows to a group is what flows to its pods; an open one shows these below
 * its own row, which then has no share of its own. Few enough pods: the scene as it is.
 */
export function grouped(scene: Scene, open: string | undefined): Grouped {
  const living = scene.pods.filter((pod) => pod.state !== 'gone');
  if (living.length <= mostRows) return { scene, groups: new Map() };
  const groups = groupsOf(living);
  const pods = new Map(scene.pods.map((pod) => [pod.uid, pod]));
  const rows = groups.flatMap((group): StagePod[] => {
    const members = group.uids.map((uid) => pods.get(uid) as StagePod);
    const head: StagePod = {
      ...(members[0] as StagePod),
      uid: group.key,
      handle: group.label,
      name: group.label,
      slot: 0,
      state: members.some((pod) => pod.state === 'ready') ? 'ready' : 'starting',
      fresh: members.every((pod) => pod.fresh),
      outlined: false,
      graceLeft: undefined,
      words: { long: `${group.uids.length} pods`, short: `${group.uids.length} pods` },
    };
    return group.key === open ? [head, ...members] : [head];
  });
  return {
    scene: {
      ...scene,
      pods: rows,
      lanes: scene.lanes.map((lane) => ({ ...lane, corners: cornersOf(lane, groups, open) })),
    },
    groups: new Map(groups.map((group) => [group.key, group])),
  };
}

function cornersOf(lane: StageLane, groups: readonly PodGroup[], open: string | undefined): Map<string, Corner> {
  const corners = new Map<string, Corner>();
  for (const group of groups) {
    const own = group.uids.flatMap((uid) => lane.corners.get(uid) ?? []);
    const sum = (of: (corner: Corner) => number) => own.reduce((total, corner) => total + of(corner), 0);
    if (group.key === open) {
      corners.set(group.key, { ...blank(group.key), state: 'starting' });
      for (const corner of own) corners.set(corner.uid, corner);
      continue;
    }
    corners.set(group.key, {
      uid: group.key,
      state: stateOf(own),
      share: sum((corner) => corner.share),
      perSecond: sum((corner) => corner.perSecond),
      lost: sum((corner) => corner.lost),
      lostNow: sum((corner) => corner.lostNow),
      unused: false,
    });
  }
  return corners;
}

/** The loudest of what its pods are: one that is used makes the group used, one unknown pod does not make it unknown. */
function stateOf(corners: readonly Corner[]): CornerState {
  const has = (state: CornerState) => corners.some((corner) => corner.state === state);
  if (has('used')) return 'used';
  if (has('ghost')) return 'ghost';
  if (has('idle')) return 'idle';
  return has('missing') ? 'missing' : 'starting';
}

function blank(uid: string): Corner {
  return { uid, state: 'starting', share: 0, perSecond: 0, lost: 0, lostNow: 0, unused: false };
}
