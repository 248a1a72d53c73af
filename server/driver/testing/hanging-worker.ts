/** The thread that makes the calls, which hangs when it is told to: its event loop turns no more. */
import { parentPort } from 'node:worker_threads';
import '../worker.ts';

export interface Hang {
  readonly t: 'hang';
  /** Becomes 1 as it begins. */
  readonly begun: Int32Array;
}

parentPort?.on('message', (message: Hang | { readonly t: '' }) => {
  if (message.t !== 'hang') return;
  Atomics.store(message.begun, 0, 1);
  for (;;);
});
