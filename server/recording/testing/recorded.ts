import { clone } from '@bufbuild/protobuf';
import { FrameSchema } from '../../../gen/lbscope/events/v1/events_pb.js';
import type { Update } from '../../../model/state.ts';
import { toMs } from '../../../model/time.ts';
import { FakeTime } from '../../balancing/testing/fake-time.ts';
import { createHub, type Hub } from '../../events/hub.ts';
import type { Disk } from '../port.ts';
import { batchMs, Recorder, type RecorderOptions } from '../recorder.ts';

/** For tests: a hub, and a recorder on it, in a time that passes when told. */
export class Recorded {
  readonly time = new FakeTime(1_790_000_000_000);
  readonly hub: Hub = createHub({ clock: this.time, agentVersion: 'test' });
  readonly recorder: Recorder;

  constructor(disk: Disk, options: Partial<RecorderOptions> = {}) {
    this.recorder = new Recorder({ hub: this.hub, disk, clock: this.time, timers: this.time, ...options });
  }

  /** Hands an update of a script to the hub, which numbers it anew. */
  tell(update: Update): void {
    if (update.case === 'frame') {
      this.hub.frame(clone(FrameSchema, update.value));
      return;
    }
    const { sequence: _, at, $typeName: __, $unknown: ___, ...event } = update.value;
    this.hub.publish({ ...event, at: toMs(at) });
  }

  tellAll(updates: readonly Update[]): void {
    for (const update of updates) this.tell(update);
  }

  /** Lets the next batches be written. */
  beats(count = 1): Promise<void> {
    return this.time.advance(count * batchMs);
  }
}
