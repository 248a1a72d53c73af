import { create } from '@bufbuild/protobuf';
import { type WatchRequest, type WatchResponse, WatchResponseSchema } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { fromMs } from '../../model/time.ts';
import type { Hub, ResumeFrom } from '../events/hub.ts';
import type { Clock, Timers } from '../events/port.ts';
import type { ViewerItem } from '../events/viewer.ts';

/** Under 15 s, where proxies and Next cut what is silent; three of them missing tells a viewer that the agent is lost. */
export const heartbeatMs = 5_000;

export interface WatchParts {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly timers: Timers;
}

/**
 * One viewer's stream: what the hub's queue hands out, and a heartbeat when nothing came for 5 s.
 * It is pulled by the socket, so a slow viewer holds up only its own queue. Ends when the signal aborts or the hub closes.
 */
export async function* watch(
  request: Pick<WatchRequest, 'runId' | 'afterSequence'>,
  { hub, clock, timers }: WatchParts,
  signal: AbortSignal,
): AsyncGenerator<WatchResponse> {
  const viewer = hub.watch(positionOf(request));
  const close = () => viewer.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    if (signal.aborted) return;
    // At once, so that the headers of the answer go out even when a resumed viewer has missed nothing.
    if (request.runId !== undefined) yield heartbeat();
    let taking = viewer.take();
    for (;;) {
      const items = await before(taking, heartbeatMs, timers);
      if (items === 'late') {
        yield heartbeat();
        continue;
      }
      if (items === undefined) return;
      for (const item of items) yield responseOf(item);
      taking = viewer.take();
    }
  } finally {
    signal.removeEventListener('abort', close);
    viewer.close();
  }

  function heartbeat(): WatchResponse {
    return create(WatchResponseSchema, {
      item: { case: 'heartbeat', value: { at: fromMs(clock.now()), sequence: hub.sequence } },
    });
  }
}

function positionOf({ runId, afterSequence }: Pick<WatchRequest, 'runId' | 'afterSequence'>): ResumeFrom | undefined {
  return runId === undefined || afterSequence === undefined ? undefined : { runId, afterSequence };
}

function responseOf(item: ViewerItem): WatchResponse {
  if (item.case !== 'restarted') return create(WatchResponseSchema, { item });
  return create(WatchResponseSchema, {
    item: { case: 'restarted', value: { reason: item.reason, snapshot: item.value } },
  });
}

/** The promise goes on being awaited next time; the timer never outlives the race. */
async function before<T>(promise: Promise<T>, ms: number, timers: Timers): Promise<T | 'late'> {
  let cancel = () => {};
  const late = new Promise<'late'>((resolve) => {
    const timer = timers.setTimeout(() => resolve('late'), ms);
    cancel = () => timer.cancel();
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    cancel();
  }
}
