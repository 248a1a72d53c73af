import type { IncomingMessage, ServerResponse } from 'node:http';

/** Connect protocol, "Error Codes": the code's HTTP status. */
const statusOf = {
  invalid_argument: 400,
  unauthenticated: 401,
  permission_denied: 403,
  resource_exhausted: 429,
  internal: 500,
  unimplemented: 501,
} as const;
export type RefusalCode = keyof typeof statusOf;

/** Flag of the message that ends a stream (Connect protocol, "EndStreamResponse"). */
const endStreamFlag = 2;

/** Refuses a call before Connect sees it, in the form that its clients understand: for a stream that is its end message. */
export function refuse(request: IncomingMessage, response: ServerResponse, code: RefusalCode, message: string): void {
  if (response.headersSent || response.destroyed) return;
  const type = request.headers['content-type'] ?? '';
  // A fetch that is refused for its origin must not look answered: browsers' tools and proxies read the status.
  if (type.startsWith('application/connect+') && code !== 'permission_denied' && code !== 'unauthenticated') {
    const json = Buffer.from(JSON.stringify({ error: { code, message } }));
    const head = Buffer.alloc(5);
    head[0] = endStreamFlag;
    head.writeUInt32BE(json.length, 1);
    send(request, response, 200, type, Buffer.concat([head, json]));
    return;
  }
  send(request, response, statusOf[code], 'application/json', Buffer.from(JSON.stringify({ code, message })));
}

export function refuseText(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  if (response.headersSent || response.destroyed) return;
  send(request, response, status, 'text/plain; charset=utf-8', Buffer.from(text));
}

function send(request: IncomingMessage, response: ServerResponse, status: number, type: string, body: Buffer): void {
  // An unread body would be taken for the next request of a kept connection.
  if (!request.complete) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': type, 'content-length': body.length });
  response.end(request.method === 'HEAD' ? undefined : body);
}
