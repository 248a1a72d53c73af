import { fork } from 'node:child_process';
import type { ClockAnchor } from '../events/clock.ts';
import type { Down, Up } from './messages.ts';
import type { Thread, ThreadListener } from './upper.ts';

/** What the process is told first. */
export interface ProcessInit {
  readonly anchor: ClockAnchor;
  readonly dns: { readonly host: string; readonly port: number } | undefined;
}

/** A process that is told to end gets this long. */
const endMs = 2_000;

/**
 * Calls made by other client software, in a process of its own: its timers, its heap and its faults are not the agent's. The
 * same cut as the thread's, over a pipe; only the counters can't be shared, so a process that dies takes along what it had
 * counted since its last frame; what was in flight then is lost. It ends when the pipe closes.
 */
export function childProcess(script: URL, init: ProcessInit): (listener: ThreadListener) => Thread {
  return (listener) => {
    const child = fork(script, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // grpc-js asks the name server of its target only then.
      env: { ...process.env, GRPC_NODE_USE_ALTERNATIVE_RESOLVER: 'true' },
    });
    let ended = false;
    const end = (reason: string): void => {
      if (ended) return;
      ended = true;
      listener.onEnd(reason);
    };
    let heard = 0;
    child.on('message', (messages) => {
      heard += 1;
      for (const message of messages as Up[]) if (!ended) listener.onMessage(message);
    });
    child.on('error', (error) => end(error.message));
    child.on('exit', (code, signal) => end(`its process ended with ${signal ?? `exit code ${code}`}`));
    const post = (message: unknown): void => {
      if (child.connected) child.send(message as object, () => {});
    };
    post(init);
    return {
      post(message: Down) {
        // Memory can't be shared across processes: the other side counts in its own.
        post(message.t === 'open' ? { ...message, counters: undefined } : message);
      },
      // Its frames come five times a second, whether it makes calls or not.
      progress: () => heard,
      apart: true,
      async end() {
        ended = true;
        if (child.connected) child.disconnect();
        if (child.exitCode !== null || child.signalCode !== null) return;
        // One that hangs does not hear that it is to end.
        const limit = setTimeout(() => child.kill('SIGKILL'), endMs);
        await new Promise<void>((done) => child.once('exit', () => done()));
        clearTimeout(limit);
      },
    };
  };
}
