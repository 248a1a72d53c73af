import type { Point } from './curve.ts';
import { pack, portOrder, stack, type Wish } from './ports.ts';

/** Where a path's wheel sits, which says who decides: in the client, on the way at kube-proxy, in Envoy. */
export type Site = 'client' | 'proxy' | 'envoy';
export type Side = 'near' | 'far';
export type Rect = { x: number; y: number; width: number; height: number };

/** Sizes in px of one class of screen. */
export type Metrics = {
  /** Box of a client that holds the wheel; box of a client that does not. */
  box: number;
  client: number;
  /** Outer radius of the wedges, and of the ring. */
  wheel: number;
  ring: number;
  /** From the outer edge to the wheel's centre: of a wheel in its client, of one on the way. */
  inClient: number;
  onTheWay: number;
  wing: number;
  core: number;
  /** Between pods, and above the first for the truth's own line. */
  gap: number;
  head: number;
  foot: number;
  /** Widest stream where there is room. */
  widest: number;
  /** Longest figure of one pod: a single pod does not fill the stage. */
  tallest: number;
};

export type LanePlace = {
  id: string;
  side: Side;
  site: Site;
  /** Its part of the side, across the flow. */
  slice: { from: number; to: number };
  wheel: Point;
  /** The box of the client; with the wheel in it where the client decides. */
  box: Rect;
  /** Across the flow: the wheel's centre. */
  origin: number;
  /** Along the flow: where its streams begin, and where they end at the pods. */
  starts: number;
  ends: number;
};

/** One pod's place across the flow. */
export type PodPlace = { uid: string; from: number; to: number };

export type Geometry = {
  /** Turned by a quarter: pods are a row, clients above and below. */
  turned: boolean;
  metrics: Metrics;
  floor: Rect;
  /** Along the flow: near wing, core, far wing. */
  edges: { near: number; core: number; coreEnd: number; far: number };
  lanes: readonly LanePlace[];
  pods: readonly PodPlace[];
};

export type GeometryInput = {
  width: number;
  height: number;
  turned: boolean;
  metrics: Metrics;
  lanes: readonly { id: string; side: Side; site: Site }[];
  /** `weight`: 1 for a pod that lives, less for one that is over. */
  pods: readonly { uid: string; weight: number }[];
};

/** Of a pod's edge: a trunk too wide for it narrows at its port, and leaves the other lanes their place. */
const widestPort = 0.72;

/** Everything that stands still: clients, wheels, pods. Computed once per layout, not per frame. */
export function geometryOf(input: GeometryInput): Geometry {
  const { turned, metrics } = input;
  const length = turned ? input.height : input.width;
  const breadth = turned ? input.width : input.height;
  const figure = metrics.wing * 2 + metrics.core;
  const near = Math.round((length - figure) / 2);
  const edges = { near, core: near + metrics.wing, coreEnd: near + metrics.wing + metrics.core, far: near + figure };
  const across = (from: number, to: number, a: number, b: number): Rect =>
    turned ? { x: a, y: from, width: b - a, height: to - from } : { x: from, y: a, width: to - from, height: b - a };
  const lanes = (['near', 'far'] as const).flatMap((side) => {
    const own = input.lanes.filter((lane) => lane.side === side);
    return own.map((lane, i): LanePlace => {
      const slice = { from: (breadth * i) / own.length, to: (breadth * (i + 1)) / own.length };
      const outer = side === 'near' ? 0 : length;
      const inwards = side === 'near' ? 1 : -1;
      const point = (along: number, b: number): Point => (turned ? { x: b, y: along } : { x: along, y: b });
      const square = (along: number, b: number, size: number): Rect => {
        const centre = point(along, b);
        return { x: centre.x - size / 2, y: centre.y - size / 2, width: size, height: size };
      };
      const starts = (centre: number, reach: number) => centre + inwards * reach;
      const ends = side === 'near' ? edges.near : edges.far;
      if (lane.site === 'client') {
        const centre = outer + inwards * metrics.inClient;
        const roomy = slice.to - slice.from > 3 * metrics.box;
        const origin = turned && !roomy ? slice.from + metrics.box / 2 + 8 : (slice.from + slice.to) / 2;
        const box = square(centre, origin, metrics.box);
        return {
          ...lane,
          slice,
          wheel: point(centre, origin),
          box,
          origin,
          starts: starts(centre, metrics.box / 2),
          ends,
        };
      }
      const reach = lane.site === 'envoy' ? metrics.box / 2 : metrics.wheel - 4;
      if (turned) {
        // Client and wheel lie side by side, so that the streams have the whole way to the pods.
        const centre = outer + inwards * metrics.inClient;
        const apart = metrics.client / 2 + metrics.ring + 14;
        const before = side === 'near';
        const origin = slice.from + (before ? metrics.client + 14 + metrics.ring : metrics.box / 2 + 8);
        const box = square(
          centre,
          origin + (before ? -apart : apart + (lane.site === 'envoy' ? 6 : 0)),
          metrics.client,
        );
        return { ...lane, slice, wheel: point(centre, origin), box, origin, starts: starts(centre, reach), ends };
      }
      const centre = outer + inwards * metrics.onTheWay;
      const origin = (slice.from + slice.to) / 2;
      const box = square(outer + inwards * (metrics.client / 2 + 2), origin, metrics.client);
      return { ...lane, slice, wheel: point(centre, origin), box, origin, starts: starts(centre, reach), ends };
    });
  });
  return {
    turned,
    metrics,
    floor: across(edges.near - 8, edges.far + 8, 0, breadth),
    edges,
    lanes,
    pods: podPlaces(input.pods, metrics, breadth),
  };
}

/** Pods share the room by weight, in their order; no figure is longer than the longest allowed. */
function podPlaces(pods: GeometryInput['pods'], { gap, head, foot, tallest }: Metrics, breadth: number): PodPlace[] {
  const weights = pods.reduce((sum, pod) => sum + pod.weight, 0);
  if (weights === 0) return [];
  const room = breadth - head - foot - gap * (pods.length - 1);
  const unit = Math.max(0, Math.min(tallest, room / weights));
  const used = unit * weights + gap * (pods.length - 1);
  let at = head + Math.max(0, (breadth - head - foot - used) / 2);
  return pods.map(({ uid, weight }) => {
    const from = at;
    at += unit * weight + gap;
    return { uid, from, to: from + unit * weight };
  });
}

/** The middle of the part of a pod's edge that belongs to a lane: a number's place says whose it is. */
export function cornerAt(geometry: Geometry, lane: LanePlace, pod: PodPlace): number {
  const own = geometry.lanes.filter((each) => each.side === lane.side);
  const ordered = portOrder(own, (each) => each.origin);
  const i = ordered.findIndex((each) => each.id === lane.id);
  return pod.from + ((pod.to - pod.from) * (i + 0.5)) / Math.max(1, ordered.length);
}

/** A stream as drawn: its ends across the flow, its width there and on the way. */
export type StreamPlace = { laneId: string; uid: string; origin: Wish; port: Wish };

/**
 * All streams of given widths: stacked without gaps where they leave their wheel, packed on the pods' edges. `widthOf`
 * gives px; a port that is reserved but empty (a ring, a dashed port) has `reserved` px.
 */
export function streamPlaces(
  geometry: Geometry,
  widthOf: (laneId: string, uid: string) => number,
  reservedOf: (laneId: string, uid: string) => number,
): Map<string, StreamPlace> {
  const places = new Map<string, StreamPlace>();
  const ports = new Map<string, Wish>();
  for (const side of ['near', 'far'] as const) {
    const lanes = portOrder(
      geometry.lanes.filter((lane) => lane.side === side),
      (lane) => lane.origin,
    );
    for (const pod of geometry.pods) {
      const wishes = lanes.map((lane, i) => ({
        at: pod.from + ((pod.to - pod.from) * (i + 0.5)) / lanes.length,
        size: Math.max(
          Math.min(widthOf(lane.id, pod.uid), (pod.to - pod.from) * widestPort),
          reservedOf(lane.id, pod.uid),
        ),
      }));
      const pad = Math.min(2, (pod.to - pod.from) * 0.06);
      pack(wishes, pod.from + pad, pod.to - pad, 3).forEach((port, i) => {
        ports.set(streamKey((lanes[i] as LanePlace).id, pod.uid), port);
      });
    }
    for (const lane of lanes) {
      const widths = geometry.pods.map((pod) => widthOf(lane.id, pod.uid));
      stack(widths, lane.origin).forEach((origin, i) => {
        const uid = (geometry.pods[i] as PodPlace).uid;
        const key = streamKey(lane.id, uid);
        const port = ports.get(key) as Wish;
        places.set(key, {
          laneId: lane.id,
          uid,
          origin,
          port: { at: port.at, size: Math.min(port.size, origin.size) },
        });
      });
    }
  }
  return places;
}

export function streamKey(laneId: string, uid: string): string {
  return `${laneId}\u0000${uid}`;
}

/** A place along and across the flow as a point of the screen. */
export function pointAt(geometry: Geometry, along: number, across: number): Point {
  return geometry.turned ? { x: across, y: along } : { x: along, y: across };
}
