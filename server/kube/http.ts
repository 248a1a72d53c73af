import http from 'node:http';
import https from 'node:https';
import { LineSplitter } from './lines.ts';

/** Where the API server is and how to prove who asks. Credentials are read anew for each request: tokens rotate. */
export interface Endpoint {
  /** "https://10.0.0.1:443", without a path. */
  readonly server: string;
  /** Headers and TLS material for one request. May reject (a credential plugin that fails). */
  credentials(): Promise<Credentials>;
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: https.AgentOptions;
}

/** What the API server answered. Never an exception: refusal and silence are part of a cluster's life. */
export type Answer =
  // biome-ignore lint/suspicious/noExplicitAny: Kubernetes objects are open; each caller narrows what it reads.
  | { readonly kind: 'ok'; readonly body: any }
  | { readonly kind: 'status'; readonly code: number; readonly reason: string; readonly message: string }
  | { readonly kind: 'unreachable'; readonly message: string };

export type Failure = Exclude<Answer, { kind: 'ok' }>;

export interface Api {
  request(
    method: string,
    path: string,
    options: { readonly body?: unknown; readonly contentType?: string; readonly timeoutMs: number },
  ): Promise<Answer>;
  /** One streaming GET. `onEnd` is called exactly once, also after `stop`. */
  stream(path: string, handlers: StreamHandlers, connectTimeoutMs: number): { stop(): void };
  close(): void;
}

export interface StreamHandlers {
  /** Status 200 came; lines follow. */
  onOpen(): void;
  onLine(line: string): void;
  /** Undefined: the server ended the stream cleanly. */
  onEnd(failure: Failure | undefined): void;
}

/** A line of a watch holds one object; none is larger than what etcd takes. */
const longestAnswer = 64 * 1024 * 1024;

export function createApi(endpoint: Endpoint): Api {
  const secure = endpoint.server.startsWith('https:');
  const plainAgent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  let tlsAgent: https.Agent | undefined;
  let tlsKey = '';
  let closed = false;

  /** One agent as long as the TLS material stays the same, so that connections are reused. */
  const agentFor = (tls: https.AgentOptions): http.Agent => {
    if (!secure) return plainAgent;
    const key = JSON.stringify([tls.ca, tls.cert, tls.key, tls.rejectUnauthorized, tls.servername].map(String));
    if (tlsAgent === undefined || key !== tlsKey) {
      tlsAgent?.destroy();
      tlsAgent = new https.Agent({ ...tls, keepAlive: true, maxSockets: 8 });
      tlsKey = key;
    }
    return tlsAgent;
  };

  const open = async (
    method: string,
    path: string,
    headers: Record<string, string>,
    ownConnection: boolean,
  ): Promise<http.ClientRequest> => {
    const { headers: auth, tls } = await endpoint.credentials();
    const options = { method, headers: { accept: 'application/json', 'user-agent': 'lbscope', ...auth, ...headers } };
    // A server behind a proxy has a path of its own (https://host/k8s/clusters/c-1).
    const url = new URL(endpoint.server.replace(/\/+$/, '') + path);
    // A watch holds its connection for minutes; it must not take one of the few that requests share.
    if (secure)
      return https.request(url, {
        ...options,
        ...(ownConnection ? { ...tls, agent: false } : { agent: agentFor(tls) }),
      });
    return http.request(url, { ...options, agent: ownConnection ? false : plainAgent });
  };

  return {
    async request(method, path, { body, contentType = 'application/json', timeoutMs }) {
      if (closed) return { kind: 'unreachable', message: 'closed' };
      const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      let request: http.ClientRequest;
      try {
        const headers: Record<string, string> = payload
          ? { 'content-type': contentType, 'content-length': String(payload.length) }
          : {};
        const opened = await within(timeoutMs, open(method, path, headers, false));
        if (opened === undefined)
          return { kind: 'unreachable', message: `no credentials within ${timeoutMs / 1_000} s` };
        request = opened;
      } catch (error) {
        return { kind: 'unreachable', message: reasonOf(error) };
      }
      return new Promise<Answer>((resolve) => {
        const timer = setTimeout(() => {
          resolve({ kind: 'unreachable', message: `no answer within ${timeoutMs / 1_000} s` });
          request.destroy();
        }, timeoutMs);
        const settle = (answer: Answer): void => {
          clearTimeout(timer);
          resolve(answer);
        };
        request.on('error', (error) => settle({ kind: 'unreachable', message: reasonOf(error) }));
        request.on('response', (response) => {
          const chunks: Buffer[] = [];
          let size = 0;
          response.on('data', (chunk: Buffer) => {
            size += chunk.length;
            if (size > longestAnswer) {
              settle({ kind: 'unreachable', message: 'the answer is larger than 64 MiB' });
              request.destroy();
            } else chunks.push(chunk);
          });
          response.on('error', (error) => settle({ kind: 'unreachable', message: reasonOf(error) }));
          response.on('end', () => settle(toAnswer(response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8'))));
        });
        request.end(payload);
      });
    },

    stream(path, handlers, connectTimeoutMs) {
      let over = false;
      let request: http.ClientRequest | undefined;
      const end = (failure: Failure | undefined): void => {
        if (over) return;
        over = true;
        clearTimeout(timer);
        request?.destroy();
        handlers.onEnd(failure);
      };
      const timer = setTimeout(
        () => end({ kind: 'unreachable', message: `no answer within ${connectTimeoutMs / 1_000} s` }),
        connectTimeoutMs,
      );
      open('GET', path, {}, true).then(
        (opened) => {
          request = opened;
          // A late error on a request that is already given up must not be uncaught.
          opened.on('error', (error) => end({ kind: 'unreachable', message: reasonOf(error) }));
          if (over) {
            opened.destroy();
            return;
          }
          opened.on('response', (response) => {
            clearTimeout(timer);
            response.on('error', (error) => end({ kind: 'unreachable', message: reasonOf(error) }));
            if (response.statusCode !== 200) {
              let text = '';
              response.setEncoding('utf8');
              response.on('data', (chunk: string) => {
                if (text.length < 65_536) text += chunk;
              });
              response.on('end', () => {
                const answer = toAnswer(response.statusCode ?? 0, text);
                end(answer.kind === 'ok' ? { kind: 'unreachable', message: 'an answer that is no stream' } : answer);
              });
              return;
            }
            handlers.onOpen();
            // Not node:readline: its interface throws what breaks the connection, and hands out half a line at the end.
            const lines = new LineSplitter((line) => {
              if (!over) handlers.onLine(line);
            });
            response.on('data', (chunk: Buffer) => {
              if (over) return;
              const fault = lines.push(chunk);
              if (fault !== undefined) end({ kind: 'unreachable', message: fault });
            });
            response.on('end', () => end(undefined));
            response.on('close', () => end({ kind: 'unreachable', message: 'the connection broke' }));
          });
          opened.end();
        },
        (error: unknown) => end({ kind: 'unreachable', message: reasonOf(error) }),
      );
      return { stop: () => end(undefined) };
    },

    close() {
      closed = true;
      plainAgent.destroy();
      tlsAgent?.destroy();
    },
  };
}

/** A credential plugin may hang; nobody waits for it longer than for an answer. */
async function within(ms: number, opening: Promise<http.ClientRequest>): Promise<http.ClientRequest | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    const first = await Promise.race([opening, late]);
    if (first === undefined) opening.then((request) => request.on('error', () => {}).destroy()).catch(() => {});
    return first;
  } finally {
    clearTimeout(timer);
  }
}

function toAnswer(code: number, text: string): Answer {
  let body: { kind?: string; reason?: string; message?: string } | undefined;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  if (code >= 200 && code < 300) {
    return body === undefined ? { kind: 'unreachable', message: 'an answer that is not JSON' } : { kind: 'ok', body };
  }
  // Only a Status object's own words are passed on; anything else may hold what must not be shown.
  const status = body?.kind === 'Status' ? body : undefined;
  return {
    kind: 'status',
    code,
    reason: status?.reason ?? http.STATUS_CODES[code] ?? '',
    message: (status?.message ?? `the API server answered ${code}`).slice(0, 300),
  };
}

/** A network error in a few words. */
function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException)?.code;
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the connection broke';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'its name cannot be resolved';
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'it cannot be reached';
    case undefined:
      return 'the request failed';
    default:
      return code.startsWith('ERR_TLS') || code.includes('CERT') ? `TLS: ${code}` : code;
  }
}
