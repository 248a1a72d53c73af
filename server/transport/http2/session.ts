import {
  aboveLastStream,
  broken,
  cancelled,
  cutOff,
  type EndCause,
  expired,
  httpFailure,
  neverSent,
  resetByPeer,
} from '../failure.ts';
import type { CallFailure, Goaway, PreparedSink, PreparedUnary, StreamRequest, UnaryRequest } from '../port.ts';
import { messageFailure, misplaced, outcomeOf } from './answer.ts';
import type { DeadlineWheel } from './deadlines.ts';
import { FrameReader, type FrameSink } from './frame-reader.ts';
import {
  defaultFrameBytes,
  defaultWindowBytes,
  errorCode,
  type Fault,
  fault,
  flag,
  frameType,
  largestWindow,
  setting,
} from './frames.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import type { HeaderBlock } from './hpack/header-block.ts';
import { Output } from './output.ts';
import { PlainCalls, PreparedCall, type PreparedOwner, plainState } from './plain-calls.ts';
import { encodeHeaders, RequestHeads } from './request-head.ts';
import { Resets } from './resets.ts';
import { SendFlow } from './send-flow.ts';
import {
  type Http2StreamHandler,
  type Http2StreamWriter,
  type Http2UnaryOutcome,
  type Outcome,
  PreparedStream,
  type Stream,
  StreamingStream,
  type StreamOwner,
  UnaryStream,
} from './stream.ts';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
/** What the peer may send ahead: per stream as the connect-node transport, per connection the largest message. */
const streamWindowBytes = 1 << 20;
const connectionWindowBytes = 16 << 20;
const maxHeaderListBytes = 65_536;
/** A peer that asks for answers (PING, SETTINGS) and reads none. */
const mostBacklogBytes = 8 << 20;
const largestStreamId = 2 ** 31 - 1;

export interface SessionOptions {
  readonly authority: string;
  readonly scheme: 'http' | 'https';
  /** Largest message taken from the peer. */
  readonly maxMessageBytes: number;
  /** Calls that may wait for the peer's MAX_CONCURRENT_STREAMS. */
  readonly maxQueued: number;
  readonly wheel: DeadlineWheel;
}

/** The socket and the connection's life, seen from the session. */
export interface SessionOwner {
  /** True: the bytes were taken, and their memory may be used again. */
  write(bytes: Uint8Array): boolean;
  /** Bytes written that the system has not taken. */
  readonly backlog: number;
  /** Runs once this tick's work is done. */
  later(run: () => void): void;
  onSettings(): void;
  onGoaway(goaway: Goaway): void;
  onPingAnswer(opaque: number): void;
  /** The first call in flight after none. */
  onBusy(): void;
  /** No new calls are taken, and the last has ended. */
  onDrained(): void;
}

type Life = 'starting' | 'open' | 'draining' | 'ended';

/**
 * HTTP/2 and gRPC of one connection, without the socket: bytes go in through receive(), frames come out through its owner's
 * write(). Nothing here throws for what the peer sends; a Fault ends the connection.
 */
export class Session implements FrameSink, StreamOwner, PreparedOwner {
  readonly maxMessageBytes: number;
  /** When what is handled now came: the read, or the timer. */
  instant = 0;
  /** GOAWAY's newest last stream id. */
  goawayAbove: number | undefined;
  private life: Life = 'starting';
  private readonly options: SessionOptions;
  private readonly owner: SessionOwner;
  private readonly reader: FrameReader = new FrameReader(this);
  private readonly decoder = new HpackDecoder(maxHeaderListBytes);
  private readonly output: Output;
  private readonly flow: SendFlow;
  private readonly heads: RequestHeads;
  private readonly resets: Resets;
  private goaways = 0;

  /** All streams the peer counts as open. */
  private readonly streams = new Map<number, Stream>();
  /** Calls the peer's limit on streams keeps here. */
  private readonly waiting = new Set<Stream>();
  private readonly plain = new PlainCalls();
  /** Requests that stand in the deadlines' wheel for their plain calls. */
  private readonly armed = new Set<PreparedCall>();
  /** Calls without an outcome, those that wait too and plain ones not. */
  private ordinary = 0;
  private nextId = 1;

  private peerStreams = Number.POSITIVE_INFINITY;
  private receiveWindow: number = connectionWindowBytes;

  constructor(options: SessionOptions, owner: SessionOwner) {
    this.options = options;
    this.maxMessageBytes = options.maxMessageBytes;
    this.owner = owner;
    this.output = new Output(
      (bytes) => owner.write(bytes),
      (run) => owner.later(run),
      () => options.wheel.now(),
    );
    this.flow = new SendFlow(this.output, () => owner.backlog);
    this.heads = new RequestHeads(options.scheme, options.authority);
    this.resets = new Resets(
      () => options.wheel.now(),
      (stream) => this.reset(stream),
    );
  }

  /** Preface and SETTINGS, once there is a socket to write to. */
  start(): void {
    this.owner.write(preface);
    this.output.settings([
      [setting.enablePush, 0],
      [setting.initialWindowSize, streamWindowBytes],
      [setting.maxHeaderListSize, maxHeaderListBytes],
    ]);
    this.output.windowUpdate(0, connectionWindowBytes - defaultWindowBytes);
    this.output.flush();
  }

  get reading(): boolean {
    return this.life !== 'ended';
  }

  /** Calls without an outcome, also those that wait. */
  get inFlight(): number {
    return this.ordinary + this.plain.count;
  }

  get accepting(): boolean {
    return this.life === 'open';
  }

  /** Calls that wait for room under the peer's MAX_CONCURRENT_STREAMS. */
  get queued(): number {
    return this.waiting.size;
  }

  receive(bytes: Uint8Array, length: number): Fault | undefined {
    if (this.life === 'ended') return undefined;
    this.instant = this.options.wheel.now();
    return this.reader.read(bytes, length);
  }

  /** `signal` cancels. */
  unary(request: UnaryRequest, signal?: AbortSignal): Promise<Http2UnaryOutcome> {
    return new Promise((resolve) => {
      const extra = request.headers === undefined ? undefined : encodeHeaders(request.headers);
      const refusal = this.refusal(request.path, extra);
      if (refusal !== undefined) {
        resolve({ ok: false, ...neverSent(refusal) });
        return;
      }
      if (signal === undefined) {
        this.begin(new UnaryStream(this, request, extra as Uint8Array | undefined, resolve));
        return;
      }
      const onAbort = () => this.cancel(stream);
      const stream = new UnaryStream(this, request, extra as Uint8Array | undefined, (outcome) => {
        signal.removeEventListener('abort', onAbort);
        resolve(outcome);
      });
      signal.addEventListener('abort', onAbort);
      this.begin(stream);
      if (signal.aborted) onAbort();
    });
  }

  prepare(request: UnaryRequest, sink: PreparedSink): PreparedUnary {
    const extra = request.headers === undefined ? undefined : encodeHeaders(request.headers);
    const template = typeof extra === 'string' ? undefined : this.heads.template(request, extra);
    return new PreparedCall(this, request, extra, sink, template);
  }

  stream(request: StreamRequest, handler: Http2StreamHandler): Http2StreamWriter {
    const extra = request.headers === undefined ? undefined : encodeHeaders(request.headers);
    const refusal = this.refusal(request.path, extra);
    const stream = new StreamingStream(this, request, typeof extra === 'string' ? undefined : extra, handler);
    if (refusal === undefined) {
      this.begin(stream);
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
    if (this.life !== 'ended') this.flow.pumpAll();
  }

  /** No new calls; those that wait were never sent. */
  drain(): void {
    if (this.life === 'ended') return;
    this.life = 'draining';
    this.instant = this.options.wheel.now();
    for (const stream of [...this.waiting]) this.fail(stream, neverSent('never sent'));
    this.ifDrained();
  }

  /** Each call gets its outcome; the peer hears GOAWAY with this code. */
  end(cause: EndCause, code: number, debugData: string, speak: boolean): void {
    if (this.life === 'ended') return;
    const spoke = this.life !== 'starting' || code !== errorCode.noError;
    this.life = 'ended';
    this.instant = this.options.wheel.now();
    this.resets.close();
    this.flow.dropAll();
    for (const call of this.armed) this.options.wheel.remove(call);
    if (speak && spoke) this.output.goaway(code, debugData);
    this.output.close();
    const above = this.goawayAbove ?? largestStreamId;
    this.promoteAbove(0);
    for (const stream of [...this.waiting, ...this.streams.values()]) {
      this.fail(stream, cutOff(cause, stream.id > 0, stream.id > above, stream.headers));
    }
    this.streams.clear();
  }

  // StreamOwner

  expire(stream: Stream): void {
    this.instant = this.options.wheel.now();
    this.abandon(stream, expired(stream.id > 0, stream.headers), errorCode.cancel);
  }

  /** Told a moment later: whoever cancels does not expect onEnd before cancel() has returned. */
  cancel(stream: Stream): void {
    if (stream.settled) return;
    this.abandon(stream, cancelled(stream.id > 0, stream.headers), errorCode.cancel, queueMicrotask);
  }

  pump(stream: Stream): void {
    if (stream.id > 0 && !stream.settled && this.life !== 'ended') this.flow.pump(stream);
  }

  replenish(stream: Stream): void {
    if (stream.settled || this.streams.get(stream.id) !== stream || stream.receiveWindow > streamWindowBytes / 2)
      return;
    this.output.windowUpdate(stream.id, streamWindowBytes - stream.receiveWindow);
    stream.receiveWindow = streamWindowBytes;
  }

  // PreparedOwner

  issue(call: PreparedCall, slot: number): void {
    if (this.issuePlain(call, slot)) return;
    const { request, extra } = call;
    const refusal = this.refusal(request.path, extra);
    const stream = new PreparedStream(this, request, typeof extra === 'string' ? undefined : extra, call.sink, slot);
    if (refusal === undefined) {
      this.begin(stream);
      return;
    }
    stream.settled = true;
    queueMicrotask(() => {
      this.instant = this.options.wheel.now();
      stream.tell({ ok: false, ...neverSent(refusal) });
    });
  }

  expirePlain(call: PreparedCall): void {
    const { plain, nextId } = this;
    const { wheel } = this.options;
    const now = wheel.now();
    this.armed.delete(call);
    for (const place of plain.of(call, call.oldestId, nextId)) {
      const deadlineAt = plain.deadlines[place] as number;
      if (deadlineAt > now) {
        this.arm(call, plain.ids[place] as number, deadlineAt);
        return;
      }
      this.expire(this.promote(place));
      // What the sink did may have ended the connection.
      if (this.life === 'ended') return;
    }
  }

  // Calls

  private refusal(path: string, extra: Uint8Array | string | undefined): string | undefined {
    if (!this.accepting) return 'the connection takes no new calls';
    if (this.heads.block(path) === undefined) return `"${path}" is not a path of a gRPC method`;
    if (typeof extra === 'string') return extra;
    if (this.waiting.size >= this.options.maxQueued) {
      return `${this.waiting.size} calls wait already for the peer's limit on streams`;
    }
    return undefined;
  }

  private begin(stream: Stream): void {
    const { wheel } = this.options;
    const { timeoutMs } = stream.request;
    stream.deadlineAt = this.output.tick() + (timeoutMs > 0 ? timeoutMs : 0);
    if (stream.deadlineAt < Number.POSITIVE_INFINITY) wheel.add(stream, stream.deadlineAt);
    this.ordinary++;
    if (this.inFlight === 1) this.owner.onBusy();
    if (this.waiting.size > 0 || this.full) this.waiting.add(stream);
    else this.send(stream, timeoutMs);
  }

  /** The peer counts as many streams as it allows. */
  private get full(): boolean {
    return this.streams.size + this.plain.count >= this.peerStreams;
  }

  private send(stream: Stream, timeoutMs: number): void {
    const id = this.nextId;
    this.nextId += 2;
    stream.id = id;
    stream.receiveWindow = streamWindowBytes;
    this.streams.set(id, stream);
    const block = this.heads.block(stream.request.path) as Uint8Array;
    this.flow.begin(stream, block, this.heads.timeout(timeoutMs));
    if (id >= largestStreamId) this.onIdsUsedUp();
  }

  /** False: something keeps this call from going out whole and at once. */
  private issuePlain(call: PreparedCall, slot: number): boolean {
    const { template } = call;
    const { flow, plain, nextId: id } = this;
    if (template === undefined || this.life !== 'open' || this.waiting.size > 0 || this.full) return false;
    if (template.dataBytes > flow.window || template.dataBytes > flow.peerWindow) return false;
    if (flow.owesTableUpdate || !flow.socketHasRoom || id >= largestStreamId) return false;
    this.nextId = id + 2;
    const place = plain.placeFor(id);
    // Still used by a call a few thousand streams older: that one goes on as an ordinary stream.
    if (plain.ids[place] !== 0) this.promote(place);
    const { timeoutMs } = call.request;
    const deadlineAt = this.output.tick() + (timeoutMs > 0 ? timeoutMs : 0);
    plain.add(place, id, call, slot, deadlineAt);
    flow.window -= template.dataBytes;
    this.output.request(template, id);
    if (call.slot < 0 && deadlineAt < Number.POSITIVE_INFINITY) this.arm(call, id, deadlineAt);
    if (this.inFlight === 1) this.owner.onBusy();
    return true;
  }

  private arm(call: PreparedCall, oldestId: number, deadlineAt: number): void {
    call.oldestId = oldestId;
    this.armed.add(call);
    this.options.wheel.add(call, deadlineAt);
  }

  /** From now on the call is a stream like any other. */
  private promote(place: number): PreparedStream {
    const { plain } = this;
    const call = plain.calls[place] as PreparedCall;
    const id = plain.ids[place] as number;
    const state = plain.states[place];
    const stream = new PreparedStream(this, call.request, undefined, call.sink, plain.slots[place] as number);
    stream.id = id;
    stream.localClosed = true;
    stream.sendWindow = this.flow.peerWindow;
    stream.receiveWindow = streamWindowBytes;
    if (state !== plainState.sent) {
      const head = plain.heads[place] as HeaderBlock;
      stream.head = head;
      stream.headers = head.fields;
      stream.committed = true;
    }
    if (state === plainState.message) {
      stream.answered = true;
      stream.receiveWindow -= plain.received[place] as number;
    }
    plain.remove(place);
    this.ordinary++;
    this.streams.set(id, stream);
    stream.deadlineAt = plain.deadlines[place] as number;
    if (stream.deadlineAt < Number.POSITIVE_INFINITY) this.options.wheel.add(stream, stream.deadlineAt);
    return stream;
  }

  private promoteAbove(id: number): void {
    for (const place of this.plain.of(undefined, 1, this.nextId)) {
      if ((this.plain.ids[place] as number) > id) this.promote(place);
    }
  }

  /** After 2^30 calls the connection has no number left for another: as if the peer had said GOAWAY. */
  private onIdsUsedUp(): void {
    this.life = 'draining';
    this.owner.later(() => {
      if (this.life === 'ended') return;
      this.owner.onGoaway({
        code: 0,
        lastStreamId: largestStreamId,
        debugData: 'stream ids are used up',
        inFlight: this.inFlight,
      });
      this.drain();
    });
  }

  // FrameSink

  onSettings(values: readonly (readonly [id: number, value: number])[]): Fault | undefined {
    const { flow } = this;
    let window = flow.peerWindow;
    for (const [id, value] of values) {
      switch (id) {
        case setting.headerTableSize:
          flow.onTableSize(value);
          break;
        case setting.enablePush:
          if (value !== 0) return fault(errorCode.protocolError, 'a server that sets ENABLE_PUSH');
          break;
        case setting.maxConcurrentStreams:
          this.peerStreams = value;
          break;
        case setting.initialWindowSize:
          if (value > largestWindow) return fault(errorCode.flowControlError, 'INITIAL_WINDOW_SIZE out of range');
          window = value;
          break;
        case setting.maxFrameSize:
          if (value < defaultFrameBytes || value > 0xffffff) {
            return fault(errorCode.protocolError, 'MAX_FRAME_SIZE out of range');
          }
          flow.peerFrameBytes = value;
      }
    }
    // Plain calls have sent all they had.
    if (!flow.onInitialWindow(window, this.streams.values())) {
      return fault(errorCode.flowControlError, 'a window out of range');
    }
    this.output.settingsAck();
    if (this.life === 'starting') {
      this.life = 'open';
      this.owner.onSettings();
    }
    flow.pumpAll();
    this.sendWaiting();
    return this.deaf();
  }

  onSettingsAck(): void {}

  onPing(ack: boolean, bytes: Uint8Array, start: number): Fault | undefined {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset + start, 8);
    if (ack) {
      if (view.readUInt32BE(0) === 0) this.owner.onPingAnswer(view.readUInt32BE(4));
      return undefined;
    }
    this.output.ping(true, view.readUInt32BE(0), view.readUInt32BE(4));
    return this.deaf();
  }

  onGoaway(last: number, code: number, debugData: string): void {
    // RFC 9113, 6.8: a later one may only be lower.
    const above = Math.min(last, this.goawayAbove ?? last);
    const news = above !== this.goawayAbove;
    this.goawayAbove = above;
    if (this.life !== 'ended') this.life = 'draining';
    // Two make a graceful end; more are no news to anybody.
    if (this.goaways++ < 2) this.owner.onGoaway({ code, lastStreamId: last, debugData, inFlight: this.inFlight });
    if (!this.reading) return;
    if (news) {
      this.promoteAbove(above);
      for (const stream of [...this.streams.values()]) {
        if (stream.id <= above) continue;
        this.forget(stream);
        this.fail(stream, aboveLastStream(stream.headers));
      }
    }
    this.drain();
  }

  onWindowUpdate(id: number, increment: number): Fault | undefined {
    if (id === 0) {
      if (increment === 0) return fault(errorCode.protocolError, 'WINDOW_UPDATE by nothing');
      const { flow } = this;
      flow.window += increment;
      if (flow.window > largestWindow) return fault(errorCode.flowControlError, 'a window out of range');
      flow.pumpAll();
      return undefined;
    }
    const place = this.plain.find(id);
    if (place >= 0) this.promote(place);
    const stream = this.streams.get(id);
    if (stream === undefined) return this.unknown(id, 'WINDOW_UPDATE');
    stream.sendWindow += increment;
    if (increment === 0 || stream.sendWindow > largestWindow) {
      stream.sendWindow = 0;
      const code = increment === 0 ? errorCode.protocolError : errorCode.flowControlError;
      this.abandon(stream, broken('a WINDOW_UPDATE out of range', stream.headers), code);
    } else {
      this.flow.unblock(stream);
    }
    return undefined;
  }

  onRstStream(id: number, code: number): Fault | undefined {
    const place = this.plain.find(id);
    if (place >= 0) this.promote(place);
    const stream = this.streams.get(id);
    if (stream === undefined) return this.unknown(id, 'RST_STREAM');
    this.forget(stream);
    const { head, headers } = stream;
    if (code === errorCode.noError) this.fail(stream, broken('the stream ended without an answer', headers));
    else if (head !== undefined && head.status !== 200 && code !== errorCode.refusedStream)
      this.fail(stream, httpFailure(head.status, headers));
    else this.fail(stream, resetByPeer(code, headers));
    this.afterStream();
    return undefined;
  }

  onHeaders(id: number, bytes: Uint8Array, start: number, end: number, endStream: boolean): Fault | undefined {
    // Also of streams that are gone: the table must see every block.
    const block = this.decoder.decode(bytes, start, end);
    if (block === undefined) return fault(errorCode.compressionError, 'a header block that does not decode');
    const { plain } = this;
    const place = plain.find(id);
    if (place >= 0) {
      if (endStream ? plain.takeTrailers(place, block, this.instant) : plain.takeHead(place, block)) {
        if (endStream) this.afterStream();
        return undefined;
      }
      this.promote(place);
    }
    const stream = this.streams.get(id);
    if (stream === undefined) return this.unknown(id, 'HEADERS');
    if (stream.settled) {
      if (endStream) this.closeRemote(stream);
      return undefined;
    }
    const wrong = block.fault ?? misplaced(stream, block, endStream);
    if (wrong !== undefined) {
      this.abandon(stream, broken(wrong, block.fields), errorCode.protocolError, undefined, endStream);
      return undefined;
    }
    // 1xx: the answer is still to come.
    if (block.status > 0 && block.status < 200) return undefined;
    if (stream.head === undefined) {
      stream.head = block;
      stream.headers = block.fields;
    } else {
      stream.headers = stream.head.with(block);
    }
    if (endStream) {
      stream.trailers = block.fields;
      this.finish(stream);
      return undefined;
    }
    stream.discard = block.status !== 200 || !block.isGrpc;
    if (!stream.discard) stream.onHead(stream.headers);
    return undefined;
  }

  onData(
    id: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    flowBytes: number,
    endStream: boolean,
  ): Fault | undefined {
    this.receiveWindow -= flowBytes;
    if (this.receiveWindow < 0) return fault(errorCode.flowControlError, 'more DATA than the connection window');
    if (this.receiveWindow <= connectionWindowBytes / 2) {
      this.output.windowUpdate(0, connectionWindowBytes - this.receiveWindow);
      this.receiveWindow = connectionWindowBytes;
    }
    const place = this.plain.find(id);
    if (place >= 0) {
      if (!endStream && this.plain.takeMessage(place, bytes, start, end, flowBytes, this.maxMessageBytes)) {
        return undefined;
      }
      this.promote(place);
    }
    const stream = this.streams.get(id);
    if (stream === undefined) return this.unknown(id, 'DATA');
    stream.receiveWindow -= flowBytes;
    if (stream.receiveWindow < 0) return fault(errorCode.flowControlError, 'more DATA than the stream window');
    if (stream.settled) {
      // No WINDOW_UPDATE: an answer nobody waits for stops by itself.
      if (endStream) this.closeRemote(stream);
      return undefined;
    }
    if (stream.head === undefined) {
      this.abandon(
        stream,
        broken('DATA before HEADERS', stream.headers),
        errorCode.protocolError,
        undefined,
        endStream,
      );
      return undefined;
    }
    if (!stream.discard && end > start) {
      const wrong = stream.receive(bytes, start, end);
      // What a handler did may have ended the call or the connection.
      if (!this.reading) return undefined;
      if (wrong !== undefined && !stream.settled) {
        this.abandon(stream, messageFailure(wrong, stream), errorCode.cancel, undefined, endStream);
        return undefined;
      }
    }
    if (endStream) {
      if (stream.settled) this.closeRemote(stream);
      else this.finish(stream);
    } else if (!stream.paused) {
      this.replenish(stream);
    }
    return undefined;
  }

  // Ends

  /** END_STREAM came: the call's outcome follows from what came before it. */
  private finish(stream: Stream): void {
    const outcome = outcomeOf(stream);
    if (outcome.ok) this.settle(stream, outcome);
    else this.fail(stream, outcome);
    this.closeRemote(stream);
  }

  private closeRemote(stream: Stream): void {
    if (this.life === 'ended' || this.streams.get(stream.id) !== stream) return;
    if (!stream.localClosed) {
      // Answered before we had finished. Ending our half closes the stream as a reset would, and no guard counts it.
      stream.localClosed = true;
      this.output.frame(0, frameType.data, flag.endStream, stream.id);
    }
    this.forget(stream);
    this.afterStream();
  }

  /** The call is over here; its stream is reset when its turn comes, unless the peer ends it before. */
  private abandon(
    stream: Stream,
    failure: CallFailure,
    code: number,
    tellLater?: (run: () => void) => void,
    endStream = false,
  ): void {
    if (stream.settled) return;
    const sent = stream.id > 0;
    this.settle(stream, { ok: false, ...failure }, tellLater);
    if (!sent) {
      this.ifDrained();
    } else if (this.streams.get(stream.id) === stream) {
      if (endStream) this.closeRemote(stream);
      else this.resets.add(stream, code);
      this.ifDrained();
    }
  }

  private fail(stream: Stream, failure: CallFailure): void {
    this.settle(stream, { ok: false, ...failure });
  }

  private settle(stream: Stream, outcome: Outcome, tellLater?: (run: () => void) => void): void {
    if (stream.settled) return;
    stream.settled = true;
    this.options.wheel.remove(stream);
    this.ordinary--;
    if (stream.id === 0) this.waiting.delete(stream);
    this.flow.drop(stream);
    if (stream.outgoing !== undefined) stream.dropOutgoing();
    if (tellLater === undefined) stream.tell(outcome);
    else tellLater(() => stream.tell(outcome));
  }

  private reset(stream: Stream): void {
    if (this.life === 'ended' || !this.streams.has(stream.id)) return;
    this.output.rstStream(stream.id, stream.resetCode);
    this.forget(stream);
    this.afterStream();
  }

  private forget(stream: Stream): void {
    this.streams.delete(stream.id);
    this.resets.remove(stream);
  }

  private afterStream(): void {
    if (this.waiting.size > 0) this.sendWaiting();
    if (this.life === 'draining') this.ifDrained();
  }

  private sendWaiting(): void {
    if (this.life !== 'open') return;
    const now = this.options.wheel.now();
    for (const stream of this.waiting) {
      if (this.full) return;
      this.waiting.delete(stream);
      this.send(stream, stream.deadlineAt - now);
    }
  }

  private ifDrained(): void {
    if (this.life === 'draining' && this.inFlight === 0) this.owner.onDrained();
  }

  /** A stream we don't know: closed is fine, as frames cross; never opened is not (RFC 9113, 5.1). */
  private unknown(id: number, what: string): Fault | undefined {
    if (id % 2 === 1 && id < this.nextId) return undefined;
    return fault(errorCode.protocolError, `${what} on a stream that was never opened`);
  }

  private deaf(): Fault | undefined {
    if (this.owner.backlog <= mostBacklogBytes) return undefined;
    return fault(errorCode.enhanceYourCalm, 'the peer asks and does not read');
  }
}
