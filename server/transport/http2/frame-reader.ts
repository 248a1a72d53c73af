import { defaultFrameBytes, errorCode, type Fault, fault, flag, frameHeadBytes, frameType } from './frames.ts';

/** Who gets the frames of streams. A returned fault ends the connection. Bytes are only valid during the call. */
export interface StreamSink {
  /** False once the connection has ended: the rest of what was read is dropped. */
  readonly reading: boolean;
  /** `flowBytes` counts padding too (RFC 9113, 6.9.1). */
  onData(
    id: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    flowBytes: number,
    endStream: boolean,
  ): Fault | undefined;
  /** A whole block: CONTINUATION is put together here. */
  onHeaders(id: number, bytes: Uint8Array, start: number, end: number, endStream: boolean): Fault | undefined;
  onRstStream(id: number, code: number): Fault | undefined;
  onStreamWindow(id: number, increment: number): Fault | undefined;
}

/** Who gets those of the connection, on the same terms. */
export interface ControlSink {
  onSettings(values: readonly (readonly [id: number, value: number])[]): Fault | undefined;
  onSettingsAck(): void;
  onPing(ack: boolean, bytes: Uint8Array, start: number): Fault | undefined;
  onGoaway(lastStreamId: number, code: number, debugData: string): void;
  onConnectionWindow(increment: number): Fault | undefined;
}

/** A block beyond this is no header block any more; the list itself is limited further by the decoder. */
const maxBlockBytes = 131_072;
/** Empty CONTINUATION frames cost the sender nothing. */
const maxContinuations = 64;
const debugBytes = 200;

/**
 * Bytes in, frames out, in whatever pieces they come. Checks what can be checked without knowing any stream: sizes, padding,
 * stream 0 or not, and that nothing stands between HEADERS and its CONTINUATIONs.
 */
export class FrameReader {
  private readonly streams: StreamSink;
  private readonly control: ControlSink;
  /** The beginning of a frame whose rest has not come. */
  private kept: Uint8Array | undefined;
  private keptBytes = 0;
  private begun = false;
  private block: { id: number; endStream: boolean; parts: Uint8Array[]; bytes: number } | undefined;

  constructor(streams: StreamSink, control: ControlSink) {
    this.streams = streams;
    this.control = control;
  }

  read(bytes: Uint8Array, length: number): Fault | undefined {
    let at = 0;
    if (this.keptBytes > 0) {
      const kept = this.kept as Uint8Array;
      at = this.keep(bytes, 0, Math.min(length, frameHeadBytes - this.keptBytes));
      if (this.keptBytes < frameHeadBytes) return undefined;
      const size = sizeAt(kept, 0);
      if (size > defaultFrameBytes) return tooLarge(size);
      at = this.keep(bytes, at, Math.min(length, at + frameHeadBytes + size - this.keptBytes));
      if (this.keptBytes < frameHeadBytes + size) return undefined;
      this.keptBytes = 0;
      const broken = this.frame(kept, 0, size);
      if (broken !== undefined) return broken;
    }
    while (this.streams.reading && length - at >= frameHeadBytes) {
      const size = sizeAt(bytes, at);
      if (size > defaultFrameBytes) return tooLarge(size);
      if (length - at < frameHeadBytes + size) break;
      const broken = this.frame(bytes, at, size);
      if (broken !== undefined) return broken;
      at += frameHeadBytes + size;
    }
    if (this.streams.reading && at < length) this.keep(bytes, at, length);
    return undefined;
  }

  private keep(bytes: Uint8Array, start: number, end: number): number {
    if (end <= start) return start;
    this.kept ??= new Uint8Array(frameHeadBytes + defaultFrameBytes);
    this.kept.set(bytes.subarray(start, end), this.keptBytes);
    this.keptBytes += end - start;
    return end;
  }

  private frame(bytes: Uint8Array, head: number, size: number): Fault | undefined {
    const type = bytes[head + 3] as number;
    const flags = bytes[head + 4] as number;
    const id = uint31(bytes, head + 5);
    const start = head + frameHeadBytes;
    if (!this.begun) {
      if (type !== frameType.settings || flags & flag.ack) return protocolError('the peer did not begin with SETTINGS');
      this.begun = true;
    }
    if (this.block !== undefined && (type !== frameType.continuation || id !== this.block.id)) {
      return protocolError('a frame between HEADERS and CONTINUATION');
    }
    switch (type) {
      case frameType.data:
        return this.data(bytes, start, size, flags, id);
      case frameType.headers:
        return this.headers(bytes, start, size, flags, id);
      case frameType.continuation:
        return this.continuation(bytes, start, size, flags);
      case frameType.settings:
        return this.settings(bytes, start, size, flags, id);
      case frameType.windowUpdate:
        if (size !== 4) return fault(errorCode.frameSizeError, 'WINDOW_UPDATE of a wrong size');
        if (id === 0) return this.control.onConnectionWindow(uint31(bytes, start));
        return this.streams.onStreamWindow(id, uint31(bytes, start));
      case frameType.rstStream:
        if (size !== 4) return fault(errorCode.frameSizeError, 'RST_STREAM of a wrong size');
        if (id === 0) return protocolError('RST_STREAM on stream 0');
        return this.streams.onRstStream(id, uint32(bytes, start));
      case frameType.ping:
        if (size !== 8) return fault(errorCode.frameSizeError, 'PING of a wrong size');
        if (id !== 0) return protocolError('PING on a stream');
        return this.control.onPing((flags & flag.ack) !== 0, bytes, start);
      case frameType.goaway:
        if (size < 8) return fault(errorCode.frameSizeError, 'GOAWAY of a wrong size');
        if (id !== 0) return protocolError('GOAWAY on a stream');
        this.control.onGoaway(
          uint31(bytes, start),
          uint32(bytes, start + 4),
          utf8(bytes, start + 8, start + Math.min(size, 8 + debugBytes)),
        );
        return undefined;
      case frameType.priority:
        if (id === 0) return protocolError('PRIORITY on stream 0');
        return size === 5 ? undefined : fault(errorCode.frameSizeError, 'PRIORITY of a wrong size');
      case frameType.pushPromise:
        return protocolError('PUSH_PROMISE, which we turned off');
      default:
        // RFC 9113, 5.5: unknown types are ignored.
        return undefined;
    }
  }

  private data(bytes: Uint8Array, start: number, size: number, flags: number, id: number): Fault | undefined {
    if (id === 0) return protocolError('DATA on stream 0');
    let from = start;
    let end = start + size;
    if (flags & flag.padded) {
      const padding = size === 0 ? 0 : (bytes[from++] as number);
      end -= padding;
      if (end < from) return protocolError('padding longer than DATA');
    }
    return this.streams.onData(id, bytes, from, end, size, (flags & flag.endStream) !== 0);
  }

  private headers(bytes: Uint8Array, start: number, size: number, flags: number, id: number): Fault | undefined {
    if (id === 0) return protocolError('HEADERS on stream 0');
    let from = start;
    let end = start + size;
    if (flags & flag.padded) end -= size === 0 ? 1 : (bytes[from++] as number);
    if (flags & flag.priority) from += 5;
    if (end < from) return protocolError('padding longer than HEADERS');
    const endStream = (flags & flag.endStream) !== 0;
    if (flags & flag.endHeaders) return this.streams.onHeaders(id, bytes, from, end, endStream);
    this.block = { id, endStream, parts: [copyOf(bytes, from, end)], bytes: end - from };
    return undefined;
  }

  private continuation(bytes: Uint8Array, start: number, size: number, flags: number): Fault | undefined {
    const { block } = this;
    if (block === undefined) return protocolError('CONTINUATION without HEADERS');
    block.parts.push(copyOf(bytes, start, start + size));
    block.bytes += size;
    if (block.bytes > maxBlockBytes || block.parts.length > maxContinuations) {
      return fault(errorCode.enhanceYourCalm, 'a header block without end');
    }
    if ((flags & flag.endHeaders) === 0) return undefined;
    this.block = undefined;
    return this.streams.onHeaders(block.id, Buffer.concat(block.parts), 0, block.bytes, block.endStream);
  }

  private settings(bytes: Uint8Array, start: number, size: number, flags: number, id: number): Fault | undefined {
    if (id !== 0) return protocolError('SETTINGS on a stream');
    if (flags & flag.ack) {
      if (size !== 0) return fault(errorCode.frameSizeError, 'an acknowledgement of SETTINGS with values');
      this.control.onSettingsAck();
      return undefined;
    }
    if (size % 6 !== 0) return fault(errorCode.frameSizeError, 'SETTINGS of a wrong size');
    const values: [number, number][] = [];
    for (let at = start; at < start + size; at += 6) {
      values.push([((bytes[at] as number) << 8) | (bytes[at + 1] as number), uint32(bytes, at + 2)]);
    }
    return this.control.onSettings(values);
  }
}

/** Not slice(): of a Buffer that is a view. */
function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end));
}

function tooLarge(size: number): Fault {
  return fault(errorCode.frameSizeError, `a frame of ${size} bytes`);
}

function protocolError(reason: string): Fault {
  return fault(errorCode.protocolError, reason);
}

function sizeAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
}

function uint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

/** Without the reserved first bit. */
function uint31(bytes: Uint8Array, at: number): number {
  return uint32(bytes, at) & 0x7fffffff;
}

function utf8(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}
