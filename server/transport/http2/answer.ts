import { broken, httpFailure, tooLarge, withStatus } from '../failure.ts';
import type { CallFailure } from '../port.ts';
import type { HeaderBlock } from './hpack/header-block.ts';
import type { MessageFault } from './message-reader.ts';
import type { Outcome, Stream } from './stream.ts';

/** gRPC's reading of an HTTP/2 answer. */

/** Blocks where they don't belong (RFC 9113, 8.1). */
export function misplaced(stream: Stream, block: HeaderBlock, endStream: boolean): string | undefined {
  if (stream.head !== undefined) {
    if (!endStream) return 'trailers that do not end the stream';
    return block.fields.has(':status') ? ':status in trailers' : undefined;
  }
  if (block.status === 0) return 'an answer without :status';
  return block.status < 200 && endStream ? 'an answer that ends with its first 1xx' : undefined;
}

/** What END_STREAM and all that came before it mean. */
export function outcomeOf(stream: Stream): Outcome {
  const { headers } = stream;
  const http = stream.head?.status ?? 0;
  const text = headers.get('grpc-status');
  if (text === undefined) {
    if (http !== 200) return { ok: false, ...httpFailure(http, headers) };
    return { ok: false, ...broken('the answer has no grpc-status', headers) };
  }
  if (text !== '0' && !/^\d{1,9}$/.test(text))
    return { ok: false, ...broken(`"${text}" is not a grpc-status`, headers) };
  const code = Number(text);
  if (code > 0) return { ok: false, ...withStatus(code, headers) };
  if (stream.discard || http !== 200) {
    return { ok: false, ...broken(`HTTP ${http}, content type "${headers.get('content-type') ?? ''}"`, headers) };
  }
  const lack = stream.partial ? 'the answer ends within a message' : stream.lacks();
  return lack === undefined ? { ok: true } : { ok: false, ...broken(lack, headers) };
}

export function messageFailure(wrong: MessageFault | string, stream: Stream): CallFailure {
  const { headers } = stream;
  if (typeof wrong === 'string') return broken(wrong, headers);
  switch (wrong.t) {
    case 'compressed':
      return broken(
        `the answer is compressed (${headers.get('grpc-encoding') ?? 'no grpc-encoding'}), and we asked for none`,
        headers,
      );
    case 'flags':
      return broken('a message with unknown flags', headers);
    case 'too_large':
      return tooLarge(`a message of ${wrong.bytes} bytes, which is more than we take`, headers);
  }
}
