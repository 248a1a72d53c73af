import type { GetSnapshotResponse, WatchResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { emptyRun, fold, fromSnapshot, toSnapshot } from '../../model/run.ts';
import type { Run } from '../../model/state.ts';
import { toMs } from '../../model/time.ts';

export type Received = {
  /** The instant that the message carries, if any. */
  instantMs: number | undefined;
  /** The state began anew. */
  restarted: boolean;
};

/** Folds what the stream says into a run. */
export class Follower {
  private run: Run = emptyRun();

  get sequence(): number {
    return this.run.sequence;
  }

  position(): { runId: string; afterSequence: number } | undefined {
    return this.run.runId === '' ? undefined : { runId: this.run.runId, afterSequence: this.run.sequence };
  }

  snapshot(nowMs: number): GetSnapshotResponse | undefined {
    return this.run.runId === '' ? undefined : toSnapshot(this.run, nowMs);
  }

  receive({ item }: WatchResponse): Received {
    switch (item.case) {
      case 'snapshot':
        return this.begin(item.value, false);
      case 'restarted':
        return item.value.snapshot === undefined
          ? { instantMs: undefined, restarted: false }
          : this.begin(item.value.snapshot, true);
      case 'frame':
        fold(this.run, item);
        return { instantMs: toMs(item.value.to), restarted: false };
      case 'event':
        fold(this.run, item);
        // An event may be older than its number: its instant says nothing about the clock.
        return { instantMs: undefined, restarted: false };
      case 'heartbeat':
        return { instantMs: toMs(item.value.at), restarted: false };
      default:
        return { instantMs: undefined, restarted: false };
    }
  }

  private begin(snapshot: GetSnapshotResponse, restarted: boolean): Received {
    this.run = fromSnapshot(snapshot);
    return { instantMs: toMs(snapshot.at), restarted };
  }
}
