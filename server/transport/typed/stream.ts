import type { DescMessage, DescMethodStreaming, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { Code, ConnectError, type StreamResponse } from '@connectrpc/connect';
import type { Http2Connection } from '../http2/connection.ts';
import type { Http2StreamWriter } from '../http2/stream.ts';
import { Answers } from './answers.ts';
import { codecOf } from './codec.ts';
import { connectError } from './errors.ts';
import { fromWire } from './headers.ts';

/** A streaming call of any kind. Settles when the answer begins, or with the call if that never happens. */
export function runStream<I extends DescMessage, O extends DescMessage>(
  connection: Http2Connection,
  method: DescMethodStreaming<I, O>,
  input: AsyncIterable<MessageInitShape<I>>,
  headers: Record<string, string> | undefined,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<StreamResponse<I, O>> {
  const codec = codecOf(method);
  return new Promise((resolve, reject) => {
    const trailer = new Headers();
    const messages = input[Symbol.asyncIterator]();
    /** Why we cancelled it. */
    let reason: ConnectError | undefined;
    let ended = false;
    const cancel = (error: ConnectError) => {
      reason ??= error;
      writer.cancel();
    };
    const onAbort = () => cancel(ConnectError.from(signal?.reason, Code.Canceled));
    const begin = (head: ReadonlyMap<string, string>) => {
      resolve({ stream: true, service: method.parent, method, header: fromWire(head), trailer, message: answers });
    };
    const writer: Http2StreamWriter = connection.stream(
      { path: codec.path, timeoutMs, ...(headers === undefined ? {} : { headers }) },
      {
        onHeaders: begin,
        onMessage: (message) => answers.push(message),
        onTrailers: (fields) => {
          for (const [name, value] of fromWire(fields)) trailer.append(name, value);
        },
        onEnd: (outcome) => {
          ended = true;
          signal?.removeEventListener('abort', onAbort);
          // Tells a generator that nobody waits for its next message; it may be busy for long, or have no such method.
          void messages.return?.().then(undefined, () => {});
          if (outcome.ok) {
            begin(new Map());
            answers.finish(undefined);
            return;
          }
          const error = reason ?? connectError(outcome);
          reject(error);
          answers.finish(error);
        },
      },
    );
    const answers: Answers<MessageShape<O>> = new Answers(codec.decode, writer);
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted === true) onAbort();

    const send = async () => {
      for (;;) {
        const next = await messages.next();
        if (ended) return;
        if (next.done === true) break;
        await writer.write(codec.encode(next.value));
      }
      writer.halfClose();
    };
    send().catch((error) => cancel(ConnectError.from(error)));
  });
}
