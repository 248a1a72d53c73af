import { squeezedHeader } from '../squeezed.ts';
import { Envelopes, lastEnvelope } from './envelopes.ts';
import { refusal, streamRefusal } from './refusal.ts';
import { squeeze, wantsSqueezed } from './squeeze.ts';

/** Request headers that mean something to the agent; nothing else of the browser's is passed on. */
const passed = ['content-type', 'content-encoding', 'accept', 'user-agent', 'authorization', 'origin'];
const answered = ['content-type', 'allow', 'www-authenticate', 'retry-after'];

/**
 * Sends the request to the agent and its answer back, piece by piece. When the browser leaves, by closing the
 * connection or by cancelling the stream, the request to the agent ends too.
 */
export async function forward(request: Request, path: string, agentUrl: string): Promise<Response> {
  const ending = new AbortController();
  const end = () => ending.abort();
  if (request.signal.aborted) end();
  request.signal.addEventListener('abort', end, { once: true });

  let answer: Response;
  try {
    answer = await fetch(`${agentUrl}/${path}`, {
      method: 'POST',
      headers: requestHeaders(request),
      // Requests of this service are one small message each; only answers stream.
      body: await request.arrayBuffer(),
      signal: ending.signal,
      cache: 'no-store',
      redirect: 'manual',
    });
  } catch (error) {
    request.signal.removeEventListener('abort', end);
    if (ending.signal.aborted) return refusal(499, 'canceled', 'the browser left');
    const message = `the agent does not answer at ${agentUrl} (${reasonOf(error)})`;
    const type = request.headers.get('content-type') ?? '';
    if (type.startsWith('application/connect+')) return streamRefusal(type, 'unavailable', message);
    return refusal(503, 'unavailable', message);
  }
  const headers = new Headers({ 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' });
  for (const [name, value] of answer.headers) {
    if (answered.includes(name) || name.startsWith('connect-') || name.startsWith('trailer-')) headers.set(name, value);
  }
  if (answer.body === null) {
    request.signal.removeEventListener('abort', end);
    return new Response(null, { status: answer.status, headers });
  }
  const type = answer.headers.get('content-type') ?? '';
  const streams = type.startsWith('application/connect+');
  const done = () => request.signal.removeEventListener('abort', end);
  const body = relay(answer.body, end, done, streams ? new Envelopes() : undefined);
  if (!streams || !wantsSqueezed(request)) {
    return new Response(body, { status: answer.status, headers });
  }
  headers.set(squeezedHeader, 'gzip');
  return new Response(squeeze(body), { status: answer.status, headers });
}

/**
 * Like the body, but its cancellation and its end both clean up. An agent that ends cuts its streams: between two
 * `envelopes` the reader is told in the stream's own words; anywhere else a reset upstream is a reset here, never a clean
 * end.
 */
function relay(
  body: ReadableStream<Uint8Array>,
  end: () => void,
  done: () => void,
  envelopes: Envelopes | undefined,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const piece = await reader.read();
        if (piece.done) {
          done();
          controller.close();
        } else {
          envelopes?.pass(piece.value);
          controller.enqueue(piece.value);
        }
      } catch (error) {
        done();
        if (envelopes?.whole !== true) controller.error(error);
        else {
          controller.enqueue(lastEnvelope('unavailable', `the agent ended the stream (${reasonOf(error)})`));
          controller.close();
        }
      }
    },
    async cancel() {
      done();
      end();
      await reader.cancel().catch(() => undefined);
    },
  });
}

function requestHeaders(request: Request): Headers {
  // Nothing compressed on the loopback: it costs both sides and holds pieces back.
  const headers = new Headers({ 'accept-encoding': 'identity' });
  for (const [name, value] of request.headers) {
    if (passed.includes(name) || name.startsWith('connect-')) headers.set(name, value);
  }
  // The agent checks Host and Origin too. It sees itself as host, so the page's host travels beside it.
  const host = request.headers.get('host');
  if (host !== null) headers.set('x-forwarded-host', host);
  return headers;
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as { code?: unknown } | undefined) : undefined;
  if (typeof cause?.code === 'string') return cause.code;
  return error instanceof Error ? error.message : String(error);
}
