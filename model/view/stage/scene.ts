import type { GetSnapshotResponse, Lane, LanePod } from '../../../gen/lbscope/agent/v1/agent_pb.js';
import { band } from '../band.ts';
import { type Decider, decider } from '../decider.ts';
import { laneSlices } from '../frames.ts';
import { type Wheel, wheelOf } from '../wheel.ts';
import { flows, lostSince, rateNow } from './flow.ts';
import type { Side, Site } from './geometry.ts';
import { type StagePod, stagePods } from './pods.ts';
import { recent } from './recent.ts';
import { type Sides, sidesOf, siteOf } from './sides.ts';

/**
 * What a pod is to a path, as its corner shows it. Used, idle (known, not chosen), missing and ghost are four drawings
 * and four words. gone: no more, and nobody believes in it. starting: not there yet. out: not in the ready set.
 */
export type CornerState = 'used' | 'idle' | 'missing' | 'ghost' | 'gone' | 'starting' | 'out';

export type Corner = {
  uid: string;
  state: CornerState;
  share: number;
  perSecond: number;
  /** Calls lost at this pod in the last 90 s. */
  lost: number;
  /** Of them, in the last 5 s: drawn as marks at the port, with the broken stream's trace. */
  lostNow: number;
  /** The ghost costs nothing any more: no connection to it is left. */
  unused: boolean;
};

export type StageLane = {
  id: string;
  label: string;
  side: Side;
  site: Site;
  who: Decider;
  state: string;
  reason: string;
  wheel: Wheel;
  /** Answered calls per second, now. */
  perSecond: number;
  /** Open connections that the client has. */
  connections: number;
  kind: string;
  /** By UID, in the order of the pods. */
  corners: ReadonlyMap<string, Corner>;
  /** Lost calls that no pod can be named for, last 90 s. */
  unattributed: number;
  lane: Lane;
};

export type Scene = { pods: readonly StagePod[]; ready: number; lanes: readonly StageLane[]; sides: Sides };

const billMs = 90_000;
const traceMs = 5_000;

/** What the stage shows of the lanes it has room for. */
export function sceneOf(snapshot: GetSnapshotResponse, lanes: readonly Lane[], nowMs: number): Scene {
  const order = snapshot.pods.map((pod) => pod.uid);
  const pods = stagePods(snapshot, nowMs);
  const sides = sidesOf(lanes);
  const ended = new Set(pods.filter((pod) => pod.state === 'gone').map((pod) => pod.uid));
  return {
    pods,
    ready: pods.filter((pod) => pod.state === 'ready').length,
    sides,
    lanes: lanes.map((lane) => {
      const slices = laneSlices(snapshot.bins, lane.id);
      const flowing =
        lane.state === 'running' ? flows(slices, band(recent(slices), order), ended) : new Map<string, never>();
      const bill = lostSince(slices, nowMs - billMs);
      const now = lostSince(slices, nowMs - traceMs);
      const known = new Map(lane.pods.map((pod) => [pod.uid, pod]));
      return {
        id: lane.id,
        label: lane.label,
        side: sides.of.get(lane.id) ?? 'near',
        site: siteOf(lane),
        who: decider(lane),
        state: lane.state,
        reason: lane.reason,
        wheel: wheelOf(snapshot, lane),
        perSecond: lane.state === 'running' ? rateNow(slices) : 0,
        connections: lane.connections.filter((each) => each.state === 'READY').length,
        kind: lane.traffic?.kind || snapshot.traffic?.kind || 'unary',
        corners: new Map(
          pods.map((pod) => {
            const flow = flowing.get(pod.uid);
            const standing = known.get(pod.uid);
            return [
              pod.uid,
              {
                uid: pod.uid,
                state: cornerState(pod, standing, flow !== undefined),
                share: flow?.share ?? 0,
                perSecond: flow?.perSecond ?? 0,
                lost: bill.get(pod.uid) ?? 0,
                lostNow: now.get(pod.uid) ?? 0,
                unused: standing?.standing === 'ghost' && !connected(snapshot, lane, pod.uid),
              },
            ];
          }),
        ),
        unattributed: bill.get('') ?? 0,
        lane,
      };
    }),
  };
}

function cornerState(pod: StagePod, known: LanePod | undefined, flows: boolean): CornerState {
  if (known?.standing === 'ghost') return 'ghost';
  if (pod.state === 'gone') return 'gone';
  if (flows) return 'used';
  if (known?.standing === 'missing') return 'missing';
  if (pod.state === 'starting') return 'starting';
  if (pod.state === 'ready') return 'idle';
  return 'out';
}

/** round_robin picks READY connections only: a ghost without one costs nothing any more. */
function connected(snapshot: GetSnapshotResponse, lane: Lane, uid: string): boolean {
  if (decider(lane) === 'envoy') return true;
  const own = new Set(snapshot.intervals.filter((each) => each.podUid === uid).map((each) => each.address));
  return lane.connections.some((each) => each.state === 'READY' && own.has(each.address));
}
