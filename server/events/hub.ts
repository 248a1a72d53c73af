import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import type { GetSnapshotResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { EventSchema, type Frame } from '../../gen/lbscope/events/v1/events_pb.js';
import { emptyRun, fold, toSnapshot } from '../../model/run.ts';
import type { Run, Update } from '../../model/state.ts';
import { fromMs } from '../../model/time.ts';
import { createCauses } from './causes.ts';
import { createHistory, type History } from './history.ts';
import type { Clock, EventInit, EventSink } from './port.ts';
import { createReplay } from './replay.ts';
import {
  createViewer,
  type RestartReason,
  type Viewer,
  type ViewerItem,
  type ViewerLimits,
  type ViewerQueue,
} from './viewer.ts';

export interface HubOptions {
  readonly clock: Clock;
  readonly agentVersion: string;
  readonly newRunId?: () => string;
  readonly viewerLimits?: ViewerLimits;
  readonly replayMs?: number;
  readonly replayLimit?: number;
  /** A fault in the fold of one update must not end the agent; it is told here. */
  readonly onFault?: (fault: unknown, update: Update) => void;
}

export interface ResumeFrom {
  readonly runId: string;
  readonly afterSequence: number;
}

/**
 * The one place where sequence numbers are given, for events and frames alike.
 * `emit`, `publish` and `frame` are called by every part of the agent; they never wait and never throw.
 */
export interface Hub extends EventSink {
  /** Like `emit`, and says which number the event got: what the API answers. */
  publish(event: EventInit): number;
  /** Takes the frame over: gives it its number. Called by the frame clock. */
  frame(frame: Frame): void;
  /** Starts a run: "agent started" or "resumed" once at start, "new run" when asked. Returns its id. */
  newRun(reason: 'agent started' | 'resumed' | 'new run'): string;
  /** All that the page shows, now. */
  snapshot(): GetSnapshotResponse;
  /** The fold's state, to read only. */
  readonly run: Run;
  readonly runId: string;
  /** The newest number given. */
  readonly sequence: number;
  readonly viewers: number;
  readonly history: History;
  /** A snapshot and then what follows; or what follows the given position. The caller closes it. */
  watch(from?: ResumeFrom): Viewer;
  /** Called with every update, after it was folded; returns the unsubscriber. */
  subscribe(onUpdate: (update: Update) => void): () => void;
  /** Ends every viewer's stream; they may come again. */
  closeViewers(): void;
  close(): void;
}

export function createHub(options: HubOptions): Hub {
  const { clock } = options;
  const newRunId = options.newRunId ?? randomUUID;
  const causes = createCauses();
  const history = createHistory();
  const replay = createReplay(options.replayMs, options.replayLimit);
  const viewers = new Set<ViewerQueue>();
  const subscribers = new Set<(update: Update) => void>();
  let run = emptyRun();
  run.agentVersion = options.agentVersion;
  let runId = '';
  let sequence = 0;

  function publish(init: EventInit): number {
    const { at, ...fields } = init;
    const event = create(EventSchema, { ...fields, sequence: ++sequence, at: fromMs(at ?? clock.now()) });
    fillPod(event);
    causes.of(event);
    deliver({ case: 'event', value: event });
    return event.sequence;
  }

  function deliver(update: Update) {
    try {
      run = fold(run, update) ?? run;
    } catch (fault) {
      options.onFault?.(fault, update);
    }
    replay.add(update, clock.now());
    if (update.case === 'event') history.event(update.value);
    else history.frame(update.value);
    for (const viewer of viewers) viewer.push(update);
    for (const subscriber of subscribers) {
      try {
        subscriber(update);
      } catch (fault) {
        options.onFault?.(fault, update);
      }
    }
  }

  function snapshot(): GetSnapshotResponse {
    return toSnapshot(run, clock.now());
  }

  function opening(from: ResumeFrom | undefined): readonly ViewerItem[] {
    if (from === undefined) return [{ case: 'snapshot', value: snapshot() }];
    const restarted = (reason: RestartReason): readonly ViewerItem[] => [
      { case: 'restarted', reason, value: snapshot() },
    ];
    if (from.runId !== runId) return restarted('other run');
    if (from.afterSequence > sequence) return restarted('from the future');
    return replay.after(from.afterSequence) ?? restarted('too old');
  }

  function closeViewers() {
    for (const viewer of [...viewers]) viewer.close();
  }

  return {
    emit: (event) => void publish(event),
    publish,
    frame(frame) {
      frame.sequence = ++sequence;
      deliver({ case: 'frame', value: frame });
    },
    newRun(reason) {
      runId = newRunId();
      publish({ kind: { case: 'runStarted', value: { runId, reason } } });
      return runId;
    },
    snapshot,
    get run() {
      return run;
    },
    get runId() {
      return runId;
    },
    get sequence() {
      return sequence;
    },
    get viewers() {
      return viewers.size;
    },
    history,
    watch(from) {
      const viewer = createViewer(opening(from), snapshot, () => viewers.delete(viewer), options.viewerLimits);
      viewers.add(viewer);
      return viewer;
    },
    subscribe(onUpdate) {
      subscribers.add(onUpdate);
      return () => subscribers.delete(onUpdate);
    },
    closeViewers,
    close() {
      closeViewers();
      subscribers.clear();
    },
  };
}

/** Events about a pod name it at the top as well, whoever reports them. */
function fillPod(event: ReturnType<typeof create<typeof EventSchema>>) {
  const value = event.kind.value;
  if (value === undefined || !('pod' in value) || typeof value.pod !== 'object') return;
  event.podUid ??= value.pod.uid;
  event.incarnation ??= value.pod.incarnation;
}
