/** The thread that makes the calls: composition root of what lies below the cut. */
import { parentPort, workerData } from 'node:worker_threads';
import { anchoredClock, nodeTimers } from '../events/clock.ts';
import { channelMaker } from './channels.ts';
import { beat } from './heartbeat.ts';
import { Lower } from './lower.ts';
import type { Down, Up } from './messages.ts';
import { spin } from './spin.ts';
import type { WorkerInit } from './worker-thread.ts';

const init = workerData as WorkerInit;
const clock = anchoredClock(init.anchor);

let outbox: Up[] = [];
/** What one turn brings goes up as one message. */
function post(message: Up): void {
  outbox.push(message);
  if (outbox.length > 1) return;
  queueMicrotask(() => {
    const messages = outbox;
    outbox = [];
    parentPort?.postMessage(messages);
  });
}

const lower = new Lower({
  post,
  clock,
  timers: nodeTimers,
  makeChannel: channelMaker({ transport: init.transport, clock, timers: nodeTimers, random: Math.random }),
  ...(init.pacing === 'precise' ? { spin } : {}),
});

beat(init.heartbeat);
parentPort?.on('message', (message: Down) => lower.receive(message));
