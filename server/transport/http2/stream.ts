import type { CallFailure, PreparedSink, StreamHandler, StreamRequest, StreamWriter } from '../port.ts';
import { Deadline } from './deadlines.ts';
import type { HeaderBlock } from './hpack/header-block.ts';
import { copyOf, isWholeMessage, type MessageFault, MessageReader, prefixBytes } from './message-reader.ts';

/** A message that has not gone out altogether. `at` starts below 0: the gRPC prefix comes first. */
export interface Outgoing {
  readonly message: Uint8Array;
  at: number;
  readonly taken: (() => void) | undefined;
}

export type Outcome = { readonly ok: true } | ({ readonly ok: false } & CallFailure);

/** What a stream asks of its session. */
export interface StreamOwner {
  expire(stream: Stream): void;
  cancel(stream: Stream): void;
  pump(stream: Stream): void;
  /** The stream is no longer paused. */
  replenish(stream: Stream): void;
  readonly maxMessageBytes: number;
  /** When what is handled now came: the read, or the timer. */
  readonly instant: number;
}

const noHeaders: ReadonlyMap<string, string> = new Map();

/** What this transport tells beyond the port: what came before the message, and what after it. */
export type Http2UnaryOutcome =
  | {
      readonly ok: true;
      readonly message: Uint8Array;
      readonly headers: ReadonlyMap<string, string>;
      readonly head: ReadonlyMap<string, string>;
      readonly trailers: ReadonlyMap<string, string>;
    }
  | ({ readonly ok: false } & CallFailure);

/** Who issued a unary call. May be told before the call that issues it has returned; must not throw. */
export interface UnarySink {
  onOutcome(outcome: Http2UnaryOutcome): void;
}

export interface Http2StreamHandler extends StreamHandler {
  /** Before onEnd; also where the trailers are all of the answer. */
  onTrailers?(trailers: ReadonlyMap<string, string>): void;
}

export interface Http2StreamWriter extends StreamWriter {
  /** The peer may send no more than the window it has: 1 MiB at most. */
  pause(): void;
  resume(): void;
}

/**
 * One call and its HTTP/2 stream. The call may be over (`settled`) while the peer still counts the stream: then it waits for
 * the peer's end or for its turn to be reset.
 */
export abstract class Stream extends Deadline {
  readonly request: StreamRequest;
  /** The request's own headers, encoded. */
  readonly extra: Uint8Array | undefined;
  /** The only message of a request that is known from the start. */
  readonly body: Uint8Array | undefined;
  protected readonly owner: StreamOwner;
  /** 0: never sent. */
  id = 0;
  settled = false;
  /** We have sent END_STREAM. */
  localClosed = false;
  /** No more messages after those in `outgoing`. */
  halfClosed = false;
  /** What we may still send on this stream; a new SETTINGS_INITIAL_WINDOW_SIZE can take it below 0. */
  sendWindow = 0;
  /** What the peer may still send. */
  receiveWindow = 0;
  outgoing: Outgoing[] | undefined;
  head: HeaderBlock | undefined;
  headers: ReadonlyMap<string, string> = noHeaders;
  trailers: ReadonlyMap<string, string> = noHeaders;
  /** Whoever gets the messages has enough for now. */
  paused = false;
  /** The answer is no gRPC (HTTP status, content type): its body is dropped. */
  discard = false;
  /** Of the RST_STREAM this stream waits to send. */
  resetCode = 0;
  private reader: MessageReader | undefined;

  constructor(owner: StreamOwner, request: StreamRequest, extra: Uint8Array | undefined) {
    super();
    this.owner = owner;
    this.request = request;
    this.extra = extra;
  }

  /** Tells the caller; once. */
  abstract tell(outcome: Outcome): void;
  /** What a call whose status is OK lacks, if anything. */
  abstract lacks(): string | undefined;
  abstract onHead(headers: ReadonlyMap<string, string>): void;
  /** A text says why the call can't go on. */
  protected abstract take(message: Uint8Array): string | undefined;

  get partial(): boolean {
    return this.reader?.partial === true;
  }

  override onDeadline(): void {
    this.owner.expire(this);
  }

  receive(bytes: Uint8Array, start: number, end: number): MessageFault | string | undefined {
    if (this.reader === undefined && isWholeMessage(bytes, start, end, this.owner.maxMessageBytes)) {
      return this.take(copyOf(bytes, start + prefixBytes, end));
    }
    let refusal: string | undefined;
    this.reader ??= new MessageReader(this.owner.maxMessageBytes);
    const fault = this.reader.read(bytes, start, end, (message) => {
      refusal = this.take(message);
      return refusal === undefined && !this.settled;
    });
    return refusal ?? fault;
  }

  dropOutgoing(): void {
    const { outgoing } = this;
    this.outgoing = undefined;
    if (outgoing !== undefined) for (const { taken } of outgoing) taken?.();
  }
}

export class UnaryStream extends Stream {
  override readonly body: Uint8Array;
  private message: Uint8Array | undefined;
  private committed = false;
  private readonly sink: UnarySink;

  constructor(
    owner: StreamOwner,
    request: StreamRequest & { readonly message: Uint8Array },
    extra: Uint8Array | undefined,
    sink: UnarySink,
  ) {
    super(owner, request, extra);
    this.body = request.message;
    this.halfClosed = true;
    this.sink = sink;
  }

  override tell(outcome: Outcome): void {
    if (!outcome.ok) this.sink.onOutcome(this.committed ? { ...outcome, committed: true } : outcome);
    else {
      const { headers, head, trailers } = this;
      const message = this.message as Uint8Array;
      this.sink.onOutcome({ ok: true, message, headers, head: head?.fields ?? headers, trailers });
    }
  }

  override lacks(): string | undefined {
    return this.message === undefined ? 'the answer has no message' : undefined;
  }

  override onHead(): void {
    this.committed = true;
  }

  protected override take(message: Uint8Array): string | undefined {
    if (this.message !== undefined) return 'the answer to a unary call has more than one message';
    this.message = message;
    return undefined;
  }
}

/** A prepared call that takes the general way: it has to wait, its answer comes in pieces, or its end is no plain answer. */
export class PreparedStream extends Stream {
  override readonly body: Uint8Array;
  private readonly callSlot: number;
  private readonly sink: PreparedSink;
  /** The sink has the message. */
  answered = false;
  /** The head of the answer came in a frame of its own. */
  committed = false;

  constructor(
    owner: StreamOwner,
    request: StreamRequest & { readonly message: Uint8Array },
    extra: Uint8Array | undefined,
    sink: PreparedSink,
    slot: number,
  ) {
    super(owner, request, extra);
    this.body = request.message;
    this.halfClosed = true;
    this.sink = sink;
    this.callSlot = slot;
  }

  override tell(outcome: Outcome): void {
    const { sink, callSlot, headers, owner, committed } = this;
    guarded(() => {
      if (outcome.ok) sink.onAnswered(callSlot, headers, owner.instant);
      else sink.onFailed(callSlot, committed ? { ...outcome, committed } : outcome, owner.instant);
    });
  }

  override lacks(): string | undefined {
    return this.answered ? undefined : 'the answer has no message';
  }

  override onHead(): void {
    this.committed = true;
  }

  protected override take(message: Uint8Array): string | undefined {
    if (this.answered) return 'the answer to a unary call has more than one message';
    this.answered = true;
    guarded(() => this.sink.onMessage(this.callSlot, message, 0, message.length));
    return undefined;
  }
}

export class StreamingStream extends Stream implements Http2StreamWriter {
  private readonly handler: Http2StreamHandler;

  constructor(owner: StreamOwner, request: StreamRequest, extra: Uint8Array | undefined, handler: Http2StreamHandler) {
    super(owner, request, extra);
    this.handler = handler;
  }

  write(message: Uint8Array): Promise<void> {
    if (this.settled || this.halfClosed) return Promise.resolve();
    return new Promise((taken) => {
      this.outgoing ??= [];
      this.outgoing.push({ message, at: -prefixBytes, taken });
      this.owner.pump(this);
    });
  }

  halfClose(): void {
    if (this.settled || this.halfClosed) return;
    this.halfClosed = true;
    this.owner.pump(this);
  }

  cancel(): void {
    this.owner.cancel(this);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.owner.replenish(this);
  }

  override tell(outcome: Outcome): void {
    guarded(() => this.handler.onTrailers?.(this.trailers));
    guarded(() => this.handler.onEnd(outcome));
  }

  override lacks(): undefined {
    return undefined;
  }

  override onHead(headers: ReadonlyMap<string, string>): void {
    guarded(() => this.handler.onHeaders?.(headers));
  }

  protected override take(message: Uint8Array): string | undefined {
    return guarded(() => this.handler.onMessage(message)) ? undefined : 'the handler of the messages failed';
  }
}

/** A fault of a handler ends its call or nothing; the other calls of the connection go on. */
function guarded(run: () => void): boolean {
  try {
    run();
    return true;
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
    return false;
  }
}
