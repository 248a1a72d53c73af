import type { ClientHttp2Stream, Http2Session } from 'node:http2';
import { connect, type LookupFunction, type Socket } from 'node:net';
import { type GrpcTransportOptions, Http2SessionManager } from '@connectrpc/connect-node';
import type { Clock } from '../../events/port.ts';

type SessionManager = NonNullable<GrpcTransportOptions['sessionManager']>;

/** One socket that connect-node asked for. */
export interface Dialled {
  /** "ip:port"; undefined until it is connected. */
  address: string | undefined;
  readonly startedAt: number;
  connectedAt: number | undefined;
  calls: number;
  inFlight: number;
  number: number;
}

export interface SessionsListener {
  onConnected(dialled: Dialled): void;
  onConnectFailed(dialled: Dialled, error: Error): void;
  onGoaway(dialled: Dialled, code: number, lastStreamId: number, debugData: string): void;
  onClosed(dialled: Dialled, reason: string): void;
}

/** Where connect-node names a call between its two ends; taken out before anything is written. */
export const callHeader = 'lbscope-call';

/**
 * connect-node's own session manager, with its defaults. Only watched: the socket is made just as node:http2 makes it, and the
 * stream of each call is seen, which says on which connection it left.
 */
export function watchedSessions(
  origin: URL,
  lookup: LookupFunction,
  clock: Clock,
  listener: SessionsListener,
  onStream: (call: string, dialled: Dialled | undefined, stream: ClientHttp2Stream) => void,
): SessionManager & { abort(): void } {
  const host = origin.hostname.replace(/^\[|\]$/g, '');
  const port = Number(origin.port || 80);
  const bySession = new WeakMap<Http2Session, Dialled>();
  let latest: Dialled | undefined;
  let dialled = 0;
  const manager = new Http2SessionManager(origin.href, undefined, {
    createConnection: () => {
      const socket = connect({ host, port, lookup });
      dialled += 1;
      const mine: Dialled = {
        address: undefined,
        startedAt: clock.now(),
        connectedAt: undefined,
        calls: 0,
        inFlight: 0,
        number: dialled,
      };
      latest = mine;
      watch(socket, mine);
      return socket;
    },
  });

  function watch(socket: Socket, mine: Dialled): void {
    let reason = 'closed';
    let fault: Error | undefined;
    socket.once('connect', () => {
      const ip = socket.remoteAddress ?? '';
      mine.address = `${ip.includes(':') ? `[${ip}]` : ip}:${socket.remotePort}`;
      mine.connectedAt = clock.now();
      listener.onConnected(mine);
    });
    socket.once('end', () => {
      reason = 'closed by peer';
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      fault = error;
      reason = error.code === 'ECONNRESET' ? 'reset' : error.message;
    });
    socket.once('close', () => {
      if (mine.connectedAt !== undefined) listener.onClosed(mine, reason);
      else if (fault !== undefined) listener.onConnectFailed(mine, fault);
    });
  }

  return {
    authority: manager.authority,
    notifyResponseByteRead: (stream) => manager.notifyResponseByteRead(stream),
    abort: () => manager.abort(),
    async request(method, path, headers, options) {
      const { [callHeader]: call, ...rest } = headers;
      const stream = await manager.request(method, path, rest, options);
      const { session } = stream;
      let mine: Dialled | undefined;
      if (session !== undefined) {
        mine = bySession.get(session);
        if (mine === undefined && latest !== undefined) {
          // A session takes its first call before the manager begins another one.
          const made = latest;
          mine = made;
          bySession.set(session, made);
          session.on('goaway', (code, lastStreamId, data) =>
            listener.onGoaway(made, code, lastStreamId, data?.toString() ?? ''),
          );
        }
      }
      if (mine !== undefined) {
        const on = mine;
        on.calls += 1;
        on.inFlight += 1;
        stream.once('close', () => {
          on.inFlight -= 1;
        });
      }
      onStream(String(call), mine, stream);
      return stream;
    },
  };
}
