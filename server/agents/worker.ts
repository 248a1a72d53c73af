import { timingSafeEqual } from 'node:crypto';
import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Code, ConnectError } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { WorkerService } from '../../gen/lbscope/worker/v1/worker_pb.js';
import { Session, type SessionParts } from './session.ts';

export interface WorkerOptions extends SessionParts {
  readonly host: string;
  readonly port: number;
  /** The token that whoever wants work done must show; undefined: loopback only, and none is needed. */
  readonly token: (() => string | undefined) | undefined;
  /** A session began or ended; for the log. */
  readonly onSession: (begins: boolean) => void;
}

export interface Worker {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves WorkerService by gRPC: drives what one other agent asks for, and nothing of its own. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  let current: Session | undefined;
  const handler = connectNodeAdapter({
    grpcWeb: false,
    connect: false,
    routes: (router) => {
      router.service(WorkerService, {
        async *work(requests, context) {
          if (options.token !== undefined && !allowed(context.requestHeader, options.token())) {
            throw new ConnectError('the token in Authorization is not the right one', Code.Unauthenticated);
          }
          // Two would share one machine and each think the rate was held.
          if (current !== undefined) {
            throw new ConnectError('it works for another agent; that one must end first', Code.ResourceExhausted);
          }
          const session = new Session(options);
          current = session;
          options.onSession(true);
          context.signal.addEventListener('abort', () => session.end());
          const done = session.run(requests).finally(() => {
            current = undefined;
            options.onSession(false);
          });
          try {
            yield* session.responses;
          } finally {
            session.end();
            await done;
          }
        },
      });
    },
  });
  const server = createServer(handler);
  const open = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    open.add(session);
    session.on('close', () => open.delete(session));
    // A peer that is gone; its requests end with it.
    session.on('error', () => {});
  });
  await listen(server, options.host, options.port);
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      current?.end();
      const closed = new Promise((resolve) => server.close(resolve));
      for (const session of open) session.close();
      setTimeout(() => {
        for (const session of open) session.destroy();
      }, 500).unref();
      await closed;
    },
  };
}

function allowed(header: Headers, token: string | undefined): boolean {
  if (token === undefined) return false;
  const [sent, right] = [Buffer.from(header.get('authorization') ?? ''), Buffer.from(`Bearer ${token}`)];
  return sent.length === right.length && timingSafeEqual(sent, right);
}

function listen(server: Http2Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
