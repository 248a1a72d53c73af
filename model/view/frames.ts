import type { Frame } from '../../gen/lbscope/events/v1/events_pb.js';
import { toMs } from '../time.ts';

export type PodCount = {
  uid: string;
  answered: number;
  failed: number;
  firstMs: number;
  lastMs: number;
  /** Sum of the service times of its answered calls. */
  serviceMs: number;
};

/** One lane's part of a frame, in plain numbers. */
export type LaneSlice = {
  fromMs: number;
  toMs: number;
  /** Calls per second that the settings ask for; 0 in a closed loop. */
  asked: number;
  issued: number;
  answered: number;
  failed: number;
  pods: PodCount[];
};

const known = new WeakMap<Frame, Map<string, LaneSlice>>();

/** The frames of one lane, oldest first. A frame never changes, so its plain form is kept with it. */
export function laneSlices(frames: readonly Frame[], laneId: string): LaneSlice[] {
  const slices: LaneSlice[] = [];
  for (const frame of frames) {
    let lanes = known.get(frame);
    if (lanes === undefined) {
      lanes = plain(frame);
      known.set(frame, lanes);
    }
    const slice = lanes.get(laneId);
    if (slice !== undefined) slices.push(slice);
  }
  return slices;
}

function plain(frame: Frame): Map<string, LaneSlice> {
  const fromMs = toMs(frame.from);
  const toMsValue = toMs(frame.to);
  const lanes = new Map<string, LaneSlice>();
  for (const lane of frame.lanes) {
    lanes.set(lane.laneId, {
      fromMs,
      toMs: toMsValue,
      asked: lane.askedRate,
      issued: lane.issued,
      answered: lane.answered,
      failed: lane.failed.reduce((sum, each) => sum + each.count, 0),
      pods: lane.pods.map((pod) => ({
        uid: pod.podUid,
        answered: pod.answered,
        failed: pod.failed.reduce((sum, each) => sum + each.count, 0),
        firstMs: pod.first === undefined ? fromMs : toMs(pod.first),
        lastMs: pod.last === undefined ? toMsValue : toMs(pod.last),
        serviceMs: pod.serviceTimeSumMs,
      })),
    });
  }
  return lanes;
}
