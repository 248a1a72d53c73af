import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Code, ConnectError, createConnectRouter, createContextValues } from '@connectrpc/connect';
import { createAsyncIterable, type UniversalHandler } from '@connectrpc/connect/protocol';
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node';
import { AgentService } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { nodeTimers } from '../events/clock.ts';
import type { Hub } from '../events/hub.ts';
import type { Clock, Timers } from '../events/port.ts';
import type { Agent } from './agent-port.ts';
import { readBody } from './body.ts';
import { type Ceilings, protocolCeilings } from './ceilings.ts';
import { type GuardSettings, guard } from './guard.ts';
import { handlers } from './handlers.ts';
import type { LatencyMetric } from './latency-metric.ts';
import { createMetrics } from './metrics.ts';
import { preflight } from './preflight.ts';
import { refuse, refuseText } from './refusal.ts';
import { callerRole, mayAct, neededRole, type Role } from './roles.ts';
import type { Runs } from './runs.ts';
import type { Scenarios } from './scenarios-port.ts';

export interface ApiOptions {
  readonly hub: Hub;
  readonly agent: Agent;
  readonly runs: Runs;
  readonly scenarios: Scenarios;
  readonly clock: Clock;
  readonly timers?: Timers;
  /** Up to where another agent's counts are here, by its id; for /metrics. */
  readonly reportedTo?: (agent: string) => number | undefined;
  /** Latencies by lane and pod, taken off the frames on their way to the hub; for /metrics. */
  readonly latency?: LatencyMetric;
  /** 127.0.0.1 unless someone asked for more. */
  readonly host: string;
  /** Taken: the next free one. 0: any. */
  readonly port: number;
  readonly dashboardPort?: number | undefined;
  readonly allowedHosts?: readonly string[] | undefined;
  readonly tokens?: GuardSettings['tokens'];
  readonly viewing?: GuardSettings['viewing'];
  readonly ceilings?: Ceilings | undefined;
  readonly log: Log;
}

/** What is used of pino. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Api {
  readonly url: string;
  readonly port: number;
  /** Ends the streams cleanly, then the server. */
  close(): Promise<void>;
}

/** The largest ordinary request, a lane with all its fields but those below, has about 2 KB. */
const bodyLimit = 64 * 1024;
/** Of those that carry a mebibyte of bytes, as base64 where they come as JSON: a piece of a file, a method's descriptors. */
const largeBodyLimit = 1_500 * 1024;
const withLargeBody: ReadonlySet<string> = new Set(['ImportRun', 'PutLane', 'AddPreset']);
/** For a request to arrive whole; answers, which may stream for days, have no limit. */
const requestTimeoutMs = 10_000;
/** How many ports after the asked one are tried. */
const portsTried = 20;
/** Streams get this long to end by themselves. */
const closeGraceMs = 1_000;

const prefix = `/${AgentService.typeName}/`;
const contentTypes: Readonly<Record<string, readonly string[]>> = {
  unary: ['application/json', 'application/proto'],
  server_streaming: ['application/connect+json', 'application/connect+proto'],
};

/** Serves AgentService by the Connect protocol over HTTP/1.1, JSON and binary, beside /healthz and /metrics. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { hub, log } = options;
  const metrics = createMetrics(hub, options.clock, options.reportedTo, options.latency);
  const methods = routes(options);
  let port = options.port;
  let closing = false;
  const settings = {
    port: () => port,
    dashboardPort: options.dashboardPort,
    allowedHosts: options.allowedHosts,
    tokens: options.tokens,
    viewing: options.viewing,
  };
  const withTokens = options.tokens !== undefined;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?', 1)[0] as string;
    response.setHeader('cache-control', 'no-store');
    response.setHeader('x-content-type-options', 'nosniff');
    // Probes name the pod's address as Host; what they learn is nothing. Alive: this loop turns. Ready: it also takes new
    // viewers. A cluster that refuses or is away does not make the agent unready: the page that says so must be reached.
    if (path === '/healthz') return sendText(request, response, 'ok\n', 'text/plain; charset=utf-8');
    if (path === '/readyz') {
      if (!closing) return sendText(request, response, 'ok\n', 'text/plain; charset=utf-8');
      return refuseText(request, response, 503, 'the agent is stopping\n');
    }

    const verdict = guard({ headers: request.headers, remoteAddress: request.socket.remoteAddress }, settings);
    if (verdict.kind === 'refuse') return refuse(request, response, verdict.code, verdict.message);
    if (path === '/metrics') return sendText(request, response, await metrics.text(), metrics.contentType);

    const method = methods.get(path);
    if (method === undefined) {
      const known = [...methods.keys()].map((each) => each.slice(prefix.length)).join(', ');
      return path.startsWith(prefix)
        ? refuse(
            request,
            response,
            'unimplemented',
            `there is no method ${path.slice(prefix.length)}; there are ${known}`,
          )
        : refuseText(request, response, 404, `nothing is served at ${path.slice(0, 120)}\n`);
    }
    await call(request, response, method, verdict.role);
  }

  async function call(request: IncomingMessage, response: ServerResponse, handler: UniversalHandler, role: Role) {
    const { method } = handler;
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      return refuseText(request, response, 405, `${method.name} takes POST\n`);
    }
    const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
    const known = contentTypes[method.methodKind] ?? [];
    if (!known.includes(type)) {
      response.setHeader('accept-post', known.join(', '));
      return refuseText(
        request,
        response,
        415,
        `content-type is ${JSON.stringify(type)}: ${method.name} takes ${known.join(' or ')}\n`,
      );
    }
    const needed = neededRole(method.name);
    if (!mayAct(role, needed)) {
      return refuse(
        request,
        response,
        withTokens ? 'unauthenticated' : 'permission_denied',
        `${method.name} needs the role ${needed}, and this request has the role ${role}` +
          (withTokens ? ': send the token as "Authorization: Bearer ..."' : ''),
      );
    }
    const limit = withLargeBody.has(method.name) ? largeBodyLimit : bodyLimit;
    const body = await readBody(request, limit);
    if (body === 'too large') {
      return refuse(request, response, 'resource_exhausted', `the body is larger than ${limit} bytes`);
    }
    if (body === 'aborted') return;
    // What Connect decompresses is not looked at here; it takes no compression, and says so.
    if (!('content-encoding' in request.headers)) {
      const fault = preflight(method, type, body);
      if (fault !== undefined) return refuse(request, response, 'invalid_argument', fault);
    }
    const universal = universalRequestFromNodeRequest(
      request,
      response,
      undefined,
      createContextValues().set(callerRole, role),
    );
    const answer = await handler({ ...universal, body: createAsyncIterable([body]) });
    await universalResponseToNodeResponse(answer, response);
  }

  const server = createServer(
    { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs },
    (request, response) => {
      handle(request, response).catch((error: unknown) => {
        // A viewer that leaves in the middle of its stream is no fault.
        if (response.destroyed || ConnectError.from(error).code === Code.Aborted) return;
        log.error({ err: error, path: request.url }, 'a request could not be answered');
        if (response.headersSent) response.destroy();
        else refuse(request, response, 'internal', 'internal error');
      });
    },
  );
  server.on('clientError', (_error, socket) => {
    if ((socket as Socket).writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
    else socket.destroy();
  });

  try {
    await listen(server, options.host, options.port);
  } catch (error) {
    metrics.close();
    throw error;
  }
  ({ port } = server.address() as AddressInfo);
  if (options.port !== 0 && port !== options.port) {
    log.warn({ asked: options.port, port }, `port ${options.port} is taken: the agent listens on ${port}`);
  }

  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    port,
    async close() {
      closing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      hub.closeViewers();
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), closeGraceMs);
      await closed;
      clearTimeout(cut);
      metrics.close();
    },
  };
}

function routes(options: ApiOptions): Map<string, UniversalHandler> {
  const { hub, agent, runs, scenarios, clock, timers = nodeTimers, ceilings = protocolCeilings, tokens, log } = options;
  const router = createConnectRouter({
    connect: true,
    grpc: false,
    grpcWeb: false,
    acceptCompression: [],
    readMaxBytes: largeBodyLimit,
    jsonOptions: { ignoreUnknownFields: false, alwaysEmitImplicit: true },
    interceptors: [
      (next) => async (request) => {
        try {
          return await next(request);
        } catch (error) {
          // The caller reads "internal error"; what happened stands here.
          if (!(error instanceof ConnectError))
            log.error({ err: error, method: request.method.name }, 'a method failed');
          throw error;
        }
      },
    ],
  }).service(
    AgentService,
    handlers({ hub, agent, runs, scenarios, clock, timers, ceilings, withTokens: tokens !== undefined }),
  );
  return new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
}

async function listen(server: Server, host: string, wanted: number): Promise<void> {
  for (let port = wanted; ; port += 1) {
    const taken = await new Promise<boolean>((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException) => {
        server.off('listening', onListening);
        const more = wanted !== 0 && port < wanted + portsTried && port < 65_535;
        if (error.code === 'EADDRINUSE' && more) resolve(true);
        else reject(error);
      };
      const onListening = () => {
        server.off('error', onError);
        resolve(false);
      };
      server.once('error', onError).once('listening', onListening).listen(port, host);
    });
    if (!taken) return;
  }
}

function sendText(request: IncomingMessage, response: ServerResponse, text: string, type: string): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    refuseText(request, response, 405, 'this takes GET\n');
    return;
  }
  response.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(text) });
  response.end(request.method === 'HEAD' ? undefined : text);
}
