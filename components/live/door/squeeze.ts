import { pipeline, Readable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import { squeezedHeader } from '../squeezed.ts';

/** Whether the page asks for it. Headers of our own, as Next takes Content-Encoding off what a route answers. */
export function wantsSqueezed(request: Request): boolean {
  return request.headers.get(squeezedHeader) === 'gzip';
}

/**
 * One gzip stream for the whole of an answer, flushed after each piece, so that nothing waits for what comes next. Frames
 * name the same pods over and over: what was sent before is the dictionary of what follows, which no compression of single
 * messages could use. A reset of the source is a reset of this stream, and its cancellation cancels the source.
 */
export function squeeze(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
  // Both ends tell their own readers; here is nobody else to tell.
  pipeline(Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]), gzip, () => {});
  return Readable.toWeb(gzip) as ReadableStream<Uint8Array>;
}
