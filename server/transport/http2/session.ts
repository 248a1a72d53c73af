import { type EndCause, neverSent } from '../failure.ts';
import type { PreparedSink, PreparedUnary, StreamRequest, UnaryRequest } from '../port.ts';
import { Calls, largestStreamId } from './calls.ts';
import { ControlFrames } from './control-frames.ts';
import { Ends } from './ends.ts';
import { FastPath } from './fast-path.ts';
import { FrameReader } from './frame-reader.ts';
import { errorCode, type Fault, setting } from './frames.ts';
import { SessionLife, type SessionOptions, type SessionOwner } from './life.ts';
import { Output } from './output.ts';
import { ReceiveFlow, streamWindowBytes } from './receive-flow.ts';
import { encodeHeaders, RequestHeads } from './request-head.ts';
import { SendFlow } from './send-flow.ts';
import {
  type Http2StreamHandler,
  type Http2StreamWriter,
  type Http2UnaryOutcome,
  type Stream,
  StreamingStream,
  type StreamOwner,
  type UnarySink,
  UnaryStream,
} from './stream.ts';
import { maxHeaderListBytes, StreamFrames } from './stream-frames.ts';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/**
 * HTTP/2 and gRPC of one connection, without the socket: bytes go in through receive(), frames come out through its owner's
 * write(). Nothing here throws for what the peer sends; a Fault ends the connection. Composes the parts and is their face.
 */
export class Session implements StreamOwner {
  readonly maxMessageBytes: number;
  private readonly options: SessionOptions;
  private readonly owner: SessionOwner;
  private readonly life = new SessionLife();
  private readonly output: Output;
  private readonly flow: SendFlow;
  private readonly received: ReceiveFlow;
  private readonly calls: Calls;
  private readonly ends: Ends;
  private readonly fast: FastPath;
  private readonly reader: FrameReader;

  constructor(options: SessionOptions, owner: SessionOwner) {
    this.options = options;
    this.maxMessageBytes = options.maxMessageBytes;
    this.owner = owner;
    const { life } = this;
    const { wheel, maxQueued, maxMessageBytes } = options;
    const output = new Output(
      (bytes) => owner.write(bytes),
      (run) => owner.later(run),
      () => wheel.now(),
    );
    const flow = new SendFlow(output, () => owner.backlog);
    const received = new ReceiveFlow(output);
    const heads = new RequestHeads(options.scheme, options.authority);
    const onBusy = () => owner.onBusy();
    const onIdsUsedUp = () => this.onIdsUsedUp();
    const onDrained = () => owner.onDrained();
    const calls = new Calls({ life, wheel, output, flow, heads, maxQueued, onBusy, onIdsUsedUp });
    const ends = new Ends({ life, calls, wheel, output, flow, onDrained });
    const fast = new FastPath({ life, calls, wheel, output, flow, heads, onBusy, streams: this });
    this.reader = new FrameReader(
      new StreamFrames({ life, calls, ends, fast, flow, received, maxMessageBytes }),
      new ControlFrames({ life, calls, ends, fast, output, flow, owner }),
    );
    this.output = output;
    this.flow = flow;
    this.received = received;
    this.calls = calls;
    this.ends = ends;
    this.fast = fast;
  }

  /** Preface and SETTINGS, once there is a socket to write to. */
  start(): void {
    this.owner.write(preface);
    this.output.settings([
      [setting.enablePush, 0],
      [setting.initialWindowSize, streamWindowBytes],
      [setting.maxHeaderListSize, maxHeaderListBytes],
    ]);
    this.received.start();
    this.output.flush();
  }

  /** Calls without an outcome, also those that wait. */
  get inFlight(): number {
    return this.calls.inFlight;
  }

  get accepting(): boolean {
    return this.life.state === 'open';
  }

  /** Calls that wait for room under the peer's MAX_CONCURRENT_STREAMS. */
  get queued(): number {
    return this.calls.waiting.size;
  }

  /** GOAWAY's newest last stream id. */
  get goawayAbove(): number | undefined {
    return this.life.goawayAbove;
  }

  receive(bytes: Uint8Array, length: number): Fault | undefined {
    if (this.life.state === 'ended') return undefined;
    this.life.instant = this.options.wheel.now();
    return this.reader.read(bytes, length);
  }

  unary(request: UnaryRequest): Promise<Http2UnaryOutcome> {
    return new Promise((resolve) => this.issue(request, undefined, { onOutcome: resolve }));
  }

  /** The same without a promise. `signal` cancels. */
  issue(request: UnaryRequest, signal: AbortSignal | undefined, sink: UnarySink): void {
    const extra = request.headers === undefined ? undefined : encodeHeaders(request.headers);
    const refusal = this.calls.refusal(request.path, extra);
    if (refusal !== undefined) {
      sink.onOutcome({ ok: false, ...neverSent(refusal) });
      return;
    }
    if (signal === undefined) {
      this.calls.begin(new UnaryStream(this, request, extra as Uint8Array | undefined, sink));
      return;
    }
    const onAbort = () => this.cancel(stream);
    const stream = new UnaryStream(this, request, extra as Uint8Array | undefined, {
      onOutcome: (outcome) => {
        signal.removeEventListener('abort', onAbort);
        sink.onOutcome(outcome);
      },
    });
    signal.addEventListener('abort', onAbort);
    this.calls.begin(stream);
    if (signal.aborted) onAbort();
  }

  prepare(request: UnaryRequest, sink: PreparedSink): PreparedUnary {
    return this.fast.prepare(request, sink);
  }

  stream(request: StreamRequest, handler: Http2StreamHandler): Http2StreamWriter {
    const extra = request.headers === undefined ? undefined : encodeHeaders(request.headers);
    const refusal = this.calls.refusal(request.path, extra);
    const stream = new StreamingStream(this, request, typeof extra === 'string' ? undefined : extra, handler);
    if (refusal === undefined) {
      this.calls.begin(stream);
    } else {
      stream.settled = true;
      queueMicrotask(() => stream.tell({ ok: false, ...neverSent(refusal) }));
    }
    return stream;
  }

  ping(opaque: number): void {
    this.output.ping(false, 0, opaque);
  }

  /** Room in the socket again. */
  onWritable(): void {
    if (this.life.state !== 'ended') this.flow.pumpAll();
  }

  /** No new calls; those that wait were never sent. */
  drain(): void {
    this.ends.drain();
  }

  /** Each call gets its outcome; the peer hears GOAWAY with this code. */
  end(cause: EndCause, code: number, debugData: string, speak: boolean): void {
    const { life, output } = this;
    if (life.state === 'ended') return;
    const spoke = life.state !== 'starting' || code !== errorCode.noError;
    life.state = 'ended';
    life.instant = this.options.wheel.now();
    this.ends.close();
    this.flow.dropAll();
    this.fast.disarm();
    if (speak && spoke) output.goaway(code, debugData);
    output.close();
    this.fast.promoteAbove(0);
    this.ends.endAll(cause);
  }

  // StreamOwner

  get instant(): number {
    return this.life.instant;
  }

  expire(stream: Stream): void {
    this.ends.expire(stream);
  }

  cancel(stream: Stream): void {
    this.ends.cancel(stream);
  }

  pump(stream: Stream): void {
    if (stream.id > 0 && !stream.settled && this.life.state !== 'ended') this.flow.pump(stream);
  }

  replenish(stream: Stream): void {
    if (!stream.settled && this.calls.open.has(stream)) this.received.replenish(stream);
  }

  /** After 2^30 calls the connection has no number left for another: as if the peer had said GOAWAY. */
  private onIdsUsedUp(): void {
    const { life, owner } = this;
    life.state = 'draining';
    owner.later(() => {
      if (life.state === 'ended') return;
      owner.onGoaway({
        code: 0,
        lastStreamId: largestStreamId,
        debugData: 'stream ids are used up',
        inFlight: this.inFlight,
      });
      this.drain();
    });
  }
}
