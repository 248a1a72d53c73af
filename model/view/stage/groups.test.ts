import { describe, expect, it } from 'vitest';
import { toSnapshot } from '../../run.ts';
import { even, fourLanes } from '../../testkit.ts';
import { grouped, groupsOf } from './groups.ts';
import type { Corner, Scene } from './scene.ts';
import { sceneOf } from './scene.ts';

/** As many pods as asked for, on `nodes` nodes; the even lanes send the same to each. */
function crowd(count: number, nodes: number): Scene {
  const { script, pods } = fourLanes();
  script.traffic(12, { clusterip: [{ uid: 'uid-1', answered: 20 }], headless: even(pods, 5) });
  const snapshot = toSnapshot(script.run, script.now);
  const scene = sceneOf(snapshot, snapshot.lanes, script.now);
  const many = Array.from({ length: count }, (_, i) => ({
    ...scene.pods[0]!,
    uid: `p${i}`,
    handle: `h${i}`,
    node: `node-${i % nodes}`,
  }));
  const corner = (uid: string, share: number): Corner => ({
    uid,
    state: share > 0 ? 'used' : 'idle',
    share,
    perSecond: share * 100,
    lost: uid === 'p3' ? 2 : 0,
    lostNow: 0,
    unused: false,
  });
  return {
    ...scene,
    pods: many,
    lanes: scene.lanes.map((lane) => ({
      ...lane,
      corners: new Map(
        many.map((pod, i) => [pod.uid, corner(pod.uid, lane.id === 'clusterip' ? (i === 0 ? 1 : 0) : 1 / count)]),
      ),
    })),
  };
}

describe('groups', () => {
  it('leave up to thirty pods as they are', () => {
    const scene = crowd(30, 3);
    expect(grouped(scene, undefined).scene).toBe(scene);
  });

  it('are the nodes, or tens of pods where there is one node', () => {
    expect(groupsOf(crowd(60, 4).pods).map((group) => [group.label, group.uids.length])).toEqual([
      ['node-0', 15],
      ['node-1', 15],
      ['node-2', 15],
      ['node-3', 15],
    ]);
    expect(groupsOf(crowd(35, 1).pods).map((group) => group.label)).toEqual([
      '1\u201310',
      '11\u201320',
      '21\u201330',
      '31\u201335',
    ]);
  });

  it('conserve what flows, open or not', () => {
    for (const open of [undefined, 'node node-1']) {
      const { scene } = grouped(crowd(60, 4), open);
      expect(scene.pods).toHaveLength(open === undefined ? 4 : 4 + 15);
      for (const lane of scene.lanes) {
        const corners = scene.pods.map((pod) => lane.corners.get(pod.uid)!);
        expect(corners.reduce((sum, corner) => sum + corner.perSecond, 0)).toBeCloseTo(100, 6);
        expect(corners.reduce((sum, corner) => sum + corner.lost, 0)).toBe(2);
      }
    }
  });

  it('are used if one of their pods is', () => {
    const { scene } = grouped(crowd(60, 4), undefined);
    const states = scene.pods.map(
      (pod) => scene.lanes.find((lane) => lane.id === 'clusterip')!.corners.get(pod.uid)!.state,
    );
    expect(states).toEqual(['used', 'idle', 'idle', 'idle']);
  });
});
