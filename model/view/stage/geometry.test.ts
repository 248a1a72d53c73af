import { describe, expect, it } from 'vitest';
import { cornerAt, type GeometryInput, geometryOf, streamKey, streamPlaces } from './geometry.ts';

const metrics = {
  box: 86,
  client: 54,
  wheel: 29,
  ring: 37,
  inClient: 72,
  onTheWay: 107,
  wing: 109,
  core: 98,
  gap: 7,
  head: 28,
  foot: 6,
  widest: 48,
  tallest: 110,
};
const input = (more: Partial<GeometryInput> = {}): GeometryInput => ({
  width: 796,
  height: 398,
  turned: false,
  metrics,
  lanes: [
    { id: 'clusterip', side: 'near', site: 'proxy' },
    { id: 'headless', side: 'near', site: 'client' },
    { id: 'kubewatch', side: 'far', site: 'client' },
    { id: 'envoy', side: 'far', site: 'envoy' },
  ],
  pods: Array.from({ length: 5 }, (_, i) => ({ uid: `p${i}`, weight: 1 })),
  ...more,
});

describe('geometry', () => {
  it('puts pods in the middle, in their order, within the stage, apart from each other', () => {
    const { pods, edges } = geometryOf(input());
    expect((edges.near + edges.far) / 2).toBeCloseTo(398, 0);
    pods.forEach((pod, i) => {
      expect(pod.from).toBeGreaterThanOrEqual(i === 0 ? metrics.head : pods[i - 1]!.to + metrics.gap - 1e-6);
    });
    expect(pods.at(-1)?.to).toBeLessThanOrEqual(398);
  });

  it('gives a pod that is over less room', () => {
    const { pods } = geometryOf(input({ pods: [{ uid: 'gone', weight: 0.4 }, ...input().pods] }));
    const size = (i: number) => pods[i]!.to - pods[i]!.from;
    expect(size(0)).toBeCloseTo(0.4 * size(1));
  });

  it('keeps a single pod from filling the stage', () => {
    const [only] = geometryOf(input({ pods: [{ uid: 'p', weight: 1 }] })).pods;
    expect(only!.to - only!.from).toBe(metrics.tallest);
  });

  it('has nothing to place without pods', () => {
    expect(geometryOf(input({ pods: [] })).pods).toEqual([]);
  });

  it('keeps clients on the stage, outside the pods, each in its part of its side', () => {
    for (const turned of [false, true]) {
      const size = turned ? { width: 362, height: 396 } : { width: 796, height: 398 };
      const small = { ...metrics, box: 76, client: 52, ring: 33, inClient: 58, onTheWay: 58, wing: 31, core: 38 };
      const geometry = geometryOf(input({ turned, ...size, metrics: turned ? small : metrics }));
      for (const lane of geometry.lanes) {
        expect(lane.box.x).toBeGreaterThanOrEqual(0);
        expect(lane.box.x + lane.box.width).toBeLessThanOrEqual(size.width);
        expect(lane.box.y).toBeGreaterThanOrEqual(0);
        expect(lane.box.y + lane.box.height).toBeLessThanOrEqual(size.height);
        expect(lane.origin).toBeGreaterThan(lane.slice.from);
        expect(lane.origin).toBeLessThan(lane.slice.to);
        if (lane.side === 'near') expect(lane.starts).toBeLessThan(lane.ends);
        else expect(lane.starts).toBeGreaterThan(lane.ends);
      }
    }
  });

  it('gives the upper lane the upper corner of a pod', () => {
    const geometry = geometryOf(input());
    const pod = geometry.pods[2]!;
    const corner = (id: string) => cornerAt(geometry, geometry.lanes.find((lane) => lane.id === id)!, pod);
    expect(corner('clusterip')).toBeLessThan(corner('headless'));
    expect(corner('kubewatch')).toBeLessThan(corner('envoy'));
    expect(corner('clusterip')).toBe(corner('kubewatch'));
  });
});

describe('streams', () => {
  it('conserve calls per second: as wide together at the wheel as the lane is, and at the ports where there is room', () => {
    const geometry = geometryOf(input());
    const widths = [10, 4, 0, 7, 3];
    const places = streamPlaces(
      geometry,
      (laneId, uid) => (laneId === 'headless' ? (widths[Number(uid.slice(1))] ?? 0) : 0),
      () => 0,
    );
    const own = geometry.pods.map((pod) => places.get(streamKey('headless', pod.uid))!);
    expect(own.reduce((sum, each) => sum + each.origin.size, 0)).toBe(24);
    expect(own.map((each) => each.port.size)).toEqual(widths);
    // They leave their wheel in the order of their pods: a fan does not cross itself.
    const leaving = own.filter((each) => each.origin.size > 0).map((each) => each.origin.at);
    expect(leaving).toEqual(leaving.toSorted((a, b) => a - b));
  });

  it('narrow at a port that is too small, and leave the other lane its place', () => {
    const geometry = geometryOf(
      input({
        pods: Array.from({ length: 15 }, (_, i) => ({ uid: `p${i}`, weight: 1 })),
        metrics: { ...metrics, gap: 2 },
      }),
    );
    const places = streamPlaces(
      geometry,
      (laneId) => (laneId === 'clusterip' ? 48 : 3),
      () => 0,
    );
    const pod = geometry.pods[4]!;
    const trunk = places.get(streamKey('clusterip', pod.uid))!;
    expect(trunk.origin.size).toBe(48);
    expect(trunk.port.size).toBeLessThan(pod.to - pod.from);
    const other = places.get(streamKey('headless', pod.uid))!;
    expect(other.port.at + other.port.size / 2).toBeLessThanOrEqual(pod.to);
    expect(other.port.at - other.port.size / 2).toBeGreaterThanOrEqual(trunk.port.at + trunk.port.size / 2);
  });

  it('keep a place for a port that is empty', () => {
    const geometry = geometryOf(input());
    const places = streamPlaces(
      geometry,
      (laneId) => (laneId === 'clusterip' ? 60 : 0),
      (laneId) => (laneId === 'headless' ? 12 : 0),
    );
    const pod = geometry.pods[0]!;
    const empty = places.get(streamKey('headless', pod.uid))!;
    expect(empty.port.size).toBe(0);
    expect(empty.port.at).toBeLessThanOrEqual(pod.to - 5);
  });
});
