import { create } from '@bufbuild/protobuf';
import { type Frame, FrameSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { fromMs } from '../../model/time.ts';
import type { Clock } from './port.ts';

/** For tests: a clock that moves when told. */
export function manualClock(start = 1_790_000_000_000): Clock & { now: () => number; forward(ms: number): void } {
  let now = start;
  return {
    now: () => now,
    forward(ms) {
      now += ms;
    },
  };
}

/** For tests: a frame of one lane and one pod with this many answered calls, all in one bucket. */
export function frameOf(from: number, to: number, answered: number, laneId = 'headless', podUid = 'pod-1'): Frame {
  const histogram = { bucket: [40], count: [answered], maxUs: 1_000 };
  return create(FrameSchema, {
    from: fromMs(from),
    to: fromMs(to),
    lanes: [
      {
        laneId,
        issued: answered,
        answered,
        askedRate: 100,
        latency: histogram,
        serviceTime: histogram,
        pods: [{ podUid, answered, first: fromMs(from), last: fromMs(to), serviceTimeSumMs: answered }],
      },
    ],
  });
}
