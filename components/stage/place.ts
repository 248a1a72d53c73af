import type { CSSProperties } from 'react';
import type { GetSnapshotResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { bindNumbers } from '../../model/time.ts';
import { beliefWords } from '../../model/view/belief-words.ts';
import { bracketFor } from '../../model/view/brackets.ts';
import { briefCount, scorecards } from '../../model/view/scorecard.ts';
import { cellOf, printedFrom } from '../../model/view/stage/cells.ts';
import { cornerAt, geometryOf, type LanePlace } from '../../model/view/stage/geometry.ts';
import { scaleFor } from '../../model/view/stage/scale.ts';
import type { StageLane } from '../../model/view/stage/scene.ts';
import { compact } from '../../model/view/stage/tally.ts';
import { captionOf, cornerWords, markWords, percentOf, perSecondOf, pipeWords } from '../../model/view/stage/words.ts';
import { watchRule } from '../../model/view/watch-rule.ts';
import type { CaptionProps } from './captions.tsx';
import type { Derived } from './derive.ts';
import type { CornerView, FigureProps } from './figures.tsx';
import type { Chip, LaneTextProps } from './lane-text.tsx';
import type { StageLayout } from './layout.ts';
import type { StagePicture } from './paint/picture.ts';

export type Lit = { laneId?: string; uid?: string };

export type PlaceInput = {
  derived: Derived;
  snapshot: GetSnapshotResponse;
  layout: StageLayout;
  rows: boolean;
  presenting: boolean;
  stale: boolean;
  nowMs: number;
  moving: boolean;
  lit: Lit;
  /** The group that is open. */
  open: string | undefined;
};

/** Everything of the stage with its place: what the canvas paints, and the texts and controls over it. */
export type Placed = {
  picture: StagePicture;
  near: LaneTextProps[];
  far: LaneTextProps[];
  figures: Omit<FigureProps, 'open'>[];
  captions: CaptionProps[];
  /** Rows: whose column it is. */
  heads: { laneId: string; text: string; side: 'near' | 'far'; tiered: boolean; style: CSSProperties }[];
  marks: string;
  truthAt: CSSProperties;
  perSide: number;
};

/** A pod that is over needs less room, and less still if it cost nothing. */
const overWeight = 0.62;
const freeWeight = 0.42;
/** Turned, a figure is as wide as it is heavy, and its handle needs the room. */
const turnedWeight = 0.9;

export function placed(input: PlaceInput): Placed {
  const { derived, layout, rows, lit } = input;
  const { scene, slots } = derived;
  const { turned, metrics, size } = layout;
  const wide = size === 'wide';
  // Turned or slim, a corner holds a number and no more.
  const wordsless = rows || turned || size === 'slim';
  const weightOf = (uid: string, state: string) => {
    if (state !== 'gone' || rows) return 1;
    if (turned) return turnedWeight;
    return scene.lanes.some((lane) => (lane.corners.get(uid)?.lost ?? 0) > 0) ? overWeight : freeWeight;
  };
  const tiers = headTiers(input);
  const geometry = geometryOf({
    width: layout.width,
    height: layout.height,
    turned,
    // A handful of groups need not be as flat as thirty rows.
    metrics: {
      ...metrics,
      ...(derived.groups.size > 0 ? { tallest: 2.4 * metrics.tallest } : {}),
      ...(rows && !turned ? { head: metrics.head + (tiers - 1) * headLine } : {}),
    },
    lanes: scene.lanes.map(({ id, side, site }) => ({ id, side, site })),
    pods: scene.pods.map((pod) => ({ uid: pod.uid, weight: weightOf(pod.uid, pod.state) })),
  });
  const living = geometry.pods.filter((place) => scene.pods.find((pod) => pod.uid === place.uid)?.state !== 'gone');
  const edge = Math.min(...living.map((pod) => pod.to - pod.from), metrics.tallest) - 8;
  const scale = scaleFor(
    scene.lanes.map((lane) => lane.perSecond),
    metrics.widest,
    edge,
    rows ? 0 : need(scene.lanes, scene.ready),
  );
  const captions = geometry.lanes.flatMap((place): CaptionProps[] => {
    const lane = scene.lanes.find((each) => each.id === place.id);
    return lane === undefined ? [] : [captionFor(lane, place, input, geometry.turned)];
  });
  const fair = new Map(
    scene.pods.map((pod) => [pod.uid, (derived.groups.get(pod.uid)?.uids.length ?? 1) / Math.max(1, scene.ready)]),
  );
  const texts = (side: 'near' | 'far') =>
    scene.lanes
      .filter((lane) => lane.side === side)
      .map((lane, i) => textOf(lane, i === 0 ? scene.sides[side] : '', input));
  const near = texts('near');
  const far = texts('far');
  const figures = geometry.pods.flatMap((place): Omit<FigureProps, 'open'>[] => {
    const pod = scene.pods.find((each) => each.uid === place.uid);
    if (pod === undefined) return [];
    const long = place.to - place.from;
    const lanesOf = geometry.lanes.flatMap((lanePlace): CornerView[] => {
      const lane = scene.lanes.find((each) => each.id === lanePlace.id);
      const corner = lane?.corners.get(pod.uid);
      if (lane === undefined || corner === undefined || lane.state !== 'running') return [];
      const times = corner.share / (fair.get(pod.uid) ?? 1);
      // A turned row's cell is too thin for letters.
      if (rows && !((times >= printedFrom && !turned) || corner.lost > 0)) return [];
      const cell = rows ? cellOf(geometry, lanePlace, place, times) : undefined;
      const words = cornerWords(corner, lane.wheel.locked);
      return [
        {
          laneId: lane.id,
          side: lane.side,
          at: cell === undefined ? cornerAt(geometry, lanePlace, place) - place.from : long / 2,
          state: corner.state,
          share: percentOf(corner.share),
          rate: corner.perSecond < 10_000 ? perSecondOf(corner.perSecond) : briefCount(corner.perSecond),
          words: wordsless ? (!rows && corner.state === 'missing' ? '?' : '') : wide ? words.long : words.short,
          lost: corner.lost,
          all: corner.share > 0.995,
          cell: cell?.whole.x,
          tight: cell !== undefined && cell.whole.width < 46,
        },
      ];
    });
    return [
      {
        uid: pod.uid,
        pod: pod.pod,
        handle: pod.handle,
        slot: slots.get(pod.uid) ?? 0,
        state: pod.state,
        words: wide ? pod.words.long : pod.words.short,
        outlined: pod.outlined,
        group: groupOf(input, pod.uid),
        graceLeft: pod.graceLeft === undefined ? undefined : Math.round(pod.graceLeft * 50) / 50,
        turned,
        row: rows,
        slim: !turned && long < (wide ? 52 : 38),
        from: place.from,
        size: long,
        core: geometry.edges.core,
        coreSize: geometry.edges.coreEnd - geometry.edges.core,
        near: geometry.edges.near,
        far: geometry.edges.far,
        corners: lanesOf,
      },
    ];
  });
  return {
    picture: {
      geometry,
      pods: scene.pods,
      lanes: scene.lanes,
      slots,
      scale,
      rows,
      fair,
      moving: input.moving,
      lit,
    },
    near,
    far,
    figures,
    captions,
    heads: rows && !turned ? headsOf(geometry, scene.lanes, tiers) : [],
    marks: markWords(scale.callsPerMark, scene.lanes[0]?.kind ?? 'unary'),
    truthAt: turned
      ? { display: 'none' }
      : { left: geometry.floor.x, width: geometry.floor.width, height: rows ? metrics.head * 0.55 : metrics.head },
    perSide: Math.max(near.length, far.length, 1),
  };
}

/** How many times a whole lane's width may meet at one pod: one that is pinned, and the even share of the others. */
function need(lanes: readonly StageLane[], ready: number): number {
  return Math.max(
    ...(['near', 'far'] as const).map((side) => {
      const own = lanes.filter((lane) => lane.side === side && lane.state === 'running');
      const uids = new Set(own.flatMap((lane) => [...lane.corners.keys()]));
      const most = Math.max(0, ...own.map((lane) => lane.perSecond)) || 1;
      const now = [...uids].map(
        (uid) => own.reduce((sum, lane) => sum + (lane.corners.get(uid)?.perSecond ?? 0), 0) / most,
      );
      const locked = own.filter((lane) => lane.wheel.locked).length;
      return Math.max(Math.min(1, locked) + (own.length - Math.min(1, locked)) / Math.max(1, ready), ...now);
    }),
    1,
  );
}

function groupOf({ derived, open }: PlaceInput, uid: string): FigureProps['group'] {
  const group = derived.groups.get(uid);
  return group === undefined ? undefined : { count: group.uids.length, open: open === uid };
}

/** px: a line of the columns' names, and a letter of them, roughly. */
const headLine = 15;
const headLetter = 7.7;

/** How many lines the columns' names take: one where each fits its own column, or a line for each lane of a side. */
function headTiers({ derived, layout }: PlaceInput): number {
  const { lanes } = derived.scene;
  return Math.max(
    ...(['near', 'far'] as const).map((side) => {
      const own = lanes.filter((lane) => lane.side === side);
      const room = (layout.metrics.wing - 18) / Math.max(1, own.length) - 2;
      return own.every(({ label }) => label.length * headLetter <= room) ? 1 : own.length;
    }),
  );
}

/** Over each column whose it is; where it is too narrow for that, names stand one above the other, each with a line down to its column. */
function headsOf(geometry: StagePicture['geometry'], lanes: readonly StageLane[], tiers: number): Placed['heads'] {
  const first = geometry.pods[0];
  if (first === undefined) return [];
  const { edges } = geometry;
  const letters = (id: string) => (lanes.find((lane) => lane.id === id)?.label ?? '').length * headLetter + 6;
  const columns = (['near', 'far'] as const).map((side) =>
    geometry.lanes
      .filter((place) => place.side === side)
      .map((place) => ({ id: place.id, side, cell: cellOf(geometry, place, first, 0).whole }))
      // The outermost on top, so that no line crosses a name.
      .sort((one, other) => (side === 'near' ? other.cell.x - one.cell.x : one.cell.x - other.cell.x)),
  );
  return columns.flatMap((own, which) =>
    own.map(({ id, side, cell }, i) => {
      const near = side === 'near';
      const tier = tiers === 1 ? 0 : i;
      const end = cell.x + cell.width;
      // Up to the name of the other side on the same line; where both do not fit, the shorter one is told whole.
      const other = columns[1 - which]?.[i];
      const room = near
        ? (other?.cell.x ?? edges.far) + (other?.cell.width ?? 0) - cell.x
        : end - (other?.cell.x ?? edges.near);
      const taken = other === undefined ? 0 : Math.min(letters(other.id), 0.6 * room);
      const whole = letters(id);
      const width = tiers === 1 ? cell.width + 4 : whole <= 0.6 * room ? whole : Math.min(whole, room - taken - 6);
      const label = lanes.find((lane) => lane.id === id)?.label ?? '';
      return {
        laneId: id,
        text: label,
        side,
        tiered: tiers > 1,
        style: {
          left: near ? cell.x : end - width,
          width,
          top: first.from - 4 - headLine * (tier + 1),
          height: headLine * (tier + 1) + 2,
          textAlign: near ? ('left' as const) : ('right' as const),
        },
      };
    }),
  );
}

function captionFor(lane: StageLane, place: LanePlace, { layout, nowMs }: PlaceInput, turned: boolean): CaptionProps {
  const { who, when, brief } = captionOf(lane, nowMs);
  const { metrics } = layout;
  const reach = lane.site === 'proxy' ? metrics.wheel + 6 : metrics.box / 2;
  return {
    laneId: lane.id,
    state: lane.state,
    site: lane.site,
    side: lane.side,
    box: place.box,
    wheel: { x: place.wheel.x, y: place.wheel.y, reach },
    // Away from the fan, which runs towards the middle of the pods.
    above: turned ? lane.side === 'near' : lane.site === 'client' && place.origin < layout.height * 0.4,
    turned,
    wide: layout.size === 'wide',
    who,
    when:
      lane.state !== 'running'
        ? lane.state
        : layout.size === 'slim'
          ? brief
          : layout.size === 'wide'
            ? when.long
            : when.short,
    pipe: pipeWords(lane),
    unattributed: lane.unattributed,
  };
}

function textOf(lane: StageLane, side: string, input: PlaceInput): LaneTextProps {
  const { derived, snapshot, layout, nowMs, presenting, stale } = input;
  const words = beliefWords(snapshot, lane.lane, nowMs);
  const stalled = [{ text: 'No report from the agent. Calls may still be flowing.', strong: false }];
  const parts = lane.lane.verdictParts.map(({ text, strong }) => ({ text: bindNumbers(text), strong }));
  return {
    id: lane.id,
    label: lane.label,
    state: lane.state,
    side,
    verdict: stale ? stalled : parts.length > 0 ? parts : [{ text: bindNumbers(lane.lane.verdict), strong: false }],
    knows: words.knows,
    differs: layout.size === 'wide' ? words.differs : layout.size === 'phone' ? words.briefest : words.brief,
    chips: chipsOf(lane, input),
    age: stale ? 'old' : decapitalised(words.age),
    source: words.source,
    next: words.next,
    noticed: presenting ? noticedOf(lane, derived) : undefined,
    rule: watchRule(snapshot, lane.lane),
    detour: lane.lane.detour,
    wide: layout.size === 'wide',
    stale,
  };
}

/** Believed pods, missing ones and ghosts, in the order of the pods; a client with one address knows none. */
function chipsOf(lane: StageLane, { derived }: PlaceInput): Chip[] {
  const virtual = lane.lane.belief?.source === 'static' || lane.lane.belief === undefined;
  if (virtual) return [];
  const { whole: scene, slots } = derived;
  const wedges = new Map(lane.wheel.wedges.map((wedge) => [wedge.uid, wedge]));
  return scene.pods.flatMap((pod): Chip[] => {
    const wedge = wedges.get(pod.uid);
    const chip = { uid: pod.uid, handle: pod.handle, slot: slots.get(pod.uid) ?? 0 };
    if (wedge !== undefined) return [{ ...chip, standing: wedge.ghost ? 'ghost' : 'used' }];
    return scene.lanes.find((each) => each.id === lane.id)?.corners.get(pod.uid)?.state === 'missing'
      ? [{ ...chip, standing: 'missing' }]
      : [];
  });
}

function noticedOf(lane: StageLane, { lanes, bands, lines }: Derived): LaneTextProps['noticed'] {
  const line = lines.findLast((each) =>
    lanes.some((own) => bracketFor(bands.get(own.id)?.brackets, each) !== undefined),
  );
  const latest = new Map(lanes.map((each) => [each.id, bracketFor(bands.get(each.id)?.brackets, line)]));
  const entry = scorecards(lanes, latest)
    .get(lane.id)
    ?.find((each) => each.key === 'reaction');
  if (line === undefined || entry === undefined || entry.value === '–') return undefined;
  return { text: compact(entry.value), mark: entry.mark };
}

function decapitalised(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
