import { Worker } from 'node:worker_threads';
import type { ClockAnchor } from '../events/clock.ts';
import { beatsOf, heartbeat } from './heartbeat.ts';
import type { Down, Up } from './messages.ts';
import type { Thread, ThreadListener } from './upper.ts';

/** What the worker is born with. */
export interface WorkerInit extends WorkerOptions {
  readonly heartbeat: SharedArrayBuffer;
}

export interface WorkerOptions {
  readonly anchor: ClockAnchor;
  readonly transport: 'lbscope' | 'connect-node';
  readonly pacing: 'timer' | 'precise';
}

/** The calls are made in a thread of their own, so that nothing the agent does shifts their schedule. */
export function workerThread(script: URL, options: WorkerOptions): (listener: ThreadListener) => Thread {
  return (listener) => {
    const init: WorkerInit = { ...options, heartbeat: heartbeat() };
    const worker = new Worker(script, { workerData: init, name: 'driver' });
    let ended = false;
    const end = (reason: string): void => {
      if (ended) return;
      ended = true;
      listener.onEnd(reason);
    };
    let fault = '';
    worker.on('message', (messages: readonly Up[]) => {
      for (const message of messages) if (!ended) listener.onMessage(message);
    });
    worker.on('error', (error: unknown) => {
      fault = error instanceof Error ? (error.stack ?? error.message) : String(error);
    });
    // What it had sent before comes first: Node empties the port before it tells of the exit.
    worker.on('exit', (code) => end(fault === '' ? `ended with exit code ${code}` : fault));
    return {
      post: (message: Down) => worker.postMessage(message),
      progress: () => beatsOf(init.heartbeat),
      end: async () => {
        ended = true;
        await worker.terminate();
      },
    };
  };
}
