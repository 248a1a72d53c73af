import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { UnaryResponse } from '@connectrpc/connect';
import type { Http2Connection } from '../http2/connection.ts';
import type { Http2UnaryOutcome, UnarySink } from '../http2/stream.ts';
import { type Codec, codecOf } from './codec.ts';
import type { Dialer } from './dialer.ts';
import { aborted, errorOf } from './errors.ts';
import { fromWire } from './headers.ts';

/** A unary call. No async function and one promise: a call of a few microseconds is made of what it leaves to the collector. */
export function runUnary<I extends DescMessage, O extends DescMessage>(
  dialer: Dialer,
  method: DescMethodUnary<I, O>,
  signal: AbortSignal | undefined,
  timeoutMs: number,
  headers: Record<string, string> | undefined,
  input: MessageInitShape<I>,
): Promise<UnaryResponse<I, O>> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) throw aborted(signal);
    const codec = codecOf(method);
    const message = codec.encode(input);
    const call = new UnaryCall(method, codec, signal, resolve, reject);
    const issue = (connection: Http2Connection, leftMs: number) =>
      connection.issue({ path: codec.path, message, headers, timeoutMs: leftMs }, signal, call);
    const { connection } = dialer;
    if (connection !== undefined) {
      issue(connection, timeoutMs);
      return;
    }
    void dialer.dial(timeoutMs, signal).then((dialled) => {
      if ('failure' in dialled) reject(errorOf(dialled.failure, signal));
      else issue(dialled.connection, dialled.leftMs);
    });
  });
}

class UnaryCall<I extends DescMessage, O extends DescMessage> implements UnarySink {
  private readonly method: DescMethodUnary<I, O>;
  private readonly codec: Codec<I, O>;
  private readonly signal: AbortSignal | undefined;
  private readonly resolve: (response: UnaryResponse<I, O>) => void;
  private readonly reject: (error: unknown) => void;

  constructor(
    method: DescMethodUnary<I, O>,
    codec: Codec<I, O>,
    signal: AbortSignal | undefined,
    resolve: (response: UnaryResponse<I, O>) => void,
    reject: (error: unknown) => void,
  ) {
    this.method = method;
    this.codec = codec;
    this.signal = signal;
    this.resolve = resolve;
    this.reject = reject;
  }

  onOutcome(outcome: Http2UnaryOutcome): void {
    if (!outcome.ok) {
      this.reject(errorOf(outcome, this.signal));
      return;
    }
    try {
      const message = this.codec.decode(outcome.message);
      this.resolve(new UnaryAnswer(this.method, message, outcome.head, outcome.trailers));
    } catch (error) {
      this.reject(error);
    }
  }
}

class UnaryAnswer<I extends DescMessage, O extends DescMessage> implements UnaryResponse<I, O> {
  readonly stream = false;
  readonly method: DescMethodUnary<I, O>;
  readonly message: MessageShape<O>;
  private readonly head: ReadonlyMap<string, string>;
  private readonly trailers: ReadonlyMap<string, string>;

  constructor(
    method: DescMethodUnary<I, O>,
    message: MessageShape<O>,
    head: ReadonlyMap<string, string>,
    trailers: ReadonlyMap<string, string>,
  ) {
    this.method = method;
    this.message = message;
    this.head = head;
    this.trailers = trailers;
  }

  get service(): DescMethodUnary<I, O>['parent'] {
    return this.method.parent;
  }

  /** Made when asked for: most callers look at neither. */
  get header(): Headers {
    return fromWire(this.head);
  }

  get trailer(): Headers {
    return fromWire(this.trailers);
  }
}
