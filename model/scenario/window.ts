import type { Endpoint, Event, Frame, LaneFrame } from '../../gen/lbscope/events/v1/events_pb.js';
import type { ChangeRun } from '../state.ts';
import { toMs } from '../time.ts';

/** Everything that was seen between two instants. Frames are cut at its edges, so none is half inside. */
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly frames: readonly Frame[];
  readonly events: readonly Event[];
  /** Endpoints as they were at `from`. */
  readonly endpointsBefore: readonly Endpoint[];
  /** The changes that were opened in the window, as they stand when it is judged. */
  readonly changes: readonly ChangeRun[];
  /** State of each lane at `from`. */
  readonly lanesBefore: ReadonlyMap<string, LaneBefore>;
  /** UIDs that steps gave names to. */
  readonly pods: ReadonlyMap<string, string>;
}

export interface LaneBefore {
  readonly state: string;
  readonly reason: string;
  /** Believed-in addresses. */
  readonly addresses: readonly string[];
  readonly resolvedAt: number | undefined;
}

/** Edges pass through microseconds on their way into a frame. */
const tolerance = 0.5;

export function within(frame: Frame, from: number, to: number): boolean {
  return toMs(frame.from) >= from - tolerance && toMs(frame.to) <= to + tolerance;
}

export function laneFrames(window: Window, lane: string): LaneFrame[] {
  return window.frames.flatMap((frame) => frame.lanes.filter((part) => part.laneId === lane));
}

export interface ReadySet {
  readonly before: ReadonlySet<string>;
  readonly after: ReadonlySet<string>;
  /** Addresses that were ready at the end. */
  readonly addresses: ReadonlySet<string>;
  readonly changed: boolean;
}

/** The ready pods (UIDs) at both ends, and whether the set moved in between. */
export function readySet(window: Window): ReadySet {
  const ready = (all: readonly Endpoint[]) => all.filter((endpoint) => endpoint.ready);
  const uids = (all: readonly Endpoint[]) => new Set(ready(all).map((endpoint) => endpoint.podUid));
  const before = uids(window.endpointsBefore);
  let last = window.endpointsBefore;
  let changed = false;
  for (const { kind } of window.events) {
    if (kind.case !== 'sliceChanged') continue;
    const now = uids(kind.value.all);
    if (now.size !== before.size || [...now].some((uid) => !before.has(uid))) changed = true;
    last = kind.value.all;
  }
  return { before, after: uids(last), addresses: new Set(ready(last).map(({ address }) => address)), changed };
}

/** Milliseconds of the window in which the lane was not running, and the last reason it gave. */
export function unavailability(window: Window, lane: string): { readonly ms: number; readonly reason: string } {
  let { state, reason } = window.lanesBefore.get(lane) ?? { state: 'missing', reason: 'there is no such lane' };
  let since = window.from;
  let ms = 0;
  let why = state === 'running' ? '' : reason;
  for (const event of window.events) {
    if (event.laneId !== lane || event.kind.case !== 'laneState') continue;
    const at = Math.max(window.from, toMs(event.at));
    if (state !== 'running') ms += at - since;
    ({ state, reason } = event.kind.value);
    since = at;
    if (state !== 'running') why = reason || state;
  }
  if (state !== 'running') ms += window.to - since;
  return { ms, reason: why };
}

/** What the lane believed in at the end of the window. */
export function beliefAtEnd(
  window: Window,
  lane: string,
): { addresses: readonly string[]; resolvedAt?: number | undefined } {
  const before = window.lanesBefore.get(lane);
  let addresses = before?.addresses ?? [];
  let resolvedAt = before?.resolvedAt;
  for (const event of window.events) {
    if (event.laneId !== lane) continue;
    if (event.kind.case === 'resolved') {
      addresses = event.kind.value.addresses;
      resolvedAt = toMs(event.at);
    } else if (event.kind.case === 'resolutionFailed' && event.kind.value.effect === 'dropped') {
      addresses = [];
      resolvedAt = toMs(event.at);
    }
  }
  return { addresses, resolvedAt };
}
