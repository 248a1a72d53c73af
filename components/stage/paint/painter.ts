import { distance, flowCurve, type Point, sample } from '../../../model/view/stage/curve.ts';
import {
  type Geometry,
  type LanePlace,
  pointAt,
  type StreamPlace,
  streamKey,
  streamPlaces,
} from '../../../model/view/stage/geometry.ts';
import { travelMs } from '../../../model/view/stage/scale.ts';
import type { StageLane } from '../../../model/view/stage/scene.ts';
import { surface } from '../../paint/surface.ts';
import { paintCells } from './cells.ts';
import { type MarkStyle, markStyle, paintMarks } from './marks.ts';
import { Motion } from './motion.ts';
import type { StagePicture, Stream } from './picture.ts';
import { paintBody, paintPort, paintQueue, paintRail, paintTrace } from './streams.ts';
import { type Tones, tones } from './tones.ts';
import { paintFilling, paintRing, paintTurning, paintWheel } from './wheel.ts';

export type PainterPorts = {
  /** The agent's clock at the picture's edge. */
  edgeMs(): number;
};

/** px that an empty port (a ring, a dashed box) keeps free on a pod's edge. */
const emptyPort = 12;
/** A wheel's sign turns one wedge for each call, and at most this often a second: faster is a flicker, not a turning. */
const mostTurns = 0.8;

/** The stage's canvases, one over the other: the browser puts them together by itself. */
export type Layers = {
  /** What stands still: painted only when a width or a statement changes. */
  still: HTMLCanvasElement;
  /** Rows: the bars of shares, which waver with every report. */
  bars: HTMLCanvasElement;
  /** What runs, in every frame. */
  moving: HTMLCanvasElement;
};

/** The picture of the stage. One call to `frame` is one frame. */
export class StagePainter {
  private readonly layers: Layers;
  private readonly ports: PainterPorts;
  private readonly motion = new Motion();
  private picture: StagePicture | undefined;
  private streams: Stream[] = [];
  private empty: { lane: StageLane; place: LanePlace; at: StreamPlace; uid: string }[] = [];
  private readonly turned = new Map<string, number>();
  private dirty = true;
  private barsDirty = true;
  private said = '';
  private barsSaid = '';
  private lastMs = 0;

  constructor(layers: Layers, ports: PainterPorts) {
    this.layers = layers;
    this.ports = ports;
  }

  show(picture: StagePicture): void {
    this.picture = picture;
    const goals = new Map<string, number>();
    for (const lane of picture.lanes) {
      for (const corner of lane.corners.values()) {
        goals.set(streamKey(lane.id, corner.uid), corner.perSecond * picture.scale.pxPerCall);
      }
    }
    const changed = this.motion.aim(goals, !picture.moving);
    const said = signature(picture);
    // Most reports say what the one before said: then nothing that stands still is painted again.
    if (changed || said !== this.said) this.dirty = true;
    this.said = said;
    const bars = barsSignature(picture);
    if (this.dirty || bars !== this.barsSaid) this.barsDirty = true;
    this.barsSaid = bars;
  }

  /** Theme, fonts or size changed. */
  touch = (): void => {
    this.dirty = true;
    this.barsDirty = true;
  };

  /** The lane whose stream is at this place of the picture, if any. */
  hit(point: Point): { laneId: string; uid: string } | undefined {
    let found: { laneId: string; uid: string } | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const stream of this.streams) {
      const away = distance(stream.curve, point) - stream.width / 2;
      if (away < 4 && away < least) {
        least = away;
        found = { laneId: stream.lane.id, uid: stream.pod.uid };
      }
    }
    return found;
  }

  frame(timeMs: number): void {
    const { picture } = this;
    if (picture === undefined) return;
    const ms = Math.min(100, Math.max(0, timeMs - this.lastMs));
    this.lastMs = timeMs;
    const eased = picture.moving && this.motion.step(ms);
    if (!eased && !this.dirty && !picture.moving) return;
    if (eased || this.dirty) {
      const made = surface(this.layers.still);
      if (made === undefined) return;
      this.place(picture);
      this.paintStill(made.pen, picture, tones(made.scale));
      this.dirty = false;
    }
    if (this.barsDirty) {
      const made = surface(this.layers.bars);
      if (made !== undefined && picture.rows) paintCells(made.pen, tones(made.scale), picture);
      this.barsDirty = false;
    }
    const made = surface(this.layers.moving);
    if (made !== undefined) this.paintMoving(made.pen, picture, tones(made.scale), picture.moving ? ms : 0);
  }

  /** Where every stream runs, with the widths of this frame. */
  private place(picture: StagePicture): void {
    const { geometry } = picture;
    const lanes = new Map(picture.lanes.map((lane) => [lane.id, lane]));
    const at = streamPlaces(
      geometry,
      (laneId, uid) => this.motion.widthOf(streamKey(laneId, uid)),
      (laneId, uid) => {
        const state = lanes.get(laneId)?.corners.get(uid)?.state;
        return state === undefined || state === 'used' || state === 'starting' ? 0 : picture.rows ? 3 : emptyPort;
      },
    );
    this.streams = [];
    this.empty = [];
    for (const place of geometry.lanes) {
      const lane = lanes.get(place.id);
      if (lane === undefined) continue;
      for (const pod of geometry.pods) {
        const key = streamKey(lane.id, pod.uid);
        const found = at.get(key);
        const corner = lane.corners.get(pod.uid);
        if (found === undefined || corner === undefined) continue;
        const width = this.motion.widthOf(key);
        if (width <= 0) {
          this.empty.push({ lane, place, at: found, uid: pod.uid });
          continue;
        }
        this.streams.push({
          key,
          lane,
          place,
          pod,
          corner,
          slot: picture.slots.get(pod.uid) ?? 0,
          width,
          reach: this.motion.reachOf(key),
          at: found,
          curve: sample(curveOf(geometry, place, found)),
        });
      }
    }
    // Broad ones below: a thin stream that crosses a trunk is seen.
    this.streams.sort((a, b) => b.width - a.width);
  }

  private paintStill(pen: CanvasRenderingContext2D, picture: StagePicture, tone: Tones): void {
    const { geometry, lit } = picture;
    const { palette } = tone.brush;
    const alpha = (laneId: string, uid: string | undefined) =>
      (lit.laneId !== undefined && lit.laneId !== laneId) ||
      (lit.uid !== undefined && uid !== undefined && lit.uid !== uid)
        ? 0.16
        : 1;
    pen.fillStyle = palette.floor;
    pen.fillRect(geometry.floor.x, geometry.floor.y, geometry.floor.width, geometry.floor.height);
    this.paintWings(pen, picture, tone);
    const slow = new Set(picture.pods.filter((pod) => pod.slow).map((pod) => pod.uid));
    for (const { lane, place, at, uid } of this.empty) {
      pen.globalAlpha = alpha(lane.id, uid);
      const corner = lane.corners.get(uid);
      if (corner === undefined || lane.state !== 'running') continue;
      const curve = curveOf(geometry, place, at);
      if (corner.state === 'idle' && lane.wheel.locked && !picture.rows) paintRail(pen, palette, curve);
      if (corner.lostNow > 0) {
        const slot = lane.side === 'near' ? -1 : 1;
        paintTrace(pen, palette, curve, sample(curve), corner.lostNow, slot);
      }
      if (!picture.rows) paintPort(pen, tone, geometry, place, at, corner.state, 0);
    }
    for (const stream of this.streams) {
      pen.globalAlpha = alpha(stream.lane.id, stream.pod.uid);
      paintBody(pen, palette, tone.body(stream.slot), stream);
    }
    for (const stream of this.streams) {
      pen.globalAlpha = alpha(stream.lane.id, stream.pod.uid);
      paintPort(pen, tone, geometry, stream.place, stream.at, 'used', stream.slot);
      if (!picture.rows && slow.has(stream.pod.uid)) {
        paintQueue(pen, palette.pods[stream.slot] ?? palette.text3, stream, geometry);
      }
      if (stream.corner.lostNow > 0) {
        paintTrace(pen, palette, undefined, stream.curve, stream.corner.lostNow, 1);
      }
    }
    for (const place of geometry.lanes) {
      const lane = picture.lanes.find((each) => each.id === place.id);
      if (lane === undefined) continue;
      pen.globalAlpha = alpha(lane.id, undefined);
      this.paintClient(pen, picture, tone, lane, place);
    }
    pen.globalAlpha = 1;
  }

  private paintWings(pen: CanvasRenderingContext2D, { geometry, rows, pods }: StagePicture, tone: Tones): void {
    const { edges, turned } = geometry;
    pen.fillStyle = tone.brush.palette.wing;
    for (const place of geometry.pods) {
      const pod = pods.find((each) => each.uid === place.uid);
      pen.globalAlpha = pod?.state === 'gone' ? 0.45 : pod?.state === 'starting' ? 0.35 : 1;
      const size = place.to - place.from;
      pen.beginPath();
      for (const [a, b] of [
        [edges.near, edges.core],
        [edges.coreEnd, edges.far],
      ] as const) {
        const radius = rows ? 1 : 4;
        if (turned) pen.roundRect(place.from, a, size, b - a, radius);
        else pen.roundRect(a, place.from, b - a, size, radius);
      }
      pen.fill();
    }
    pen.globalAlpha = 1;
  }

  /** The client, its pipe where someone else decides, and the wheel where the decision is made. */
  private paintClient(
    pen: CanvasRenderingContext2D,
    picture: StagePicture,
    tone: Tones,
    lane: StageLane,
    place: LanePlace,
  ): void {
    const { palette } = tone.brush;
    const { metrics } = picture.geometry;
    const off = lane.state !== 'running';
    const box = place.box;
    if (place.site !== 'client') {
      const pipe = pipeOf(place, metrics.ring);
      if (off) {
        pen.strokeStyle = palette.text3;
        pen.lineWidth = 1.5;
        pen.setLineDash([2, 4]);
        line(pen, pipe.from, pipe.to);
        pen.setLineDash([]);
      } else {
        let at = place.origin - sum(this.streams.filter((each) => each.lane === lane).map((each) => each.width)) / 2;
        const own = this.streams.filter((each) => each.lane === lane).sort((a, b) => a.at.origin.at - b.at.origin.at);
        if (picture.geometry.turned) at += place.wheel.y - place.origin;
        for (const { width, slot } of own) {
          pen.fillStyle = place.site === 'envoy' ? tone.undecided : tone.body(slot);
          pen.fillRect(Math.min(pipe.from.x, pipe.to.x), at, Math.abs(pipe.to.x - pipe.from.x), width + 0.3);
          at += width;
        }
        if (own.length === 0) {
          pen.strokeStyle = palette.text3;
          pen.lineWidth = 2;
          line(pen, pipe.from, pipe.to);
        }
      }
    }
    pen.fillStyle = palette.ground;
    pen.strokeStyle = off ? palette.text3 : palette.text;
    pen.lineWidth = metrics.box > 110 ? 2.4 : 2;
    if (off) pen.setLineDash([3, 4]);
    pen.beginPath();
    pen.roundRect(box.x, box.y, box.width, box.height, 6);
    pen.fill();
    pen.stroke();
    const { wheel } = place;
    if (place.site === 'envoy') {
      pen.beginPath();
      pen.arc(wheel.x, wheel.y, metrics.box / 2, 0, 2 * Math.PI);
      pen.fill();
      pen.lineWidth = 1.5;
      pen.strokeStyle = palette.text2;
      pen.stroke();
    } else if (place.site === 'proxy') {
      pen.beginPath();
      pen.arc(wheel.x, wheel.y, metrics.wheel + 5, 0, 2 * Math.PI);
      pen.fill();
    }
    pen.setLineDash([]);
    if (lane.state === 'unavailable') return;
    paintRing(pen, tone, lane.wheel, wheel, metrics.ring);
    paintWheel(pen, tone, lane.wheel, (uid) => picture.slots.get(uid) ?? 0, wheel, metrics.wheel);
  }

  /** What runs: marks, the signs of turning wheels, and timers. */
  private paintMoving(pen: CanvasRenderingContext2D, picture: StagePicture, tone: Tones, ms: number): void {
    const { scale, geometry, lit } = picture;
    const dash = geometry.metrics.widest > 60 ? 14 : geometry.metrics.widest > 45 ? 10 : 9;
    const styles = new Map<string, MarkStyle>();
    for (const stream of this.streams) {
      const { lane, place, width, reach, curve } = stream;
      const dim =
        (lit.laneId !== undefined && lit.laneId !== lane.id) || (lit.uid !== undefined && lit.uid !== stream.pod.uid);
      const perMs = stream.corner.perSecond / scale.callsPerMark / 1_000;
      const count = perMs * travelMs;
      const phase = this.motion.flow(stream.key, perMs * ms);
      if (dim) continue;
      const style = styles.get(lane.kind) ?? markStyle(lane.kind);
      styles.set(lane.kind, style);
      paintMarks(pen, curve, {
        phase,
        count,
        width: Math.min(width, stream.at.port.size + (width - stream.at.port.size) * 0.5),
        reach,
        colour: tone.mark(stream.slot),
        style,
        dash,
        flipped: false,
      });
      if (place.site === 'client') continue;
      this.paintPipeMarks(pen, stream, tone, { phase, count, style, dash });
    }
    for (const place of geometry.lanes) {
      const lane = picture.lanes.find((each) => each.id === place.id);
      if (lane === undefined || lane.state === 'unavailable') continue;
      pen.globalAlpha = lit.laneId !== undefined && lit.laneId !== lane.id ? 0.2 : 1;
      paintFilling(pen, tone, lane.wheel, place.wheel, geometry.metrics.ring, this.ports.edgeMs());
      if (lane.wheel.locked) continue;
      const turns = Math.min(mostTurns, lane.perSecond / Math.max(1, lane.wheel.wedges.length));
      const angle = ((this.turned.get(lane.id) ?? 0) + (turns * ms) / 1_000) % 1;
      this.turned.set(lane.id, angle);
      if (lane.wheel.wedges.length > 0) {
        paintTurning(pen, tone, place.wheel, geometry.metrics.wheel, angle * 2 * Math.PI);
      }
      pen.globalAlpha = 1;
    }
    pen.globalAlpha = 1;
  }

  /** The same calls on their way to the wheel: between client and proxy they run before they run on to a pod. */
  private paintPipeMarks(
    pen: CanvasRenderingContext2D,
    stream: Stream,
    tone: Tones,
    { phase, count, style, dash }: { phase: number; count: number; style: MarkStyle; dash: number },
  ): void {
    const { place, width } = stream;
    const { metrics } = (this.picture as StagePicture).geometry;
    const pipe = pipeOf(place, metrics.ring);
    const turned = (this.picture as StagePicture).geometry.turned;
    const y = stream.at.origin.at + (turned ? place.wheel.y - place.origin : 0);
    stream.pipe ??= sample(flowCurve({ x: pipe.from.x, y }, { x: pipe.to.x, y }, false), 8);
    const curve = stream.pipe;
    // As fast as on the stream, and in step with it: a shorter way has fewer marks under way.
    const under = (count * curve.length) / Math.max(1, stream.curve.length);
    paintMarks(pen, curve, {
      phase: phase + under,
      count: under,
      width,
      reach: 1,
      colour: place.site === 'envoy' ? tone.undecidedMark : tone.mark(stream.slot),
      style,
      dash,
      flipped: false,
    });
  }
}

/** How long each bar is, and what stands where there is none. */
function barsSignature({ rows, lanes, fair }: StagePicture): string {
  if (!rows) return '';
  return lanes
    .map(({ corners }) =>
      [...corners.values()]
        .map(({ uid, state, share }) => `${state}${(share / (fair.get(uid) ?? 1)).toFixed(1)}`)
        .join(),
    )
    .join('|');
}

/** All that stands still but the widths of streams. */
function signature({ geometry, lanes, pods, slots, rows, moving, lit }: StagePicture): string {
  const { floor, turned, metrics } = geometry;
  return [
    `${floor.x} ${floor.y} ${floor.width} ${floor.height} ${turned} ${metrics.box} ${metrics.core} ${rows} ${moving} ${lit.laneId} ${lit.uid}`,
    ...geometry.pods.map((pod) => `${pod.uid} ${pod.from.toFixed(1)} ${pod.to.toFixed(1)} ${slots.get(pod.uid)}`),
    ...pods.map((pod) => `${pod.state}${pod.slow}`),
    ...lanes.map(({ id, state, side, wheel, corners }) => {
      const wedges = wheel.wedges.map(({ uid, ghost, used }) => `${uid}${ghost}${used}`).join();
      const ports = [...corners.values()].map(({ state, lostNow }) => `${state}${lostNow}`);
      return `${id} ${state} ${side} ${wheel.locked} ${wheel.ring.kind} ${wedges} ${ports.join()}`;
    }),
  ].join('|');
}

function curveOf(geometry: Geometry, place: LanePlace, at: StreamPlace) {
  const from = pointAt(geometry, place.starts, at.origin.at);
  const to = pointAt(geometry, place.ends, at.port.at);
  return flowCurve(from, to, geometry.turned);
}

function pipeOf(place: LanePlace, ring: number): { from: Point; to: Point } {
  const right = place.wheel.x > place.box.x;
  const y = place.wheel.y;
  const reach = place.site === 'envoy' ? ring + 6 : ring - 4;
  return right
    ? { from: { x: place.box.x + place.box.width, y }, to: { x: place.wheel.x - reach, y } }
    : { from: { x: place.box.x, y }, to: { x: place.wheel.x + reach, y } };
}

function line(pen: CanvasRenderingContext2D, a: Point, b: Point): void {
  pen.beginPath();
  pen.moveTo(a.x, a.y);
  pen.lineTo(b.x, b.y);
  pen.stroke();
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
