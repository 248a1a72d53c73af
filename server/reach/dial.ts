import { connect } from 'node:net';
import type { Timers } from '../events/port.ts';
import type { Dial } from './port.ts';

/** A packet filter that drops says nothing: a cluster's network answers within milliseconds, a distant one within a second. */
const deadlineMs = 3_000;

/** A TCP connection that is closed as soon as it stands: not a byte is sent. */
export function tcpDial(timers: Timers, withinMs: number = deadlineMs): Dial {
  return ({ host, port }) =>
    new Promise((resolve) => {
      const socket = connect({ host, port });
      const end = (why: string | undefined) => {
        timer.cancel();
        socket.destroy();
        resolve(why === undefined ? { ok: true } : { ok: false, why });
      };
      const timer = timers.setTimeout(() => end(`no answer within ${withinMs / 1_000} s`), withinMs);
      socket.once('connect', () => end(undefined));
      socket.on('error', (error: NodeJS.ErrnoException) => end(words[error.code ?? ''] ?? error.code ?? error.message));
    });
}

const words: Record<string, string | undefined> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'no route to it',
  ENETUNREACH: 'no route to its network',
  EHOSTDOWN: 'its host is down',
  ETIMEDOUT: 'no answer',
  EACCES: 'not permitted here',
  EPERM: 'not permitted here',
};
