import { broken, httpFailure, resetByPeer } from '../failure.ts';
import { messageFailure, misplaced } from './answer.ts';
import type { Calls } from './calls.ts';
import type { Ends } from './ends.ts';
import type { FastPath } from './fast-path.ts';
import type { StreamSink } from './frame-reader.ts';
import { errorCode, type Fault, fault, largestWindow } from './frames.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import type { SessionLife } from './life.ts';
import type { PlainCalls } from './plain-calls.ts';
import type { ReceiveFlow } from './receive-flow.ts';
import type { SendFlow } from './send-flow.ts';
import type { Stream } from './stream.ts';

export const maxHeaderListBytes = 65_536;

export interface StreamFramesParts {
  readonly life: SessionLife;
  readonly calls: Calls;
  readonly ends: Ends;
  readonly fast: FastPath;
  readonly flow: SendFlow;
  readonly received: ReceiveFlow;
  readonly maxMessageBytes: number;
}

/** What the peer says on streams: answers, resets, windows. A fault in one answer ends only that call. */
export class StreamFrames implements StreamSink {
  private readonly life: SessionLife;
  private readonly calls: Calls;
  private readonly plain: PlainCalls;
  private readonly ends: Ends;
  private readonly fast: FastPath;
  private readonly flow: SendFlow;
  private readonly received: ReceiveFlow;
  private readonly maxMessageBytes: number;
  private readonly decoder = new HpackDecoder(maxHeaderListBytes);

  constructor(parts: StreamFramesParts) {
    this.life = parts.life;
    this.calls = parts.calls;
    this.plain = parts.calls.plain;
    this.ends = parts.ends;
    this.fast = parts.fast;
    this.flow = parts.flow;
    this.received = parts.received;
    this.maxMessageBytes = parts.maxMessageBytes;
  }

  get reading(): boolean {
    return this.life.state !== 'ended';
  }

  onHeaders(id: number, bytes: Uint8Array, start: number, end: number, endStream: boolean): Fault | undefined {
    // Also of streams that are gone: the table must see every block.
    const block = this.decoder.decode(bytes, start, end);
    if (block === undefined) return fault(errorCode.compressionError, 'a header block that does not decode');
    const { plain, ends } = this;
    const place = plain.find(id);
    if (place >= 0) {
      if (endStream ? plain.takeTrailers(place, block, this.life.instant) : plain.takeHead(place, block)) {
        if (endStream) ends.afterStream();
        return undefined;
      }
      this.fast.promote(place);
    }
    const stream = this.calls.open.get(id);
    if (stream === undefined) return this.calls.unknown(id, 'HEADERS');
    if (stream.settled) {
      if (endStream) ends.closeRemote(stream);
      return undefined;
    }
    const wrong = block.fault ?? misplaced(stream, block, endStream);
    if (wrong !== undefined) {
      ends.abandon(stream, broken(wrong, block.fields), errorCode.protocolError, undefined, endStream);
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
      ends.finish(stream);
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
    if (!this.received.take(flowBytes)) {
      return fault(errorCode.flowControlError, 'more DATA than the connection window');
    }
    const { plain } = this;
    const place = plain.find(id);
    if (place >= 0) {
      if (!endStream && plain.takeMessage(place, bytes, start, end, flowBytes, this.maxMessageBytes)) return undefined;
      this.fast.promote(place);
    }
    const stream = this.calls.open.get(id);
    if (stream === undefined) return this.calls.unknown(id, 'DATA');
    stream.receiveWindow -= flowBytes;
    if (stream.receiveWindow < 0) return fault(errorCode.flowControlError, 'more DATA than the stream window');
    if (stream.settled) {
      // No WINDOW_UPDATE: an answer nobody waits for stops by itself.
      if (endStream) this.ends.closeRemote(stream);
      return undefined;
    }
    this.toStream(stream, bytes, start, end, endStream);
    return undefined;
  }

  onRstStream(id: number, code: number): Fault | undefined {
    const stream = this.ordinary(id);
    if (stream === undefined) return this.calls.unknown(id, 'RST_STREAM');
    const { ends } = this;
    ends.forget(stream);
    const { head, headers } = stream;
    if (code === errorCode.noError) ends.fail(stream, broken('the stream ended without an answer', headers));
    else if (head !== undefined && head.status !== 200 && code !== errorCode.refusedStream)
      ends.fail(stream, httpFailure(head.status, headers));
    else ends.fail(stream, resetByPeer(code, headers));
    ends.afterStream();
    return undefined;
  }

  onStreamWindow(id: number, increment: number): Fault | undefined {
    const stream = this.ordinary(id);
    if (stream === undefined) return this.calls.unknown(id, 'WINDOW_UPDATE');
    stream.sendWindow += increment;
    if (increment === 0 || stream.sendWindow > largestWindow) {
      stream.sendWindow = 0;
      const code = increment === 0 ? errorCode.protocolError : errorCode.flowControlError;
      this.ends.abandon(stream, broken('a WINDOW_UPDATE out of range', stream.headers), code);
    } else {
      this.flow.unblock(stream);
    }
    return undefined;
  }

  private toStream(stream: Stream, bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    const { ends } = this;
    if (stream.head === undefined) {
      const failure = broken('DATA before HEADERS', stream.headers);
      ends.abandon(stream, failure, errorCode.protocolError, undefined, endStream);
      return;
    }
    if (!stream.discard && end > start) {
      const wrong = stream.receive(bytes, start, end);
      // What a handler did may have ended the call or the connection.
      if (!this.reading) return;
      if (wrong !== undefined && !stream.settled) {
        ends.abandon(stream, messageFailure(wrong, stream), errorCode.cancel, undefined, endStream);
        return;
      }
    }
    if (endStream) {
      if (stream.settled) ends.closeRemote(stream);
      else ends.finish(stream);
    } else if (!stream.paused && !stream.settled) {
      this.received.replenish(stream);
    }
  }

  /** A plain call becomes an ordinary stream: what comes is none of what a plain one knows. */
  private ordinary(id: number): Stream | undefined {
    const place = this.plain.find(id);
    return place >= 0 ? this.fast.promote(place) : this.calls.open.get(id);
  }
}
