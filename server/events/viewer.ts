import type { GetSnapshotResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';
import type { Update } from '../../model/state.ts';
import { mergeFrames } from './merge.ts';

/** What a viewer is handed, in order. */
export type ViewerItem =
  | Update
  | { readonly case: 'snapshot'; readonly value: GetSnapshotResponse }
  | { readonly case: 'restarted'; readonly reason: RestartReason; readonly value: GetSnapshotResponse };

export type RestartReason = 'other run' | 'too old' | 'from the future' | 'viewer too slow';

export interface ViewerLimits {
  /** From this many waiting updates on, neighbouring frames are merged. 25 is 5 s behind. */
  readonly mergeFrom: number;
  /** Past this many the viewer gets a new snapshot in their place; events are never dropped one by one. */
  readonly restartFrom: number;
}

export const viewerLimits: ViewerLimits = { mergeFrom: 25, restartFrom: 2_000 };

export interface Viewer {
  /** Everything that waits, oldest first; waits for the first when nothing does. Undefined once it is closed. */
  take(): Promise<readonly ViewerItem[] | undefined>;
  close(): void;
}

export interface ViewerQueue extends Viewer {
  push(update: Update): void;
}

/**
 * One viewer's bounded queue. The hub pushes and never waits; the viewer takes when its socket has room, so a slow one
 * costs only what waits here.
 *
 * Frames are merged only with their neighbour: with an event between them, a viewer that breaks off after the event and
 * resumes there would lose what was counted before it.
 */
export function createViewer(
  first: readonly ViewerItem[],
  restart: () => GetSnapshotResponse,
  onClose: () => void,
  limits: ViewerLimits = viewerLimits,
): ViewerQueue {
  let waiting: ViewerItem[] = [...first];
  let wake: (() => void) | undefined;
  let closed = false;

  function wakeUp() {
    wake?.();
    wake = undefined;
  }

  return {
    push(update) {
      if (closed) return;
      waiting.push(update);
      if (waiting.length > limits.mergeFrom && update.case === 'frame') waiting = mergeNeighbours(waiting);
      if (waiting.length > limits.restartFrom) {
        waiting = [{ case: 'restarted', reason: 'viewer too slow', value: restart() }];
      }
      wakeUp();
    },
    async take() {
      while (waiting.length === 0 && !closed) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (closed) return undefined;
      const taken = waiting;
      waiting = [];
      return taken;
    },
    close() {
      if (closed) return;
      closed = true;
      waiting = [];
      wakeUp();
      onClose();
    },
  };
}

function mergeNeighbours(items: readonly ViewerItem[]): ViewerItem[] {
  const out: ViewerItem[] = [];
  for (const item of items) {
    const before = out[out.length - 1];
    if (item.case === 'frame' && before?.case === 'frame') {
      out[out.length - 1] = { case: 'frame', value: mergeFrames([before.value, item.value]) };
    } else {
      out.push(item);
    }
  }
  return out;
}
